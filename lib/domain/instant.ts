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
 * Source: DESIGN, section 2. Test vectors: test/domain/instant.vectors.json.
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
      return durationMs(Math.max(cadence.periodMs / slotCount(slotsLog2), Math.min(WINDOW_MIN_MS, cadence.periodMs / 4)));
    case "cron":
      return cadence.spreadMs;
  }
}

/** What a capture may take at most, so that rounds never overlap: min(timeout, P - W - min(1 s, P / 10)). */
export function effectiveTimeoutMs(cadence: Cadence, slotsLog2: number, timeoutMs: number): DurationMs {
  const gap = shortestGapMs(cadence);
  // With one slot W may be the whole period; a capture still gets a tenth of it.
  const room = gap - windowMs(cadence, slotsLog2) - Math.min(GUARD_MAX_MS, gap / 10);
  return durationMs(Math.min(timeoutMs, Math.max(room, gap / 10)));
}

/** The instant of a target in a round, given its offset within the slot. */
export function instantIn(round: Round, cadence: Cadence, slot: Slot, slotsLog2: number, offset: number): EpochMs {
  switch (cadence.kind) {
    case "every": {
      const phase = phaseMs(cadence.periodMs, slot, slotsLog2);
      const number = Math.round((round.at - Math.floor(phase)) / cadence.periodMs);
      return epochMs(Math.floor(number * cadence.periodMs + phase + spread(cadence, slotsLog2, offset)));
    }
    case "cron":
      return epochMs(Math.floor(round.at + spread(cadence, slotsLog2, offset)));
  }
}

/** How long after an exact (unfloored) round start a target with this offset is due. */
export function spread(cadence: Cadence, slotsLog2: number, offset: number): number {
  return (offset * windowMs(cadence, slotsLog2)) / slotWidth(slotsLog2);
}

/** The exact, unfloored start of the round that is named `round.at`. */
export function exactStart(round: Round, cadence: Cadence, slot: Slot, slotsLog2: number): number {
  if (cadence.kind === "cron") return round.at;
  const phase = phaseMs(cadence.periodMs, slot, slotsLog2);
  return Math.round((round.at - Math.floor(phase)) / cadence.periodMs) * cadence.periodMs + phase;
}

/** First round whose name is after `moment`; undefined for a cron expression that never comes again. */
export function nextRound(cadence: Cadence, slot: Slot, slotsLog2: number, moment: EpochMs): Round | undefined {
  switch (cadence.kind) {
    case "every": {
      const phase = phaseMs(cadence.periodMs, slot, slotsLog2);
      let number = Math.floor((moment - phase) / cadence.periodMs);
      while (Math.floor(number * cadence.periodMs + phase) <= moment) number += 1;
      return everyRound(cadence.periodMs, phase, number, windowMs(cadence, slotsLog2));
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
export function roundFrom(cadence: Cadence, slot: Slot, slotsLog2: number, moment: EpochMs): Round | undefined {
  const span = windowMs(cadence, slotsLog2);
  return nextRound(cadence, slot, slotsLog2, epochMs(Math.ceil(moment - span) - 2));
}

function everyRound(periodMs: number, phase: number, number: number, window: number): Round {
  const start = number * periodMs + phase;
  return { at: epochMs(Math.floor(start)), endsAt: epochMs(Math.floor(start + window)) };
}

function cronRound(at: EpochMs, spreadMs: number): Round {
  return { at, endsAt: epochMs(at + spreadMs) };
}

function phaseMs(periodMs: number, slot: Slot, slotsLog2: number): number {
  return (bitReverse(slot, slotsLog2) * periodMs) / slotCount(slotsLog2);
}
