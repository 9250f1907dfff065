/**
 * When a lease needs a collector to be started, and why.
 *
 * In:    a lease as read, how far ahead to start           Out: a moment, or undefined
 * Holds: pure. Empty leases need nobody; an owner that died left something behind, so its lease
 *        always needs one; an owned lease needs a successor before its owner lets go.
 */
import { releaseAt } from "#domain/lease-times.ts";
import type { Lease } from "#domain/lease.ts";
import { after, type EpochMs } from "#domain/units.ts";

export type NeedReason = "due" | "request" | "expired" | "successor";

export interface Need {
  /** When to start; may be past. */
  readonly at: EpochMs;
  readonly reason: NeedReason;
}

export interface NeedTimes {
  readonly skewMaxMs: number;
  readonly longestTimeoutMs: number;
  readonly aheadMs: number;
}

export function needOf(lease: Lease, times: NeedTimes): Need | undefined {
  const { holder } = lease;
  if (holder === undefined) {
    if (lease.ranges.length === 0) return undefined;
    return { at: after(lease.nextDueAt, -times.aheadMs), reason: "due" };
  }
  const takeableAt = after(holder.expiresAt, times.skewMaxMs);
  if (lease.ranges.length === 0) return { at: takeableAt, reason: "expired" };
  const successorAt = after(releaseAt(holder.deadlineAt, times.longestTimeoutMs), -times.aheadMs);
  return successorAt < takeableAt
    ? { at: successorAt, reason: "successor" }
    : { at: takeableAt, reason: "expired" };
}

/** Whether anything in the fleet is owned, or due before `horizon`: then somebody must watch. */
export function isBusy(leases: readonly Lease[], horizon: EpochMs): boolean {
  return leases.some(
    ({ holder, ranges, nextDueAt }) =>
      holder !== undefined || (ranges.length > 0 && nextDueAt <= horizon),
  );
}
