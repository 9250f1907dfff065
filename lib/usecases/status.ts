/**
 * What is up and what is down, since when: from the last results that schedules carry.
 *
 * In:    a pool, or one of its targets                  Out: TargetStatus, a slot at a time
 * Holds: memory is bounded by a few slots, however many targets there are; no sample is read.
 * Fails: DependencyError.
 */
import { limits } from "#domain/limits.ts";
import { targetHash } from "#domain/hash.ts";
import { slotsIn, wholeSpace } from "#domain/range.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { readAhead } from "./status/read-ahead.ts";
import { statusesIn, type TargetStatus } from "./status/target-status.ts";

export type { TargetState, TargetStatus } from "./status/target-status.ts";

export interface StatusSettings {
  readonly pool: string;
  readonly slotsLog2: number;
}

export interface SlotStatuses {
  readonly slot: Slot;
  readonly statuses: readonly TargetStatus[];
  /** Records that can't be read, named. */
  readonly broken: readonly string[];
}

/** All of a pool, in the order of slots; a reader may stop at any slot. */
export async function* listStatuses(
  schedules: ScheduleStore,
  settings: StatusSettings,
): AsyncGenerator<SlotStatuses, void, undefined> {
  const { pool, slotsLog2 } = settings;
  const slots = slotsIn(wholeSpace(), slotsLog2);
  const read = async (slot: Slot): Promise<SlotStatuses> => {
    const contents = await schedules.readSlot(pool, slot);
    return { slot, statuses: statusesIn(contents, slotsLog2), broken: contents.broken };
  };
  yield* readAhead(slots, limits.statusSlotsAhead, read);
}

/** @throws InvalidInputError for an id that can't be a target's name. */
export async function findStatus(
  schedules: ScheduleStore,
  settings: StatusSettings,
  id: string,
): Promise<TargetStatus | undefined> {
  const { pool, slotsLog2 } = settings;
  const slot = slotOf(targetHash(id).hash32, slotsLog2);
  const contents = await schedules.readSlot(pool, slot);
  return statusesIn(contents, slotsLog2).find(({ target }) => target.id === id);
}
