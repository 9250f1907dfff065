/**
 * Definitions on their way to the store: checked, named by fingerprint, grouped by slot.
 *
 * In:    TargetDefinition, one at a time                 Out: a batch: slot -> what is wanted there
 * Holds: at most `limits.registrationBatch…` definitions and bytes at once, whatever is imported;
 *        of two definitions with one id in a batch the last is wanted, and the id is told.
 * Fails: never: a definition that can't be kept is refused by itself.
 */
import { InvalidInputError, type InputPlace } from "#domain/errors.ts";
import { fingerprint } from "#domain/fingerprint.ts";
import { targetHash } from "#domain/hash.ts";
import { limits } from "#domain/limits.ts";
import type { Policies } from "#domain/policy.ts";
import { slotCount, slotOf, type Slot } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";

export interface RegistrationSettings {
  readonly pool: string;
  readonly slotsLog2: number;
  /** What the policies mean now: a definition that names one gets its cadence from here. */
  readonly policies: Policies;
}

/** A definition that is to be the target of its id. */
export interface Wanted {
  readonly definition: TargetDefinition;
  readonly revision: string;
  readonly resultKey: number;
  /** As JSON, about what its record takes. */
  readonly bytes: number;
}

export interface Batch {
  readonly bySlot: ReadonlyMap<Slot, ReadonlyMap<string, Wanted>>;
  readonly size: number;
}

export type Added =
  | { readonly kind: "added" }
  | { readonly kind: "replaced" }
  | { readonly kind: "refused"; readonly place: InputPlace };

export interface BatchBuilder {
  add(definition: TargetDefinition): Added;
  isFull(): boolean;
  /** What was added since the last time. */
  take(): Batch;
}

export function batchBuilder(settings: RegistrationSettings): BatchBuilder {
  const targetsMax = batchTargetsMax(settings.slotsLog2);
  let bySlot = new Map<Slot, Map<string, Wanted>>();
  let size = 0;
  let bytes = 0;

  return {
    add(definition) {
      const placed = place(definition, settings);
      if (placed.kind === "refused") return placed;
      const inSlot = bySlot.get(placed.slot) ?? new Map<string, Wanted>();
      const replaced = inSlot.has(definition.id);
      inSlot.set(definition.id, placed.wanted);
      bySlot.set(placed.slot, inSlot);
      bytes += placed.wanted.bytes;
      if (!replaced) size += 1;
      return { kind: replaced ? "replaced" : "added" };
    },
    isFull: () => size >= targetsMax || bytes >= limits.registrationBatchBytesMax,
    take() {
      const batch = { bySlot, size };
      bySlot = new Map();
      size = 0;
      bytes = 0;
      return batch;
    },
  };
}

/** Sixteen a slot, so that a slot is read once for many: reading is what an import costs. */
function batchTargetsMax(slotsLog2: number): number {
  const wished = 16 * slotCount(slotsLog2);
  return Math.min(limits.registrationBatchMax, Math.max(limits.registrationBatchMin, wished));
}

type Placed =
  | { readonly kind: "placed"; readonly slot: Slot; readonly wanted: Wanted }
  | { readonly kind: "refused"; readonly place: InputPlace };

function place(given: TargetDefinition, settings: RegistrationSettings): Placed {
  try {
    const { hash32, resultKey } = targetHash(given.id);
    const definition =
      given.policy === undefined ? given : { ...given, cadence: settings.policies[given.policy] };
    const bytes = Buffer.byteLength(JSON.stringify(definition), "utf8");
    assertFits(given.id, bytes);
    const revision = fingerprint(definition, settings.pool);
    const slot = slotOf(hash32, settings.slotsLog2);
    return { kind: "placed", slot, wanted: { definition, revision, resultKey, bytes } };
  } catch (error) {
    if (error instanceof InvalidInputError) return { kind: "refused", place: error.place };
    throw error;
  }
}

function assertFits(id: string, bytes: number): void {
  if (bytes <= limits.targetRecordBytesMax) return;
  throw new InvalidInputError({
    where: `target ${id}`,
    found: `a definition of ${bytes} bytes`,
    expected: `at most ${limits.targetRecordBytesMax} bytes`,
  });
}
