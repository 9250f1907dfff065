/**
 * The deaths of a lease's owners: what tells a range that kills from one that was unlucky.
 *
 * An owner died when its time ran out and another took the lease, or a move took it away, although
 * it had not let go. The moment is when its time ran out. An owner that was silent for a while and
 * renewed after all did not die.
 *
 * In:    moments, now, for how long they count             Out: moments, oldest first
 * Holds: pure; at most `limits.deathsKeptMax` of them, so that a lease's record stays small.
 */
import { limits } from "./limits.ts";
import type { EpochMs } from "./units.ts";

/** Those that still count. */
export function recentDeaths(
  deaths: readonly EpochMs[] | undefined,
  now: EpochMs,
  withinMs: number,
): readonly EpochMs[] {
  return (deaths ?? []).filter((at) => now - at < withinMs);
}

/** With one more: the newest are kept. */
export function withDeath(
  deaths: readonly EpochMs[] | undefined,
  at: EpochMs,
  { now, withinMs }: { readonly now: EpochMs; readonly withinMs: number },
): readonly EpochMs[] {
  const known = recentDeaths([...(deaths ?? []), at], now, withinMs);
  return known.toSorted((a, b) => a - b).slice(-limits.deathsKeptMax);
}
