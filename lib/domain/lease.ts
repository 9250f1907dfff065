/**
 * The right and duty of one owner to capture some ranges until a deadline, and every way it changes.
 *
 * States of a lease and the moves between them:
 *
 *     unowned --acquire--> owned --renew--> owned --release--> unowned
 *     owned (expired) --acquire--> owned by another      owned (expired) --move--> unowned
 *     owned --promise/cancel--> owned                    owned A, any B --give--> A without r, B with r
 *     unowned, owned (expired) --quarantine--> quarantined --lift, or its time is over--> unowned
 *
 * In:    the lease as stored, the request, never a clock   Out: the lease after, or the refusal as a value
 * Holds: epoch and version only grow; every change but a heartbeat raises the version; every change
 *        of hands raises the epoch; ranges change only with both versions as read. A request that
 *        finds itself carried out already (its answer was lost, it is sent again) succeeds as
 *        before and changes nothing.
 * Fails: never (pure). The stores add DependencyError.
 * Source: DESIGN, section 4. Each condition is load-bearing: see the table there.
 */
import { restrictOpen, sameOpen, withoutOpen, withoutPast, type OpenEntry } from "./hand-over.ts";
import {
  isHeld,
  isQuarantined,
  noteDeath,
  withoutHolder,
  withoutSuspicion,
  withoutWard,
  type Giving,
  type Holder,
  type Lease,
  type LeaseId,
  type Owner,
  type Ward,
} from "./lease/record.ts";
import { joinLoads, restrictLoads, withoutLoads, type LoadPiece } from "./load.ts";
import { formatProgress, type Progress } from "./progress.ts";
import { covers, overlaps, subtract, union, type RangeSet } from "./range.ts";
import { after, type EpochMs } from "./units.ts";

export * from "./lease/record.ts";

// acquire ------------------------------------------------------------------------------------

export interface AcquireRequest {
  readonly pool: string;
  readonly id: LeaseId;
  readonly owner: Owner;
  readonly now: EpochMs;
  readonly ttlMs: number;
  readonly skewMaxMs: number;
  readonly deadlineAt: EpochMs;
  /** An owner that is replaced is noted as dead, for so long; absent: it isn't noted. */
  readonly deathsWithinMs?: number;
  /** As read just before. It decides nothing: a store may try first what this lease would need. */
  readonly readAs?: Lease;
}

export type AcquireResult =
  | { readonly kind: "acquired"; readonly lease: Lease }
  | { readonly kind: "held"; readonly lease: Lease }
  | { readonly kind: "gone" };

export function acquire(lease: Lease | undefined, request: AcquireRequest): AcquireResult {
  if (lease === undefined) return { kind: "gone" };
  // A retried write of our own: applied, its answer lost.
  if (lease.holder?.owner === request.owner) return { kind: "acquired", lease };
  const { now, skewMaxMs } = request;
  if (isHeld(lease, now, skewMaxMs) || isQuarantined(lease, now, skewMaxMs))
    return { kind: "held", lease };
  const holder: Holder = {
    owner: request.owner,
    expiresAt: after(request.now, request.ttlMs),
    deadlineAt: request.deadlineAt,
  };
  return {
    kind: "acquired",
    lease: {
      ...withoutHolder(noteDeath(lease, request)),
      holder,
      epoch: lease.epoch + 1,
      version: lease.version + 1,
    },
  };
}

// renew --------------------------------------------------------------------------------------

export interface RenewRequest {
  readonly pool: string;
  readonly id: LeaseId;
  readonly owner: Owner;
  /** Read before the request is sent: the lease never seems longer to its owner than to others. */
  readonly sentAt: EpochMs;
  readonly ttlMs: number;
  readonly progress: Progress;
  /** Written only when given: loads change slowly. */
  readonly loads?: readonly LoadPiece[];
}

export type RenewResult =
  | { readonly kind: "renewed"; readonly lease: Lease }
  /** Another has it, or nobody; what we had open is to be dropped, not committed. */
  | { readonly kind: "lost"; readonly lease?: Lease };

/** Changes neither version nor epoch: plans made before a heartbeat stay good. */
export function renew(lease: Lease | undefined, request: RenewRequest): RenewResult {
  if (lease === undefined) return { kind: "lost" };
  if (lease.holder?.owner !== request.owner) return { kind: "lost", lease };
  const expiresAt = after(request.sentAt, request.ttlMs);
  // Late, after a newer one: the owner counts on that, so the lease is never shortened.
  if (lease.holder.expiresAt > expiresAt) return { kind: "renewed", lease };
  const holder: Holder = { ...lease.holder, expiresAt };
  return {
    kind: "renewed",
    lease: { ...lease, holder, progress: request.progress, loads: request.loads ?? lease.loads },
  };
}

// release ------------------------------------------------------------------------------------

