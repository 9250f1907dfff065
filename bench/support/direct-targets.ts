/**
 * Registers many targets fast, where registration itself isn't measured: records, schedules and, if
 * wanted, requests as registration leaves them, but unpaced and without reading what is there.
 */
import { cadenceKey } from "#domain/cadence.ts";
import { fingerprint } from "#domain/fingerprint.ts";
import { targetHash } from "#domain/hash.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import type { Clock } from "#ports/clock.ts";
import type { Ids } from "#ports/ids.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { patiently } from "#usecases/register-targets/patiently.ts";

export interface DirectTargets {
  readonly pool: string;
  readonly slotsLog2: number;
  readonly count: number;
  /** The definition with this index, from 0 to count - 1: made again and again, never kept. */
  readonly definition: (index: number) => TargetDefinition;
  /** Whether first captures are asked for at once, as registration does. */
  readonly requested: boolean;
  readonly onProgress?: (done: number) => void;
}

interface Stores {
  readonly clock: Clock;
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly ids: Ids;
}

/** Each writes four batches at once. */
const SLOTS_AT_ONCE = 4;

export async function putDirectly(stores: Stores, targets: DirectTargets): Promise<void> {
  const bySlot = new Map<Slot, number[]>();
  for (let index = 0; index < targets.count; index += 1) {
    const { hash32 } = targetHash(targets.definition(index).id);
    const slot = slotOf(hash32, targets.slotsLog2);
    const known = bySlot.get(slot);
    if (known === undefined) bySlot.set(slot, [index]);
    else known.push(index);
  }
  let done = 0;
  await eachSlot(bySlot, async (slot, indexes) => {
    await putTargets(stores, targets, slot, indexes);
    done += indexes.length;
    targets.onProgress?.(done);
  });
  // Only now, so that nothing is due before the last target is there.
  await eachSlot(bySlot, (slot, indexes) => makeDue(stores, targets, slot, indexes));
}

type BySlot = ReadonlyMap<Slot, readonly number[]>;

async function eachSlot(
  bySlot: BySlot,
  work: (slot: Slot, indexes: readonly number[]) => Promise<void>,
): Promise<void> {
  const waiting = bySlot.entries();
  const worker = async (): Promise<void> => {
    for (const [slot, indexes] of waiting) await work(slot, indexes);
  };
  await Promise.all(Array.from({ length: SLOTS_AT_ONCE }, worker));
}

async function putTargets(
  { schedules, clock }: Stores,
  { pool, definition }: DirectTargets,
  slot: Slot,
  indexes: readonly number[],
): Promise<void> {
  const registeredAt = clock.now();
  const made = indexes.map((index) => {
    const one = definition(index);
    return { ...one, pool, revision: fingerprint(one, pool), registeredAt };
  });
  await patiently(clock, () => schedules.putTargets(pool, slot, made));
}

async function makeDue(
  { schedules, requests, ids, clock }: Stores,
  { pool, definition, requested }: DirectTargets,
  slot: Slot,
  indexes: readonly number[],
): Promise<void> {
  for (const cadence of new Set(indexes.map((index) => cadenceKey(definition(index).cadence)))) {
    const touch = { cadence, wasEmpty: true };
    await patiently(clock, () => schedules.touchSchedule(pool, slot, touch, clock.now()));
  }
  if (!requested) return;
  const keys = { kind: "keys", resultKeys: [] } as const;
  const request = { pool, slot, fresh: true, keys, stamp: ids.stamp() };
  await patiently(clock, () => requests.put(request));
}
