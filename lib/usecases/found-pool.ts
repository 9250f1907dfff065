/**
 * Makes a pool, or changes how many collectors it is to have.
 *
 * In:    pool, slotsLog2, desired                          Out: founded | exists | changed
 * Holds: S is a pool's for life; the fleet record is written last, so a pool is whole or not there.
 * Fails: InvalidInputError when the pool exists with another S, or desired is out of range;
 *        InvariantError when the fleet record keeps changing under us.
 */
import { InvalidInputError, InvariantError } from "#domain/errors.ts";
import type { Fleet } from "#domain/fleet.ts";
import { leaseId, newLease } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { cover } from "#domain/range.ts";
import { assertSlotsLog2, slotCount } from "#domain/slot.ts";
import type { Clock } from "#ports/clock.ts";
import type { LeaseStore } from "#ports/lease-store.ts";

export interface FoundPoolDeps {
  readonly clock: Clock;
  readonly leases: LeaseStore;
}

export interface FoundPoolRequest {
  readonly pool: string;
  readonly slotsLog2: number;
  /** How many collectors are wanted; leases are made at once for a new pool. */
  readonly desired: number;
}

export type FoundPoolResult =
  | { readonly kind: "founded" }
  | { readonly kind: "exists" }
  | { readonly kind: "changed"; readonly desiredBefore: number };

const WRITE_ATTEMPTS_MAX = 5;

export async function foundPool(
  deps: FoundPoolDeps,
  request: FoundPoolRequest,
): Promise<FoundPoolResult> {
  const { pool, slotsLog2, desired } = request;
  assertSlotsLog2(slotsLog2);
  assertDesired(desired, slotsLog2);
  const now = deps.clock.now();
  // Due now: targets may be there already, and only a collector finds out what is due.
  const leases = cover(desired, slotsLog2).map((ranges, index) =>
    newLease(pool, leaseId(index + 1), ranges, now),
  );
  const fleet: Fleet = {
    pool,
    slotsLog2,
    desired,
    nextLease: desired + 1,
    version: 1,
    createdAt: now,
  };
  for (let attempt = 0; attempt < WRITE_ATTEMPTS_MAX; attempt += 1) {
    const stored = await deps.leases.readFleet(pool);
    if (stored === undefined) {
      if ((await deps.leases.found({ fleet, leases })) === "founded") return { kind: "founded" };
      continue;
    }
    assertSameSlots(stored.fleet, slotsLog2);
    if (stored.fleet.desired === desired) return { kind: "exists" };
    const written = await deps.leases.writeFleet({ ...stored.fleet, desired });
    if (written.kind === "written") return { kind: "changed", desiredBefore: stored.fleet.desired };
  }
  throw new InvariantError(
    `the fleet record of pool ${pool} changed ${WRITE_ATTEMPTS_MAX} times while it was to be written: found again and again a newer version, expected the one just read; nothing was changed, try again`,
  );
}

function assertDesired(desired: number, slotsLog2: number): void {
  const most = Math.min(limits.leasesMax, slotCount(slotsLog2));
  if (Number.isInteger(desired) && desired >= 1 && desired <= most) return;
  throw new InvalidInputError({
    where: "desired collectors",
    found: String(desired),
    expected: `a whole number from 1 to ${most}: a lease needs a slot`,
  });
}

/** @throws InvalidInputError when the pool was founded with another number of slots. */
export function assertSameSlots(fleet: Fleet, slotsLog2: number): void {
  if (fleet.slotsLog2 === slotsLog2) return;
  throw new InvalidInputError({
    where: `slots of pool ${fleet.pool}`,
    found: String(slotCount(slotsLog2)),
    expected: `${slotCount(fleet.slotsLog2)}: a pool keeps its slots for life; choose another pool name`,
  });
}
