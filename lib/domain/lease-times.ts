/**
 * When an owner lets go, from its invocation's deadline: shared by the owner, who releases then,
 * and by the rebalancer, who starts a successor before. A taker reads the schedules of its slots before
 * it starts anything: where these are thousands, owners let go and successors are started so much
 * earlier, and cuts lie so much further ahead.
 *
 * Holds: between releaseAt and the deadline there is room for everything the giver keeps: what is
 *        due before the cut, the longest time-out, the commit, and slack.
 */
import type { Lease } from "./lease.ts";
import { limits } from "./limits.ts";
import { earliest, epochMs, type EpochMs } from "./units.ts";

/** Answering and freezing must not run into the platform's kill. */
const FAREWELL_MS = 2_000;

/** What it takes to read so many slots' schedules beyond what every cut leaves time for. */
export function readingMs(slots: number): number {
  const more = Math.max(0, slots - limits.slotsReadInTime);
  return Math.ceil((more / limits.slotsReadPerSecond) * 1_000);
}

/**
 * @param longestTimeoutMs longest effective time-out that a capture here may have.
 * @param slots that the lease has
 */
export function releaseAt(
  deadlineAt: EpochMs,
  longestTimeoutMs: number = limits.timeoutMaxMs,
  slots = 0,
): EpochMs {
  const kept =
    limits.releaseCutAheadMs + limits.untilSlackMs + longestTimeoutMs + limits.commitTimeMs;
  return epochMs(deadlineAt - kept - readingMs(slots) - FAREWELL_MS);
}

/**
 * Until when captures may be started after a release that was refused: an acquisition of ours that
 * landed late, after the release, made the lease ours anew, and for a shorter time than we know of.
 */
export function oursUntil(expiresAt: EpochMs, shown: Lease | undefined): EpochMs {
  return shown?.holder === undefined ? expiresAt : earliest(expiresAt, shown.holder.expiresAt);
}
