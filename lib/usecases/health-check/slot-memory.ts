/**
 * What slots looked like when they were last looked at, as long as the function's environment lives:
 * a watermark that goes back can only be seen by who saw it before, and a schedule that lost its
 * targets looks the further behind the longer that is ago.
 *
 * Holds: at most `slotsMax` slots, and as many schedules without targets; what was seen longest ago
 *        goes first. A schedule without targets is one until its revision changes: registering
 *        writes the target first, then raises the revision.
 */
import type { SlotLook } from "#domain/audit.ts";
import type { Schedule } from "#domain/schedule.ts";

export type ScheduleSeen = Pick<Schedule, "pool" | "slot" | "cadence" | "revision">;

export interface SlotMemory {
  /** What was seen of it the last time; remembers what is seen now. */
  swap(pool: string, look: SlotLook): SlotLook | undefined;
  /** It was read with its slot's targets, and none of them has its cadence. */
  noteEmpty(schedule: ScheduleSeen): void;
  /** Whether that is known, and nothing has changed since. */
  isEmpty(schedule: ScheduleSeen): boolean;
}

const SLOTS_MAX = 65_536;

export function slotMemory(slotsMax: number = SLOTS_MAX): SlotMemory {
  const looks = new Map<string, SlotLook>();
  const empties = new Map<string, number>();
  return {
    swap(pool, look) {
      const key = `${pool}#${look.slot}`;
      const before = looks.get(key);
      keep(looks, { key, value: look, max: slotsMax });
      return before;
    },
    noteEmpty(schedule) {
      keep(empties, { key: scheduleKey(schedule), value: schedule.revision, max: slotsMax });
    },
    isEmpty: (schedule) => empties.get(scheduleKey(schedule)) === schedule.revision,
  };
}

/** As the newest; the oldest goes when there are too many. */
function keep<V>(
  map: Map<string, V>,
  { key, value, max }: { key: string; value: V; max: number },
): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    break;
  }
}

function scheduleKey({ pool, slot, cadence }: ScheduleSeen): string {
  return `${pool}#${slot}#${cadence}`;
}
