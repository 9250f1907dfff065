/**
 * Which leases without an owner have captures on request waiting.
 *
 * Holds: at most QUERIES_MAX queries, however fragmented the leases are.
 */
import type { Fleet } from "#domain/fleet.ts";
import type { Lease, LeaseId } from "#domain/lease.ts";
import { contains, normalise, slotRange, type RangeSet } from "#domain/range.ts";
import type { RequestStore } from "#ports/request-store.ts";

/** Beyond this, one Query over all between the first and the last range is cheaper. */
const QUERIES_MAX = 4;

export async function leasesWithRequests(
  requests: RequestStore,
  fleet: Fleet,
  free: readonly Lease[],
): Promise<ReadonlySet<LeaseId>> {
  const found = new Set<LeaseId>();
  if (free.length === 0) return found;
  const { pool, slotsLog2 } = fleet;
  const waiting = await requests.list(pool, span(free), slotsLog2);
  for (const { slot } of waiting) {
    const { from } = slotRange(slot, slotsLog2);
    const lease = free.find(({ ranges }) => contains(ranges, from));
    if (lease !== undefined) found.add(lease.id);
  }
  return found;
}

function span(free: readonly Lease[]): RangeSet {
  const ranges = normalise(free.flatMap((lease) => lease.ranges));
  const [first] = ranges;
  const last = ranges.at(-1);
  if (ranges.length <= QUERIES_MAX || first === undefined || last === undefined) return ranges;
  return [{ from: first.from, to: last.to }];
}
