/**
 * How far behind a pool is: every number of that kind is computed here and nowhere else.
 *
 * - lag: now minus the oldest instant that is due and not committed; 0 when none. With the targets
 *   at hand it is exact; from a watermark alone it is an upper bound, by less than a round's window.
 * - start lateness: a capture's start minus its target's own instant. It is counted in buckets by
 *   whoever captures; a percentile is the upper bound of its bucket.
 * - backlog: rounds that have begun and are not wholly committed.
 * - missed: due captures that were recorded as not taken, counted by whoever records them.
 * - redone: captures that a dead owner may have made already: due before its last heartbeat and not
 *   committed. Counted by whoever makes them again: an upper bound, as its own were never committed.
 * - orphaned: slots that nobody captures while something in them is due, or that are quarantined.
 *
 * In:    schedules, targets, leases, now                   Out: milliseconds and counts
 * Holds: pure; a slot and cadence without targets has no due rounds and no lag.
 * Source: DESIGN, section 1.
 */
import { exactStart, nextRound, spread } from "./instant.ts";
import { isHeld, type Lease } from "./lease.ts";
import {
  emptyMinute,
  lastWholeMinute,
  LATENESS_BOUNDS_MS,
  minuteOf,
  type MinuteCounts,
} from "./progress.ts";
import { slotsIn } from "./range.ts";
import { dueRounds, firstOpen, type DueTarget, type ScheduleKey } from "./round.ts";
import { earliest, latestOf, type DurationMs, type EpochMs } from "./units.ts";
import { isAfter, type Watermark } from "./watermark.ts";

/** 0 when nothing is due. */
export function lagMs(oldestDueAt: EpochMs | undefined, now: EpochMs): DurationMs {
  return Math.max(0, oldestDueAt === undefined ? 0 : now - oldestDueAt) as DurationMs;
}

/** Negative when the capture came early, which is a bug. */
export function startLatenessMs(startedAt: EpochMs, instant: EpochMs): DurationMs {
  return (startedAt - instant) as DurationMs;
}

/** Oldest instant of these targets that is due by now and not committed. */
export function oldestDueAt(
  key: ScheduleKey,
  watermark: Watermark,
  targets: readonly DueTarget[],
  now: EpochMs,
): EpochMs | undefined {
  return targets.reduce<EpochMs | undefined>((oldest, target) => {
    const due = firstDueAt(key, watermark, target, now);
    if (due === undefined) return oldest;
    return oldest === undefined ? due : earliest(oldest, due);
  }, undefined);
}

// A target registered long after the watermark: its rounds until then don't count for it.
const ROUNDS_TRIED_MAX = 10_000;

function firstDueAt(
  key: ScheduleKey,
  watermark: Watermark,
  target: DueTarget,
  now: EpochMs,
): EpochMs | undefined {
  const { cadence, slot, slotsLog2 } = key;
  let round = firstOpen(key, watermark);
  for (
    let tried = 0;
    tried < ROUNDS_TRIED_MAX && round !== undefined && round.at <= now;
    tried += 1
  ) {
    const start = exactStart(round, cadence, slot, slotsLog2);
    const instant = Math.floor(start + spread(cadence, slotsLog2, target.offset)) as EpochMs;
    if (instant > now) return undefined;
    if (instant >= target.registeredAt && isAfter(instant, target.offset, watermark))
      return instant;
    round = nextRound(cadence, slot, slotsLog2, round.at);
  }
  return undefined;
}

/**
 * The same without the targets: no instant that is due and not committed is older than this.
 * Only for schedules that have targets.
 */
export function oldestDueBound(
  key: ScheduleKey,
  watermark: Watermark,
  now: EpochMs,
): EpochMs | undefined {
  const round = firstOpen(key, watermark);
  if (round === undefined || round.at > now) return undefined;
  const bound = latestOf(round.at, watermark.at);
  return bound > now ? undefined : bound;
}

/** Rounds that have begun by now and are not wholly committed. */
export function backlogRounds(key: ScheduleKey, watermark: Watermark, now: EpochMs): number {
  const { passed, current } = dueRounds(key, watermark, now);
  return (passed?.rounds ?? 0) + (current === undefined ? 0 : 1);
}

