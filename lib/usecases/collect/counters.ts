/**
 * What a collector counts, by minute of the wall clock, for its lease's progress and its report.
 */
import {
  emptyMinute,
  latenessBucket,
  minuteOf,
  type MinuteCounts,
  type Progress,
} from "#domain/progress.ts";
import type { EpochMs } from "#domain/units.ts";
import type { CapacityMeter } from "#ports/meter.ts";

type Count = "captures" | "failed" | "missed" | "redone" | "late";

export interface Counters {
  /** Called once a tick: what is counted until the next call belongs to this minute. */
  turnTo(now: EpochMs): void;
  add(what: Count, by: number): void;
  /** One capture, as `add` for the two counts that every capture touches. */
  captured(isFailed: boolean): void;
  /** One capture on time, started this long after its instant. */
  lateness(ms: number): void;
  /** Milliseconds at work. */
  busy(ms: number): void;
  progress(
    now: EpochMs,
    state: { lagMs: number; backlogRounds: number; waiting: number },
  ): Progress;
  total(what: Count): number;
  units(): { readonly read: number; readonly write: number };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Minute = Mutable<Omit<MinuteCounts, "lateness">> & { lateness: number[] };

/** @param inherited progress of the lease's last owner, which goes on. */
export function counters(
  meter: CapacityMeter,
  inherited: Progress | undefined,
  now: EpochMs,
): Counters {
  let current = fresh(minuteOf(now));
  let previous = fresh(current.minute - 1);
  if (inherited !== undefined) {
    for (const minute of [inherited.previous, inherited.current]) {
      if (minute.minute === current.minute) current = copy(minute);
      if (minute.minute === previous.minute) previous = copy(minute);
    }
  }
  const totals: Record<Count, number> = { captures: 0, failed: 0, missed: 0, redone: 0, late: 0 };
  const unitsAtStart = unitsOf(meter);
  let unitsSeen = unitsAtStart;

  function countUnits(): void {
    const units = unitsOf(meter);
    current.readUnits += units.read - unitsSeen.read;
    current.writeUnits += units.write - unitsSeen.write;
    unitsSeen = units;
    current.throttled += meter.takeThrottled();
  }

  function turnTo(moment: EpochMs): void {
    const minute = minuteOf(moment);
    // A clock that jumped back goes on counting in the minute it had reached.
    if (minute <= current.minute) return;
    countUnits();
    previous = minute === current.minute + 1 ? current : fresh(minute - 1);
    current = fresh(minute);
  }

  return {
    turnTo,
    add: (what, by) => {
      current[what] += by;
      totals[what] += by;
    },
    captured: (isFailed) => {
      current.captures += 1;
      totals.captures += 1;
      if (!isFailed) return;
      current.failed += 1;
      totals.failed += 1;
    },
    lateness: (ms) => {
      const bucket = latenessBucket(ms);
      current.lateness[bucket] = (current.lateness[bucket] ?? 0) + 1;
    },
    busy: (ms) => {
      current.busyMs += ms;
    },
    progress: (moment, state) => {
      turnTo(moment);
      countUnits();
      return { at: moment, ...state, current: copy(current), previous: copy(previous) };
    },
    total: (what) => totals[what],
    units: () => {
      const units = unitsOf(meter);
      return { read: units.read - unitsAtStart.read, write: units.write - unitsAtStart.write };
    },
  };
}

function fresh(minute: number): Minute {
  return copy(emptyMinute(minute));
}

function copy(counts: MinuteCounts): Minute {
  return { ...counts, lateness: [...counts.lateness] };
}

function unitsOf(meter: CapacityMeter): { readonly read: number; readonly write: number } {
  let read = 0;
  let write = 0;
  for (const units of meter.totals().values()) {
    read += units.read;
    write += units.write;
  }
  return { read, write };
}
