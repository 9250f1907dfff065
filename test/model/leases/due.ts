/** What is due in the slots of a small world: each has something due at the same few ticks. */
import type { Schedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import type { EpochMs } from "#domain/units.ts";
import { isAfter } from "#domain/watermark.ts";
import { dueAt, SCHEDULES, type Bounds, type State } from "./state.ts";

export function scheduleOf(state: State, slot: Slot): Schedule | undefined {
  const key = SCHEDULES[slot];
  return key === undefined ? undefined : state[key];
}

/** The oldest thing that is not yet committed; undefined when all is. */
export function nextDue(bounds: Bounds, schedule: Schedule | undefined): EpochMs | undefined {
  if (schedule === undefined) return undefined;
  for (const tick of bounds.due) {
    if (isAfter(dueAt(tick), 0, schedule.watermark)) return dueAt(tick);
  }
  return undefined;
}

export function isDueNow(bounds: Bounds, state: State, slot: Slot, now: EpochMs): boolean {
  const next = nextDue(bounds, scheduleOf(state, slot));
  return next !== undefined && next <= now;
}
