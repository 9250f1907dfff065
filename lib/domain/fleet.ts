/**
 * All leases of a pool, with the desired number of collectors and what every part of it agrees on.
 *
 * Holds: `version` grows with every change; lease numbers are never used again.
 */
import { leaseId, newLease, type Lease } from "./lease.ts";
import { epochMs, type EpochMs } from "./units.ts";

export interface Fleet {
  readonly pool: string;
  readonly slotsLog2: number;
  /** How many collectors are wanted: leases with ranges. */
  readonly desired: number;
  /** Number of the next lease to be made. */
  readonly nextLease: number;
  readonly version: number;
  readonly createdAt: EpochMs;
  readonly lastRebalance?: LastRebalance;
}

/** The newest run of the rebalancer; an older one that still stays ends when it reads another name. */
export interface LastRebalance {
  readonly at: EpochMs;
  readonly by: string;
  /** From starting a collector to its owning the lease, smoothed; absent before it was measured. */
  readonly startMs?: number;
  /**
   * Throttled calls of all rebalancers so far: it only grows, but for a writer that doesn't know of
   * it and leaves it out. Then it begins at 0 again, and whoever reads differences must expect that.
   */
  readonly throttledTotal?: number;
  /** Read and write units of all rebalancers so far, in the same way. */
  readonly unitsTotal?: number;
}

/** One Query: the whole assignment. It may not tile (a Query is not atomic): then read again. */
export interface FleetSnapshot {
  readonly fleet: Fleet;
  readonly leases: readonly Lease[];
}

/** A lease without ranges has nothing due; the last moment that a Date can hold. */
const NEVER = epochMs(8_640_000_000_000_000);

/** The fleet with one more lease, which starts with a new number and no ranges, and receives them. */
export function withNewLease(fleet: Fleet): { readonly fleet: Fleet; readonly lease: Lease } {
  return {
    fleet: { ...fleet, nextLease: fleet.nextLease + 1, version: fleet.version + 1 },
    lease: newLease(fleet.pool, leaseId(fleet.nextLease), [], NEVER),
  };
}

export type AddLeaseResult =
  | { readonly kind: "added"; readonly fleet: Fleet; readonly lease: Lease }
  | { readonly kind: "refused" };

/**
 * Takes the number that `asRead` says is next and makes that lease.
 *
 * @param stored the fleet as stored, and the lease with that number, if there is one
 */
export function addLease(
  stored: { readonly fleet: Fleet; readonly lease: Lease | undefined },
  asRead: Fleet,
): AddLeaseResult {
  const { fleet, lease } = withNewLease(asRead);
  // A retried write of our own: applied, its answer lost.
  if (stored.lease !== undefined && sameFleet(stored.fleet, fleet))
    return { kind: "added", fleet, lease: stored.lease };
  if (stored.fleet.version !== asRead.version || stored.lease !== undefined)
    return { kind: "refused" };
  return { kind: "added", fleet, lease };
}

/** Whether a lease may be deleted by who read it at `version`: no ranges, no owner, no quarantine. */
export function mayRemove(stored: Lease, version: number): boolean {
  const { ranges, holder, quarantine } = stored;
  const isFree = holder === undefined && quarantine === undefined;
  return isFree && ranges.length === 0 && stored.version === version;
}

/** Equal in every field: how a write of one's own is recognised. */
export function sameFleet(a: Fleet, b: Fleet): boolean {
  return (
    a.pool === b.pool &&
    a.slotsLog2 === b.slotsLog2 &&
    a.desired === b.desired &&
    a.nextLease === b.nextLease &&
    a.version === b.version &&
    a.createdAt === b.createdAt &&
    a.lastRebalance?.at === b.lastRebalance?.at &&
    a.lastRebalance?.by === b.lastRebalance?.by &&
    a.lastRebalance?.startMs === b.lastRebalance?.startMs &&
    a.lastRebalance?.throttledTotal === b.lastRebalance?.throttledTotal &&
    a.lastRebalance?.unitsTotal === b.lastRebalance?.unitsTotal
  );
}
