/**
 * Registers many targets fast, where registration itself isn't measured: records, schedules and, if
 * wanted, requests as registration leaves them, but unpaced and without reading what is there.
 */
import { cadenceKey } from "#domain/cadence.ts";
import { fingerprint } from "#domain/fingerprint.ts";
import { targetHash } from "#domain/hash.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Ids } from "#ports/ids.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";

export interface DirectTargets {
  readonly pool: string;
  readonly slotsLog2: number;
  readonly count: number;
  /** The definition with this index, from 0 to count - 1: made twice, never kept. */
  readonly definition: (index: number) => TargetDefinition;
  readonly now: EpochMs;
  /** Whether first captures are asked for at once, as registration does. */
  readonly requested: boolean;
  readonly onProgress?: (done: number) => void;
}

interface Stores {
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly ids: Ids;
}

const SLOTS_AT_ONCE = 8;

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
  const waiting = bySlot.entries();
  const worker = async (): Promise<void> => {
    for (const [slot, indexes] of waiting) {
      await putSlot(stores, targets, slot, indexes);
      done += indexes.length;
      targets.onProgress?.(done);
    }
  };
  await Promise.all(Array.from({ length: SLOTS_AT_ONCE }, worker));
}

async function putSlot(
  { schedules, requests, ids }: Stores,
  { pool, definition, now, requested }: DirectTargets,
  slot: Slot,
  indexes: readonly number[],
): Promise<void> {
  const definitions = indexes.map(definition);
  const made = definitions.map((one) => ({
    ...one,
    pool,
    revision: fingerprint(one, pool),
    registeredAt: now,
  }));
  await schedules.putTargets(pool, slot, made);
  for (const cadence of new Set(definitions.map((one) => cadenceKey(one.cadence)))) {
    await schedules.touchSchedule(pool, slot, { cadence, wasEmpty: true }, now);
  }
  if (!requested) return;
  const keys = { kind: "keys", resultKeys: [] } as const;
  await requests.put({ pool, slot, fresh: true, keys, stamp: ids.stamp() });
}
