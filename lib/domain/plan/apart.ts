/**
 * Leases that ordinary planning leaves alone: what kills their owners must not be handed to others.
 *
 * - quarantined: nobody captures it;
 * - wards, until one of them is found out: what killed is in that one;
 * - suspect: so many owners died there that it is to be divided;
 * - unsettled: an owner died within the last minute. If it is the range that kills, the next owner
 *   dies within that minute as well.
 *
 * Of the collectors that are desired the suspect and the unsettled are one each, and so are the wards
 * of one lease together: nobody else is made or moved because of a death. What is quarantined, or was
 * and is tried again, has no part in them: others have taken its place.
 */
import type { Lease, LeaseId } from "../lease.ts";
import { limits } from "../limits.ts";
import { deathsOf, isWard } from "../quarantine.ts";
import type { EpochMs } from "../units.ts";

export interface Apart {
  readonly ids: ReadonlySet<LeaseId>;
  /** So many of the desired collectors they are. */
  readonly collectors: number;
}

export function leasesApart(leases: readonly Lease[], now: EpochMs): Apart {
  const ids = new Set<LeaseId>();
  const collectors = new Set<LeaseId>();
  const foundOut = new Set(
    leases.flatMap(({ quarantine, ward }) => (quarantine && ward ? [ward.of] : [])),
  );
  for (const lease of leases) {
    if (lease.ranges.length === 0) continue;
    const isShut = lease.quarantine !== undefined;
    if (!isShut && !isSuspect(lease, foundOut, now)) continue;
    ids.add(lease.id);
    if (isShut) continue;
    if (!isWard(lease, now)) collectors.add(lease.id);
    else if (lease.ward !== undefined && lease.ward.deaths < limits.deathsToQuarantine)
      collectors.add(lease.ward.of);
  }
  return { ids, collectors: collectors.size };
}

function isSuspect(lease: Lease, foundOut: ReadonlySet<LeaseId>, now: EpochMs): boolean {
  const isSuspectWard = isWard(lease, now) && !foundOut.has(lease.ward?.of ?? lease.id);
  if (isSuspectWard) return true;
  const needed = isWard(lease, now) ? 1 : limits.deathsToDivide;
  if (deathsOf(lease, now).length >= needed) return true;
  const last = lease.deaths?.at(-1);
  return last !== undefined && now - last < limits.rebalanceEveryMs;
}
