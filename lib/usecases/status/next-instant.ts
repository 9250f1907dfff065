/**
 * When a target is captured next.
 *
 * In:    target, k, now                                  Out: its first instant after now, or none
 * Fails: never (pure).
 */
import { targetHash } from "#domain/hash.ts";
import { instantIn, nextRound, roundFrom } from "#domain/instant.ts";
import { offsetInSlot, slotOf } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import type { EpochMs } from "#domain/units.ts";

/** The round that `now` is in, the one after it, and one for the rounding at their bounds. */
const ROUNDS_MAX = 3;

/** undefined for a cron expression that never comes again. */
export function nextInstant(target: Target, slotsLog2: number, now: EpochMs): EpochMs | undefined {
  const { hash32 } = targetHash(target.id);
  const slot = slotOf(hash32, slotsLog2);
  const offset = offsetInSlot(hash32, slotsLog2);
  let round = roundFrom(target.cadence, slot, slotsLog2, now);
  for (let tries = 0; round !== undefined && tries < ROUNDS_MAX; tries += 1) {
    const instant = instantIn(round, target.cadence, slot, slotsLog2, offset);
    if (instant > now) return instant;
    round = nextRound(target.cadence, slot, slotsLog2, round.at);
  }
  return undefined;
}
