/**
 * Whether a lease is to be taken now: at once when it is free, as a successor when its owner lets go.
 *
 *     first look: held, its owner stays --> stays out          held, its owner is about to leave --> waits
 *     waiting: free --> takes          another has it --> stays out          gone --> stays out
 *
 * In:    the lease as first and as last read, now          Out: take | wait | stay out, and why
 * Holds: a lease is taken only when nobody can act under it any more, skewMax allowed for.
 * Fails: never (pure).
 * Source: DESIGN, section 4 (acquire; "The rebalancer": the successor polls until the lease is free).
 */
import { isHeld, isQuarantined, type Lease } from "./lease.ts";
import { releaseAt } from "./lease-times.ts";
import type { EpochMs } from "./units.ts";

export interface SuccessionTimes {
  readonly now: EpochMs;
  readonly ttlMs: number;
  readonly heartbeatEveryMs: number;
  readonly skewMaxMs: number;
  readonly longestTimeoutMs: number;
  /** An owner whose release is further away than this is not waited for: the start was a duplicate. */
  readonly patienceMs: number;
}

export type Succession =
  | { readonly kind: "take" }
  | { readonly kind: "wait" }
  | { readonly kind: "stay out"; readonly why: "gone" | "held" | "taken" | "quarantined" };

/** @param first the lease as first read; undefined at the first look. */
export function succession(
  first: Lease | undefined,
  lease: Lease | undefined,
  times: SuccessionTimes,
): Succession {
  if (lease === undefined) return { kind: "stay out", why: "gone" };
  if (first !== undefined && isAnothers(first, lease)) return { kind: "stay out", why: "taken" };
  if (isQuarantined(lease, times.now, times.skewMaxMs))
    return { kind: "stay out", why: "quarantined" };
  if (!isHeld(lease, times.now, times.skewMaxMs)) return { kind: "take" };
  return isLeaving(lease, times) ? { kind: "wait" } : { kind: "stay out", why: "held" };
}

/** Another successor was sooner. */
function isAnothers(first: Lease, lease: Lease): boolean {
  return (
    lease.epoch !== first.epoch &&
    lease.holder !== undefined &&
    lease.holder.owner !== first.holder?.owner
  );
}

/** Whether the owner will let go soon: its deadline is near, or its heartbeats have stopped. */
export function isLeaving(lease: Lease, times: SuccessionTimes): boolean {
  const { holder } = lease;
  if (holder === undefined) return true;
  const silentForMs = times.now - (holder.expiresAt - times.ttlMs);
  return (
    releaseAt(holder.deadlineAt, times.longestTimeoutMs) - times.now < times.patienceMs ||
    silentForMs > 2 * times.heartbeatEveryMs
  );
}
