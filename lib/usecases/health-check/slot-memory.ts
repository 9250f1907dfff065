/**
 * What a slot looked like when it was last audited, as long as the function's environment lives: a
 * watermark that goes back can only be seen by who saw it before.
 *
 * Holds: at most `slotsMax` slots; the one that was seen longest ago goes first.
 */
import type { SlotLook } from "#domain/audit.ts";
import type { Slot } from "#domain/slot.ts";

export interface SlotMemory {
  /** What was seen of it the last time; remembers what is seen now. */
  swap(pool: string, look: SlotLook): SlotLook | undefined;
}

const SLOTS_MAX = 65_536;

export function slotMemory(slotsMax: number = SLOTS_MAX): SlotMemory {
  const looks = new Map<string, SlotLook>();
  return {
    swap(pool, look) {
      const key = keyOf(pool, look.slot);
      const before = looks.get(key);
      looks.delete(key);
      looks.set(key, look);
      if (looks.size > slotsMax) {
        for (const oldest of looks.keys()) {
          looks.delete(oldest);
          break;
        }
      }
      return before;
    },
  };
}

function keyOf(pool: string, slot: Slot): string {
  return `${pool}#${slot}`;
}
