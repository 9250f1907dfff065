/**
 * The slots of this minute: all of them in turn, by the wall clock alone, so that nothing has to be
 * remembered between runs.
 */
import { slotCount, type Slot } from "#domain/slot.ts";
import { minuteOf } from "#domain/progress.ts";
import type { EpochMs } from "#domain/units.ts";

export function slotsOfMinute(slotsLog2: number, now: EpochMs, rotationMinutes: number): Slot[] {
  const turn = minuteOf(now) % rotationMinutes;
  const slots: Slot[] = [];
  for (let slot = turn; slot < slotCount(slotsLog2); slot += rotationMinutes)
    slots.push(slot as Slot);
  return slots;
}
