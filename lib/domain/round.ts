/**
 * Which rounds are due: from a position (how far captures have been taken up) and now.
 *
 * Only the latest round that has begun is captured; those before it are coalesced into one missed
 * record. A round in which the position lies is taken up from there.
 *
 * In:    cadence, slot, k, position, now                   Out: passed, current, nextAt
 * Holds: passed and current together are all that is due after the position and begun by now,
 *        each instant once; asking more or less often changes lateness only.
 * Source: DESIGN, section 2, "Late work".
 */
import type { Cadence } from "./cadence.ts";
import { instantShift, nextRound, roundFrom, type Round } from "./instant.ts";
import type { Slot } from "./slot.ts";
import { after, type EpochMs } from "./units.ts";
import { isAfter, OFFSET_ALL, upTo, type Watermark } from "./watermark.ts";

export interface PassedRounds {
  readonly from: Watermark;
  /** Everything due before the current round. */
  readonly to: Watermark;
  readonly first: Round;
  readonly rounds: number;
}

export interface DueRounds {
  readonly passed?: PassedRounds;
  readonly current?: Round;
  /** When the round after `current` begins; undefined for a cron expression that never comes again. */
  readonly nextAt?: EpochMs;
}

export interface ScheduleKey {
  readonly cadence: Cadence;
  readonly slot: Slot;
  readonly slotsLog2: number;
}

// Half a year of minutes: a cron schedule that was left alone for longer is caught up in steps.
const CRON_ROUNDS_MAX = 262_144;

export function dueRounds(key: ScheduleKey, position: Watermark, now: EpochMs): DueRounds {
  const first = firstOpen(key, position);
  if (first === undefined) return {};
  if (first.at > now) return { nextAt: first.at };
  const { last, rounds, next } = lastBegun(key, first, now);
  const current: DueRounds = { current: last, ...(next !== undefined && { nextAt: next.at }) };
  if (last.at === first.at) return current;
  return { ...current, passed: { from: position, to: upTo(last.at), first, rounds: rounds - 1 } };
}

/** First round that may have instants after the position. */
export function firstOpen(key: ScheduleKey, position: Watermark): Round | undefined {
  const { cadence, slot, slotsLog2 } = key;
  let round = roundFrom(cadence, slot, slotsLog2, position.at);
  // At most two rounds lie between the earliest that could reach the position and the position.
  for (let step = 0; step < 3 && round !== undefined && isOver(round, position); step += 1) {
    round = nextRound(cadence, slot, slotsLog2, round.at);
  }
  return round;
}

function isOver(round: Round, position: Watermark): boolean {
  return (
    round.endsAt < position.at || (round.endsAt === position.at && position.offset === OFFSET_ALL)
  );
}

function lastBegun(
  key: ScheduleKey,
  first: Round,
  now: EpochMs,
): { last: Round; rounds: number; next: Round | undefined } {
  const { cadence, slot, slotsLog2 } = key;
  let last = first;
  let rounds = 1;
  if (cadence.kind === "every") {
    const skipped = Math.max(0, Math.floor((now - first.at) / cadence.periodMs) - 1);
    if (skipped > 0) {
      const at = after(first.at, skipped * cadence.periodMs - 1);
      last = nextRound(cadence, slot, slotsLog2, at) ?? first;
      rounds += skipped;
    }
  }
  let next = nextRound(cadence, slot, slotsLog2, last.at);
  for (let step = 0; step < CRON_ROUNDS_MAX && next !== undefined && next.at <= now; step += 1) {
    last = next;
    rounds += 1;
    next = nextRound(cadence, slot, slotsLog2, last.at);
  }
  return { last, rounds, next };
}

/** A target as far as counting its instants goes. */
export interface DueTarget {
  readonly offset: number;
  readonly registeredAt: EpochMs;
}

/** How many captures of these targets were due in rounds that passed: instants before registration don't count. */
export function countPassed(
  key: ScheduleKey,
  passed: PassedRounds,
  targets: readonly DueTarget[],
): number {
  const { cadence, slot, slotsLog2 } = key;
  let total = 0;
  for (const target of targets) {
    const instant = after(passed.first.at, instantShift(cadence, slot, slotsLog2, target.offset));
    let due = passed.rounds;
    let earliest = instant;
    if (!isAfter(instant, target.offset, passed.from)) {
      due -= 1;
      earliest = after(instant, 1);
    }
    if (target.registeredAt > earliest) due = countSince(key, passed, target, instant);
    total += Math.max(0, due);
  }
  return total;
}

function countSince(
  key: ScheduleKey,
  passed: PassedRounds,
  target: DueTarget,
  firstInstant: EpochMs,
): number {
  const { cadence, slot, slotsLog2 } = key;
  if (cadence.kind === "every") {
    const before = Math.ceil((target.registeredAt - firstInstant) / cadence.periodMs);
    return passed.rounds - Math.max(0, before);
  }
  const shift = firstInstant - passed.first.at;
  let count = 0;
  let round: Round | undefined = passed.first;
  for (let step = 0; step < passed.rounds && round !== undefined; step += 1) {
    if (round.at + shift >= target.registeredAt) count += 1;
    round = nextRound(cadence, slot, slotsLog2, round.at);
  }
  return count;
}