/** What a lease tells of its own lag: its owner's word, or how long nobody has been there. */
export function leaseLagMs(lease: Lease, now: EpochMs, skewMaxMs: number): DurationMs {
  const { holder, progress, ranges, nextDueAt } = lease;
  if (ranges.length === 0) return lagMs(undefined, now);
  if (holder === undefined) return lagMs(nextDueAt, now);
  if (isHeld(lease, now, skewMaxMs)) return (progress?.lagMs ?? 0) as DurationMs;
  // Since the owner's last word, everything that has come due is open.
  const lastWordAt = progress === undefined ? holder.expiresAt : progress.at;
  return lagMs((lastWordAt - (progress?.lagMs ?? 0)) as EpochMs, now);
}

/** Whether something is due in a lease that nobody captures. */
export function isOrphaned(lease: Lease, now: EpochMs, skewMaxMs: number): boolean {
  if (lease.ranges.length === 0 || isHeld(lease, now, skewMaxMs)) return false;
  if (lease.quarantine !== undefined) return true;
  return lease.holder !== undefined || lease.nextDueAt <= now;
}

export function orphanedSlots(
  leases: readonly Lease[],
  slotsLog2: number,
  now: EpochMs,
  skewMaxMs: number,
): number {
  return leases
    .filter((lease) => isOrphaned(lease, now, skewMaxMs))
    .reduce((sum, { ranges }) => sum + slotsIn(ranges, slotsLog2).length, 0);
}

/** Rounds that owners know to be open, and at least one for each orphaned slot. */
export function fleetBacklog(
  leases: readonly Lease[],
  slotsLog2: number,
  now: EpochMs,
  skewMaxMs: number,
): number {
  const known = leases
    .filter((lease) => isHeld(lease, now, skewMaxMs))
    .reduce((sum, { progress }) => sum + (progress?.backlogRounds ?? 0), 0);
  return known + orphanedSlots(leases, slotsLog2, now, skewMaxMs);
}

/** What all leases together counted in the last whole minute. */
export function lastMinute(leases: readonly Lease[], now: EpochMs): MinuteCounts {
  return leases
    .map(({ progress }) => lastWholeMinute(progress, now))
    .reduce(addMinutes, emptyMinute(minuteOf(now) - 1));
}

function addMinutes(a: MinuteCounts, b: MinuteCounts): MinuteCounts {
  return {
    minute: a.minute,
    captures: a.captures + b.captures,
    failed: a.failed + b.failed,
    missed: a.missed + b.missed,
    redone: a.redone + b.redone,
    late: a.late + b.late,
    readUnits: a.readUnits + b.readUnits,
    writeUnits: a.writeUnits + b.writeUnits,
    busyMs: a.busyMs + b.busyMs,
    throttled: a.throttled + b.throttled,
    lateness: a.lateness.map((count, bucket) => count + (b.lateness[bucket] ?? 0)),
  };
}

/** Upper bound of the bucket that this share of the captures reaches; 0 when there were none. */
export function latenessPercentileMs(lateness: readonly number[], share: number): DurationMs {
  const total = lateness.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0 as DurationMs;
  let seen = 0;
  const bucket = lateness.findIndex((count) => {
    seen += count;
    return seen >= total * share;
  });
  // The last bucket has no bound: what is known is that it lies beyond the last one.
  return (LATENESS_BOUNDS_MS[bucket] ?? LATENESS_BOUNDS_MS.at(-1) ?? 0) as DurationMs;
}

/**
 * The buckets as a distribution: upper bounds, ascending, with how many captures lie in each. What
 * lies beyond the last bound counts as the last bound. Without captures it is one of 0: an alarm on
 * it would otherwise stay as it was.
 */
export function latenessDistribution(lateness: readonly number[]): {
  readonly values: readonly number[];
  readonly counts: readonly number[];
} {
  const last = LATENESS_BOUNDS_MS.length - 1;
  const filled = LATENESS_BOUNDS_MS.flatMap((bound, bucket) => {
    const beyond = bucket === last ? (lateness[bucket + 1] ?? 0) : 0;
    const count = (lateness[bucket] ?? 0) + beyond;
    return count > 0 ? [{ bound, count }] : [];
  });
  if (filled.length === 0) return { values: [0], counts: [1] };
  return { values: filled.map(({ bound }) => bound), counts: filled.map(({ count }) => count) };
}
