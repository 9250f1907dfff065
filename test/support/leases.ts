/**
 * Requests and records that lease tests are written with: a time line that starts at `T0`, two leases
 * that halve the hash space, named owners.
 */
import type { Fleet } from "#domain/fleet.ts";
import type { OpenEntry } from "#domain/hand-over.ts";
import {
  leaseId,
  newLease,
  type AcquireRequest,
  type GiveRequest,
  type Lease,
  type LeaseId,
  type MoveRequest,
  type Owner,
  type PromiseRequest,
  type ReleaseRequest,
  type RenewRequest,
} from "#domain/lease.ts";
import { emptyProgress, type Progress } from "#domain/progress.ts";
import { HASH_SPACE, type Range, type RangeSet } from "#domain/range.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";

export const T0 = epochMs(Date.parse("2026-11-21T13:00:00Z"));
export const TTL_MS = 10_000;
export const SKEW_MS = 100;

export const at = (seconds: number): EpochMs => epochMs(T0 + seconds * 1_000);
export const owner = (name: string): Owner => name as Owner;

export const ONE = leaseId(1);
export const TWO = leaseId(2);

const quarter = HASH_SPACE / 4;
/** The quarters of the space, in order: lease 1 begins with the first two, lease 2 with the others. */
export const Q: readonly [Range, Range, Range, Range] = [
  { from: 0, to: quarter },
  { from: quarter, to: 2 * quarter },
  { from: 2 * quarter, to: 3 * quarter },
  { from: 3 * quarter, to: HASH_SPACE },
];

export function twoLeases(pool: string): { readonly fleet: Fleet; readonly leases: Lease[] } {
  return {
    fleet: { pool, slotsLog2: 6, desired: 2, nextLease: 3, version: 1, createdAt: T0 },
    leases: [
      newLease(pool, ONE, [{ from: 0, to: 2 * quarter }], T0),
      newLease(pool, TWO, [{ from: 2 * quarter, to: HASH_SPACE }], T0),
    ],
  };
}

export function openEntry(range: Range, cut: EpochMs, untilAfterMs = 5_000): OpenEntry {
  return { range, cut, until: epochMs(cut + untilAfterMs) };
}

/** A progress that tells moments apart. */
export function progressAt(now: EpochMs, captures = 0): Progress {
  const empty = emptyProgress(now);
  return { ...empty, current: { ...empty.current, captures } };
}

/** What a test wants to say, and defaults for the rest. */
export interface Requests {
  acquire(id: LeaseId, by: string, now: EpochMs): AcquireRequest;
  renew(id: LeaseId, by: string, sentAt: EpochMs): RenewRequest;
  release(id: LeaseId, by: string, version: number, now: EpochMs): ReleaseRequest;
  promise(versions: readonly [number, number], ranges: RangeSet): PromiseRequest;
  give(by: string, versions: readonly [number, number], ranges: RangeSet): GiveRequest;
  move(versions: readonly [number, number], ranges: RangeSet, now: EpochMs): MoveRequest;
}

/** Promises, gives and moves go from lease 1 to lease 2. */
export function requestsIn(pool: string): Requests {
  return {
    acquire: (id, by, now) => ({
      pool,
      id,
      owner: owner(by),
      now,
      ttlMs: TTL_MS,
      skewMaxMs: SKEW_MS,
      deadlineAt: epochMs(now + 900_000),
    }),
    renew: (id, by, sentAt) => ({
      pool,
      id,
      owner: owner(by),
      sentAt,
      ttlMs: TTL_MS,
      progress: progressAt(sentAt),
    }),
    release: (id, by, version, now) => ({
      pool,
      id,
      owner: owner(by),
      version,
      nextDueAt: epochMs(now + 30_000),
      open: [],
      progress: progressAt(now),
    }),
    promise: ([fromVersion, toVersion], ranges) => ({
      pool,
      from: ONE,
      fromVersion,
      to: TWO,
      toVersion,
      ranges,
    }),
    give: (by, [fromVersion, toVersion], ranges) => ({
      pool,
      from: ONE,
      owner: owner(by),
      fromVersion,
      to: TWO,
      toVersion,
      ranges,
      open: ranges.map((range) => openEntry(range, at(4))),
      now: at(1),
      skewMaxMs: SKEW_MS,
    }),
    move: ([fromVersion, toVersion], ranges, now) => ({
      pool,
      from: ONE,
      fromVersion,
      to: TWO,
      toVersion,
      ranges,
      now,
      skewMaxMs: SKEW_MS,
    }),
  };
}