export interface ReleaseRequest {
  readonly pool: string;
  readonly id: LeaseId;
  readonly owner: Owner;
  readonly version: number;
  /** Oldest instant not yet committed, what the giver keeps included. */
  readonly nextDueAt: EpochMs;
  readonly open: readonly OpenEntry[];
  readonly progress: Progress;
}

export type ReleaseResult =
  | { readonly kind: "released"; readonly lease: Lease }
  /** Renew, and decide again. It may still land late: see DESIGN, "Hand-over at a moment". */
  | { readonly kind: "refused"; readonly lease?: Lease };

export function release(lease: Lease | undefined, request: ReleaseRequest): ReleaseResult {
  if (lease === undefined) return { kind: "refused" };
  if (isOwnRelease(lease, request)) return { kind: "released", lease };
  if (lease.holder?.owner !== request.owner || lease.version !== request.version)
    return { kind: "refused", lease };
  return {
    kind: "released",
    lease: {
      ...withoutSuspicion(withoutHolder(lease)),
      version: lease.version + 1,
      nextDueAt: request.nextDueAt,
      open: request.open,
      progress: request.progress,
    },
  };
}

/** Released already, by this very request. */
function isOwnRelease(lease: Lease, request: ReleaseRequest): boolean {
  return (
    lease.holder === undefined &&
    lease.version === request.version + 1 &&
    lease.nextDueAt === request.nextDueAt &&
    sameOpen(lease.open, request.open) &&
    lease.progress !== undefined &&
    formatProgress(lease.progress) === formatProgress(request.progress)
  );
}

// promise, cancel ------------------------------------------------------------------------------

export interface PromiseRequest {
  readonly pool: string;
  readonly from: LeaseId;
  readonly fromVersion: number;
  readonly to: LeaseId;
  readonly toVersion: number;
  readonly ranges: RangeSet;
}

export type PromiseResult =
  | { readonly kind: "promised"; readonly from: Lease }
  | { readonly kind: "refused"; readonly why: "version" | "gone" | "not-mine" };

export function promise(
  from: Lease | undefined,
  to: Lease | undefined,
  request: PromiseRequest,
): PromiseResult {
  if (from !== undefined && isOwnPromise(from, request)) return { kind: "promised", from };
  if (from === undefined || to === undefined) return { kind: "refused", why: "gone" };
  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version" };
  const promised = from.giving.map((g) => g.range);
  if (
    from.id === to.id ||
    !covers(from.ranges, request.ranges) ||
    overlaps(promised, request.ranges)
  ) {
    return { kind: "refused", why: "not-mine" };
  }
  const giving = [...from.giving, ...request.ranges.map((range) => ({ range, to: to.id }))];
  return { kind: "promised", from: { ...from, giving, version: from.version + 1 } };
}

function isOwnPromise(from: Lease, request: PromiseRequest): boolean {
  const promised = from.giving.filter((g) => g.to === request.to).map((g) => g.range);
  return from.version === request.fromVersion + 1 && covers(promised, request.ranges);
}

export interface CancelRequest {
  readonly pool: string;
  readonly id: LeaseId;
  readonly version: number;
  readonly ranges: RangeSet;
}

export type CancelResult =
  | { readonly kind: "cancelled"; readonly lease: Lease }
  | { readonly kind: "refused"; readonly why: "version" | "gone" };

/** Drops promises: by the rebalancer, or by the owner when the lease they name is gone. */
export function cancel(lease: Lease | undefined, request: CancelRequest): CancelResult {
  if (lease === undefined) return { kind: "refused", why: "gone" };
  if (isOwnCancel(lease, request)) return { kind: "cancelled", lease };
  if (lease.version !== request.version) return { kind: "refused", why: "version" };
  return {
    kind: "cancelled",
    lease: {
      ...lease,
      giving: trimGiving(lease.giving, request.ranges),
      version: lease.version + 1,
    },
  };
}

/** The promises are gone and the ranges are not: a give or a move would have taken both. */
function isOwnCancel(lease: Lease, request: CancelRequest): boolean {
  const promised = lease.giving.map((g) => g.range);
  return (
    lease.version === request.version + 1 &&
    covers(lease.ranges, request.ranges) &&
    !overlaps(promised, request.ranges)
  );
}

// give ---------------------------------------------------------------------------------------

export interface GiveRequest {
  readonly pool: string;
  readonly from: LeaseId;
  readonly owner: Owner;
  readonly fromVersion: number;
  readonly to: LeaseId;
  readonly toVersion: number;
  readonly ranges: RangeSet;
  /** What the giver keeps; entries already open there travel by themselves. */
  readonly open: readonly OpenEntry[];
  readonly now: EpochMs;
  readonly skewMaxMs: number;
}

export type GiveResult =
  | { readonly kind: "given"; readonly from: Lease; readonly to: Lease }
  | {
      readonly kind: "refused";
      readonly why: "owner" | "version" | "gone" | "not-promised" | "quarantined";
      readonly from?: Lease;
      readonly to?: Lease;
    };

