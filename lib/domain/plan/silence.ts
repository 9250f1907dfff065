/**
 * Whether every owner is silent at once: then the store was out of reach, not all of them dead.
 *
 * Owners fail one by one; the store fails for all. Who plans on such a sight would move the ranges of
 * owners that are alive and about to renew. Nothing is lost by waiting: collectors are started all
 * the same, and the next run plans again once one of them is heard.
 *
 * Holds: leases that nobody owns say nothing; a single owner's silence is an ordinary death.
 */
import { isHeld, type Lease } from "../lease.ts";
import type { EpochMs } from "../units.ts";

const OWNERS_MIN = 2;

/** How many owners are silent, where all are; undefined where one is heard, or too few are there. */
export function allSilent(
  leases: readonly Lease[],
  now: EpochMs,
  skewMaxMs: number,
): number | undefined {
  const owned = leases.filter(({ holder }) => holder !== undefined);
  if (owned.length < OWNERS_MIN || owned.some((lease) => isHeld(lease, now, skewMaxMs)))
    return undefined;
  return owned.length;
}
