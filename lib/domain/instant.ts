/**
 * Rounds and instants: which round of a cadence a slot has when, and each target's moment in it.
 *
 *     instant(target, n) = n·P + bitreverse_k(slot)·P / 2^k + offset·W / 2^(32-k)     floored once
 *     W = max(P / S, min(2 s, P / 4))
 *
 * A round starts where its offset is 0 and is named by that moment. A cron round starts at its
 * moment in every slot and spreads over `spreadMs` by offset.
 *
 * In:    cadence, slot, k                                 Out: Round, instants (whole ms)
 * Holds: next > now; a target's instants are one period apart, to the millisecond, for ever;
 *        rounds of one slot and cadence never overlap; who asks, and how often, changes nothing.
 * Source: DESIGN, section 2. Test vectors: test/domain/instants.vectors.json.
 */
import { nextCronMoment, shortestGapMs, type Cadence } from "./cadence.ts";
import { bitReverse, slotCount, slotWidth, type Slot } from "./slot.ts";
import { durationMs, epochMs, type DurationMs, type EpochMs } from "./units.ts";

/** One due window of one cadence in one slot. */
export interface Round {
  /** The moment its window begins, and its name. */
  readonly at: EpochMs;
  /** The last moment that one of its instants can have. */
  readonly endsAt: EpochMs;
}

const WINDOW_MIN_MS = 2_000;
const GUARD_MAX_MS = 1_000;

/** W: how long a round's instants are spread over. */
export function windowMs(cadence: Cadence, slotsLog2: number): DurationMs {
  switch (cadence.kind) {
    case "every":
      return durationMs(
        Math.max(cadence.periodMs / slotCount(slotsLog2), shortWindowMs(cadence.periodMs)),
      );
    case "cron":
      return cadence.spreadMs;
  }
}

/** The window's floor: what keeps a slot's rate bounded however many slots there are. */
function shortWindowMs(periodMs: number): number {
  return Math.min(WINDOW_MIN_MS, periodMs / 4);
}

/** What a capture may take at most, so that rounds never overlap: min(timeout, P - W - min(1 s, P / 10)). */
export function effectiveTimeoutMs(
  cadence: Cadence,
  slotsLog2: number,
  timeoutMs: number,
): DurationMs {
  const gap = shortestGapMs(cadence);
  // With one slot W may be the whole period; a capture still gets a tenth of it.
  const room = gap - windowMs(cadence, slotsLog2) - Math.min(GUARD_MAX_MS, gap / 10);
  return durationMs(Math.min(timeoutMs, Math.max(room, gap / 10)));
}

/** The instant of a target in a round, given its offset within the slot. */
// eslint-disable-next-line @typescript-eslint/max-params -- called for every capture, without making an object
export function instantIn(
  round: Round,
  cadence: Cadence,
  slot: Slot,
  slotsLog2: number,
  offset: number,
): EpochMs {
  return epochMs(round.at + instantShift(cadence, slot, slotsLog2, offset));
}

/** Whole milliseconds from a round's name to a target's instant in it: the same in every round. */
export function instantShift(
  cadence: Cadence,
  slot: Slot,
  slotsLog2: number,
  offset: number,
): DurationMs {
  switch (cadence.kind) {
    case "every": {
      const roundPhase = Math.floor(phaseMs(cadence.periodMs, slot, slotsLog2));
      return durationMs(targetPhaseMs(cadence.periodMs, slot, slotsLog2, offset) - roundPhase);
    }
    case "cron":
      return durationMs(Math.floor(spread(cadence, slotsLog2, offset)));
  }
}

/**
 * A target's instant within its period: whole milliseconds after n·P, may lie beyond P.
 *
 * Exact, because a moment plus a fraction doesn't fit into 53 bits: rounding would move a target by
 * a millisecond some year. Where W = P / S both terms are one, P·h / 2^32 with the slot's bits of h
 * reversed; it is computed in two halves whose products fit.
 */
function targetPhaseMs(periodMs: number, slot: Slot, slotsLog2: number, offset: number): number {
  const short = shortWindowMs(periodMs);
  if (short > periodMs / slotCount(slotsLog2)) {
    const phase = phaseMs(periodMs, slot, slotsLog2);
    return Math.floor(phase + (offset * short) / slotWidth(slotsLog2));
  }
  const reversed = bitReverse(slot, slotsLog2) * slotWidth(slotsLog2) + offset;
  const high = Math.floor(reversed / 65_536);
  const low = reversed % 65_536;
  return Math.floor((periodMs * high + Math.floor((periodMs * low) / 65_536)) / 65_536);
}

/** How long after an exact (unfloored) round start a target with this offset is due, to a microsecond. */
export function spread(cadence: Cadence, slotsLog2: number, offset: number): number {
  return (offset * windowMs(cadence, slotsLog2)) / slotWidth(slotsLog2);
}

/** The unfloored start of the round that is named `round.at`, to a microsecond. */
export function exactStart(round: Round, cadence: Cadence, slot: Slot, slotsLog2: number): number {
  if (cadence.kind === "cron") return round.at;
  const phase = phaseMs(cadence.periodMs, slot, slotsLog2);
  return Math.round((round.at - Math.floor(phase)) / cadence.periodMs) * cadence.periodMs + phase;
}

/** First round whose name is after `moment`; undefined for a cron expression that never comes again. */
export function nextRound(
  cadence: Cadence,
  slot: Slot,
  slotsLog2: number,
  moment: EpochMs,
): Round | undefined {
  switch (cadence.kind) {
    case "every": {
      const { periodMs } = cadence;
      const phase = phaseMs(periodMs, slot, slotsLog2);
      const number = Math.floor((moment - Math.floor(phase)) / periodMs) + 1;
      return everyRound(number * periodMs, phase, windowMs(cadence, slotsLog2));
    }
    case "cron": {
      const at = nextCronMoment(cadence, moment);
      return at === undefined ? undefined : cronRound(at, cadence.spreadMs);
    }
  }
}

/**
 * First round that may still have instants after `moment`: the one whose window `moment` is in,
 * or the next.
 */
export function roundFrom(
  cadence: Cadence,
  slot: Slot,
  slotsLog2: number,
  moment: EpochMs,
): Round | undefined {
  const span = windowMs(cadence, slotsLog2);
  return nextRound(cadence, slot, slotsLog2, epochMs(Math.ceil(moment - span) - 2));
}

/** Floors what is small before adding what is large: see `targetPhaseMs`. */
function everyRound(cycleStart: number, phase: number, window: number): Round {
  return {
    at: epochMs(cycleStart + Math.floor(phase)),
    // Offsets end just below the window's end: its last whole millisecond is before it.
    endsAt: epochMs(cycleStart + Math.max(Math.floor(phase), Math.ceil(phase + window) - 1)),
  };
}

function cronRound(at: EpochMs, spreadMs: number): Round {
  return { at, endsAt: epochMs(at + Math.max(0, spreadMs - 1)) };
}

function phaseMs(periodMs: number, slot: Slot, slotsLog2: number): number {
  return (bitReverse(slot, slotsLog2) * periodMs) / slotCount(slotsLog2);
}
