/**
 * Whether the fleet keeps up, from how busy its collectors' threads were.
 *
 * A collector is one thread: one that is at work for more than FULL_SHARE of a minute starts captures
 * late, since what comes due waits behind what is being done.
 *
 * - needed: collectors that the measured busy time would fill to FULL_SHARE each.
 * - overloaded: more are needed than are wanted (the number wanted is the fleet's limit: nothing
 *   raises it by itself), or the lag grew since the run before while some thread was full.
 *
 * In:    busy time by lease, desired, lag now and before   Out: yes or no, with what led to it
 * Holds: pure; a lag alone is no overload, however large: then something else is wrong, and the
 *        lag's own alarm says so. More load never turns an overload into none.
 */
import { type Lease } from "./lease.ts";
import { limits } from "./limits.ts";
import { lastWholeMinute } from "./progress.ts";
import type { EpochMs } from "./units.ts";

const MINUTE_MS = 60_000;

/** Of a minute; beyond it a thread is full. */
export const FULL_SHARE = 0.8;
/** Rounds are committed every ten seconds and chunks take their time: a lag within that is none. */
export const LAG_USUAL_MS = limits.commitEveryMs + limits.commitTimeMs + limits.untilSlackMs;
/** How much it must have grown: less is the saw-tooth of commits. */
export const LAG_GROWTH_MIN_MS = 5_000;
/** A lag that was seen longer ago says nothing about now. */
export const LAG_BEFORE_AGE_MAX_MS = 3 * MINUTE_MS;

export interface LagSeen {
  readonly at: EpochMs;
  readonly lagMs: number;
}

export interface LoadOfMinute {
  /** Of the last whole minute, by lease. */
  readonly busyMs: readonly number[];
  readonly desired: number;
  readonly lag: LagSeen;
  /** As the run before saw it. */
  readonly before: LagSeen | undefined;
}

export interface Overload {
  readonly isOverloaded: boolean;
  /** Collectors that this load needs. */
  readonly needed: number;
  /** Share of the minute that the busiest thread was at work, from 0 to 1. */
  readonly busiest: number;
}

/** What each lease's owners were busy for in the last whole minute. */
export function busyOfMinute(leases: readonly Lease[], now: EpochMs): number[] {
  return leases.map(({ progress }) => lastWholeMinute(progress, now).busyMs);
}

export function overload({ busyMs, desired, lag, before }: LoadOfMinute): Overload {
  const totalMs = busyMs.reduce((sum, each) => sum + each, 0);
  const needed = Math.ceil(totalMs / (MINUTE_MS * FULL_SHARE));
  // Two owners in one minute, around a hand-over, may add up to more than a minute.
  const busiest = Math.min(1, Math.max(0, ...busyMs) / MINUTE_MS);
  const isBehind = busiest >= FULL_SHARE && hasGrown(lag, before);
  return { isOverloaded: needed > desired || isBehind, needed, busiest };
}

function hasGrown(lag: LagSeen, before: LagSeen | undefined): boolean {
  if (before === undefined || lag.lagMs <= LAG_USUAL_MS) return false;
  const ageMs = lag.at - before.at;
  if (ageMs <= 0 || ageMs > LAG_BEFORE_AGE_MAX_MS) return false;
  return lag.lagMs - before.lagMs >= LAG_GROWTH_MIN_MS;
}
