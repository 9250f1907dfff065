/**
 * When a lease needs a collector to be started, and why.
 *
 * In:    a lease as read, how far ahead to start           Out: a moment, or undefined
 * Holds: pure. Empty leases need nobody; an owner that died left something behind, so its lease
 *        always needs one; an owned lease needs a successor before its owner lets go.
 */
import { readingMs, releaseAt } from "#domain/lease-times.ts";
import type { Lease } from "#domain/lease.ts";
import { after, type EpochMs } from "#domain/units.ts";

export type NeedReason = "due" | "request" | "expired" | "successor" | "cooled down";

export interface Need {
  /** When to start; may be past. */
  readonly at: EpochMs;
  /** When the collector is to be there. */
  readonly dueAt: EpochMs;
  readonly reason: NeedReason;
}

export interface NeedTimes {
  readonly skewMaxMs: number;
  readonly longestTimeoutMs: number;
  readonly aheadMs: number;
}

/** @param slots that the lease has: where these are thousands, its collector is to be there earlier. */
export function needOf(lease: Lease, times: NeedTimes, slots = 0): Need | undefined {
  const { holder, quarantine } = lease;
  if (quarantine !== undefined) {
    const at = after(quarantine.until, times.skewMaxMs);
    return { at, dueAt: at, reason: "cooled down" };
  }
  if (holder === undefined) {
    if (lease.ranges.length === 0) return undefined;
    const { nextDueAt: dueAt } = lease;
    return { at: after(dueAt, -times.aheadMs - readingMs(slots)), dueAt, reason: "due" };
  }
  const takeableAt = after(holder.expiresAt, times.skewMaxMs);
  const expired: Need = { at: takeableAt, dueAt: takeableAt, reason: "expired" };
  if (lease.ranges.length === 0) return expired;
  const releasedAt = releaseAt(holder.deadlineAt, times.longestTimeoutMs, slots);
  const successorAt = after(releasedAt, -times.aheadMs);
  return successorAt < takeableAt
    ? { at: successorAt, dueAt: releasedAt, reason: "successor" }
    : expired;
}

/** What one run counts on for a start is nothing that the other knows: this is the same for both. */
const AHEAD_AGREED_MS = 750;

/** Whether, of two runs, the one that hands over at a moment meets this need, or the newer one. */
export function isOfOlder({ at, dueAt }: Need, handedAt: EpochMs): boolean {
  return dueAt < after(handedAt, at < dueAt ? AHEAD_AGREED_MS : 0);
}

/** Whether anything in the fleet is owned, or due before `horizon`: then somebody must watch. */
export function isBusy(leases: readonly Lease[], horizon: EpochMs): boolean {
  return leases.some(({ holder, ranges, nextDueAt, quarantine }) => {
    if (quarantine !== undefined) return quarantine.until <= horizon;
    return holder !== undefined || (ranges.length > 0 && nextDueAt <= horizon);
  });
}
