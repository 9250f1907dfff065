/**
 * All leases of a pool, with the desired number of collectors and what every part of it agrees on.
 *
 * Holds: `version` grows with every change; lease numbers are never used again.
 */
import type { Lease } from "./lease.ts";
import type { EpochMs } from "./units.ts";

export interface Fleet {
  readonly pool: string;
  readonly slotsLog2: number;
  /** How many collectors are wanted: leases with ranges. */
  readonly desired: number;
  /** Number of the next lease to be made. */
  readonly nextLease: number;
  readonly version: number;
  readonly createdAt: EpochMs;
  /** The newest run of the rebalancer; an older one that still stays ends when it reads another name. */
  readonly lastRebalance?: { readonly at: EpochMs; readonly by: string };
}

/** One Query: the whole assignment. It may not tile (a Query is not atomic): then read again. */
export interface FleetSnapshot {
  readonly fleet: Fleet;
  readonly leases: readonly Lease[];
}
