/**
 * The rounds of one target that a missed record of its slot speaks of.
 *
 * In:    MissedRecord, the target's place, a span of time Out: rounds with the target's instants in them
 * Holds: a round is named if its instant is in (from, to] and in [since, until); at most
 *        `limits.samplesMax`, the newest; a cadence that can't be read has none.
 * Fails: never (pure).
 */
import { parseCadenceKey, shortestGapMs, type Cadence, type CadenceKey } from "./cadence.ts";
import { InvalidInputError } from "./errors.ts";
import { instantIn, nextRound, roundFrom, type Round } from "./instant.ts";
import { limits } from "./limits.ts";
import type { MissedRecord } from "./sample.ts";
import type { Slot } from "./slot.ts";
import { epochMs, type EpochMs } from "./units.ts";
import { isAfter } from "./watermark.ts";

export interface TargetPlace {
  readonly slot: Slot;
  readonly slotsLog2: number;
  /** Within the slot. */
  readonly offset: number;
}

export interface MissedRound {
  readonly round: EpochMs;
  readonly dueAt: EpochMs;
}

export interface MissedRounds {
  /** Ascending. */
  readonly rounds: readonly MissedRound[];
  /** Whether there are older ones. */
  readonly truncated: boolean;
}

export function missedRounds(
  missed: MissedRecord,
  place: TargetPlace,
  since: EpochMs,
  until: EpochMs,
): MissedRounds {
  const cadence = cadenceOf(missed.cadence);
  if (cadence === undefined) return { rounds: [], truncated: false };
  const { slot, slotsLog2, offset } = place;
  const from = Math.max(missed.from.at, since);
  const to = Math.min(missed.to.at, until);
  const earliest = to - limits.samplesMax * shortestGapMs(cadence);
  const rounds: MissedRound[] = [];
  let round: Round | undefined = roundFrom(
    cadence,
    slot,
    slotsLog2,
    epochMs(Math.max(from, earliest)),
  );
  // One more at each end: the first may be over, and `earliest` may lie in a window.
  for (let count = 0; count < limits.samplesMax + 2; count += 1) {
    if (round === undefined || round.at > to) break;
    const dueAt = instantIn(round, cadence, slot, slotsLog2, offset);
    const isMissed = isAfter(dueAt, offset, missed.from) && !isAfter(dueAt, offset, missed.to);
    if (isMissed && dueAt >= since && dueAt < until) rounds.push({ round: round.at, dueAt });
    round = nextRound(cadence, slot, slotsLog2, round.at);
  }
  return { rounds, truncated: earliest > from };
}

function cadenceOf(key: CadenceKey): Cadence | undefined {
  try {
    return parseCadenceKey(key);
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
