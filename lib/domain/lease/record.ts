/**
 * A lease as it is kept, and what can be told from it alone. How it changes: ../lease.ts.
 */
import { withDeath } from "../deaths.ts";
import type { OpenEntry } from "../hand-over.ts";
import type { LoadPiece } from "../load.ts";
import type { Progress } from "../progress.ts";
import type { Range, RangeSet } from "../range.ts";
import type { EpochMs } from "../units.ts";

declare const leaseIdBrand: unique symbol;
/** A lease's number, four digits or more: `0007`. Never used again. */
export type LeaseId = string & { readonly [leaseIdBrand]: true };

declare const ownerBrand: unique symbol;
/** One invocation's unique name: a fresh random nonce. */
export type Owner = string & { readonly [ownerBrand]: true };

export interface Holder {
  readonly owner: Owner;
  /** At this moment itself the lease is free (for claimers: skewMax later). */
  readonly expiresAt: EpochMs;
  /** When the owner's invocation ends for good. */
  readonly deadlineAt: EpochMs;
}

/** A range that its owner is asked to give to another lease. */
export interface Giving {
  readonly range: Range;
  readonly to: LeaseId;
}

/** A lease that has part of the ranges of one whose owners died: the next death tells which part it is. */
export interface Ward {
  /** The lease that was divided. */
  readonly of: LeaseId;
  /** Then it is a lease like any other. */
  readonly until: EpochMs;
  /** How many owners of these ranges died before it was made. */
  readonly deaths: number;
}

/** Nobody may own the lease until then: its ranges kill whoever takes them. */
export interface Quarantine {
  readonly since: EpochMs;
  readonly until: EpochMs;
}

export interface Lease {
  readonly pool: string;
  readonly id: LeaseId;
  readonly ranges: RangeSet;
  readonly epoch: number;
  readonly version: number;
  readonly holder?: Holder;
  /** When something in the ranges is due next; of interest while nobody owns the lease. */
  readonly nextDueAt: EpochMs;
  readonly giving: readonly Giving[];
  readonly open: readonly OpenEntry[];
  readonly loads: readonly LoadPiece[];
  readonly progress?: Progress;
  /** When owners died here, oldest first; see deaths.ts. Absent: none did since the last release. */
  readonly deaths?: readonly EpochMs[];
  readonly ward?: Ward;
  /** Never beside a holder. */
  readonly quarantine?: Quarantine;
}

export function leaseId(number: number): LeaseId {
  return String(number).padStart(4, "0") as LeaseId;
}

export function newLease(pool: string, id: LeaseId, ranges: RangeSet, nextDueAt: EpochMs): Lease {
  return { pool, id, ranges, epoch: 0, version: 1, nextDueAt, giving: [], open: [], loads: [] };
}

/** Whether somebody may still act under this lease, seen from a clock up to skewMax away. */
export function isHeld(lease: Lease, now: EpochMs, skewMaxMs: number): boolean {
  return lease.holder !== undefined && now < lease.holder.expiresAt + skewMaxMs;
}

/** Whether nobody may own it, seen from a clock up to skewMax away. */
export function isQuarantined(lease: Lease, now: EpochMs, skewMaxMs: number): boolean {
  return lease.quarantine !== undefined && now < lease.quarantine.until + skewMaxMs;
}

/** Without owner, and without a quarantine that is over. */
export function withoutHolder(lease: Lease): Lease {
  const { holder: _gone, quarantine: _over, ...rest } = lease;
  return rest;
}

export function withoutSuspicion(lease: Lease): Lease {
  const { deaths: _deaths, ...rest } = withoutWard(lease);
  return rest;
}

export function withoutWard(lease: Lease): Lease {
  const { ward: _ward, ...rest } = lease;
  return rest;
}

/** The lease with its owner's death, where that one didn't let go and deaths are noted. */
export function noteDeath(
  lease: Lease,
  { now, deathsWithinMs }: { readonly now: EpochMs; readonly deathsWithinMs?: number },
): Lease {
  if (lease.holder === undefined || deathsWithinMs === undefined) return lease;
  const { expiresAt } = lease.holder;
  const known = withDeath(lease.deaths, expiresAt, { now, withinMs: deathsWithinMs });
  const { deaths: _before, ...rest } = lease;
  return known.length === 0 ? rest : { ...rest, deaths: known };
}
