/**
 * When an owner lets go, from its invocation's deadline: shared by the owner, who releases then,
 * and by the rebalancer, who starts a successor before.
 *
 * Holds: between releaseAt and the deadline there is room for everything the giver keeps: what is
 *        due before the cut, the longest time-out, the commit, and slack.
 */
import type { Lease } from "./lease.ts";
import { limits } from "./limits.ts";
import { earliest, epochMs, type EpochMs } from "./units.ts";

/** Answering and freezing must not run into the platform's kill. */
const FAREWELL_MS = 2_000;

/** @param longestTimeoutMs longest effective time-out that a capture here may have. */
export function releaseAt(
  deadlineAt: EpochMs,
  longestTimeoutMs: number = limits.timeoutMaxMs,
): EpochMs {
  const kept =
    limits.releaseCutAheadMs + limits.untilSlackMs + longestTimeoutMs + limits.commitTimeMs;
  return epochMs(deadlineAt - kept - FAREWELL_MS);
}

/**
 * Until when captures may be started after a release that was refused: an acquisition of ours that
 * landed late, after the release, made the lease ours anew, and for a shorter time than we know of.
 */
export function oursUntil(expiresAt: EpochMs, shown: Lease | undefined): EpochMs {
  return shown?.holder === undefined ? expiresAt : earliest(expiresAt, shown.holder.expiresAt);
}