export function give(
  from: Lease | undefined,
  to: Lease | undefined,
  request: GiveRequest,
): GiveResult {
  if (from === undefined || to === undefined)
    return { kind: "refused", why: "gone", ...(from && { from }), ...(to && { to }) };
  // Whoever holds the version after ours with our name on it can only be this give: a move takes the name away.
  if (from.holder?.owner === request.owner && hasPassed(from, to, request))
    return { kind: "given", from, to };
  if (from.holder?.owner !== request.owner) return { kind: "refused", why: "owner", from, to };
  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version", from, to };
  if (to.quarantine !== undefined) return { kind: "refused", why: "quarantined", from, to };
  const promised = from.giving.filter((g) => g.to === to.id).map((g) => g.range);
  if (!covers(promised, request.ranges) || !covers(from.ranges, request.ranges))
    return { kind: "refused", why: "not-promised", from, to };
  return { kind: "given", ...transfer(from, to, request) };
}

// move ---------------------------------------------------------------------------------------

export interface MoveRequest {
  readonly pool: string;
  readonly from: LeaseId;
  readonly fromVersion: number;
  readonly to: LeaseId;
  readonly toVersion: number;
  readonly ranges: RangeSet;
  readonly now: EpochMs;
  readonly skewMaxMs: number;
  /** An owner that is removed is noted as dead, for so long; absent: it isn't noted. */
  readonly deathsWithinMs?: number;
  /** What the taker becomes by it; only one without ranges and without an owner may. */
  readonly ward?: Ward;
}

export type MoveResult =
  | { readonly kind: "moved"; readonly from: Lease; readonly to: Lease }
  | {
      readonly kind: "refused";
      readonly why: "version" | "gone" | "held" | "not-mine" | "quarantined" | "occupied";
    };

/** By the rebalancer, from a lease that nobody holds; an expired owner is removed in the same write. */
export function move(
  from: Lease | undefined,
  to: Lease | undefined,
  request: MoveRequest,
): MoveResult {
  if (from === undefined || to === undefined) return { kind: "refused", why: "gone" };
  if (from.holder === undefined && hasPassed(from, to, request)) return { kind: "moved", from, to };
  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version" };
  const { now, skewMaxMs, ward } = request;
  if (isHeld(from, now, skewMaxMs)) return { kind: "refused", why: "held" };
  if (isQuarantined(from, now, skewMaxMs) || to.quarantine !== undefined)
    return { kind: "refused", why: "quarantined" };
  if (ward !== undefined && (to.ranges.length > 0 || to.holder !== undefined))
    return { kind: "refused", why: "occupied" };
  if (from.id === to.id || !covers(from.ranges, request.ranges))
    return { kind: "refused", why: "not-mine" };
  const moved = transfer(withoutHolder(noteDeath(from, request)), to, { ...request, open: [] });
  return { kind: "moved", from: moved.from, to: { ...moved.to, ...(ward && { ward }) } };
}

type Transfer = Pick<GiveRequest, "ranges" | "open" | "now" | "skewMaxMs">;

/** Ranges change hands: open entries are split at the bounds and travel, promises are trimmed. */
function transfer(
  from: Lease,
  to: Lease,
  { ranges, open, now, skewMaxMs }: Transfer,
): { from: Lease; to: Lease } {
  const stillOpen = withoutPast(from.open, now, skewMaxMs);
  return {
    from: {
      ...from,
      ranges: subtract(from.ranges, ranges),
      giving: trimGiving(from.giving, ranges),
      open: withoutOpen(stillOpen, ranges),
      loads: withoutLoads(from.loads, ranges),
      version: from.version + 1,
    },
    to: {
      // A ward that has other ranges as well tells nothing by its owner's death.
      ...withoutWard(to),
      ranges: union(to.ranges, ranges),
      open: [...withoutPast(to.open, now, skewMaxMs), ...restrictOpen(stillOpen, ranges), ...open],
      loads: joinLoads(to.loads, restrictLoads(from.loads, ranges)),
      epoch: Math.max(from.epoch, to.epoch) + 1,
      nextDueAt: now,
      version: to.version + 1,
    },
  };
}

/** Whether the ranges have changed hands with exactly one change of the giver's lease since it was read. */
function hasPassed(from: Lease, to: Lease, request: GiveRequest | MoveRequest): boolean {
  return (
    from.version === request.fromVersion + 1 &&
    to.version > request.toVersion &&
    to.epoch > from.epoch &&
    !overlaps(from.ranges, request.ranges) &&
    covers(to.ranges, request.ranges)
  );
}

function trimGiving(giving: readonly Giving[], gone: RangeSet): Giving[] {
  return giving.flatMap((g) => subtract([g.range], gone).map((range) => ({ range, to: g.to })));
}
