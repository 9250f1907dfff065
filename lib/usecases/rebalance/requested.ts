/**
 * Which leases without an owner have captures on request waiting.
 *
 * Holds: at most QUERIES_MAX queries, however fragmented the leases are.
 */
import type { Fleet } from "#domain/fleet.ts";
import type { Lease } from "#domain/lease.ts";
import { contains, normalise, slotRange, type RangeSet } from "#domain/range.ts";
import type { RequestStore } from "#ports/request-store.ts";

/** Beyond this, one Query over all between the first and the last range is cheaper. */
const QUERIES_MAX = 4;

export async function leasesWithRequests(
  requests: RequestStore,
  fleet: Fleet,
  free: readonly Lease[],
): Promise<readonly Lease[]> {
  if (free.length === 0) return [];
  const { pool, slotsLog2 } = fleet;
  const waiting = await requests.list(pool, span(free), slotsLog2);
  const found = new Set<Lease>();
  for (const { slot } of waiting) {
    if (found.size === free.length) break;
    const { from } = slotRange(slot, slotsLog2);
    const lease = free.find(({ ranges }) => contains(ranges, from));
    if (lease !== undefined) found.add(lease);
  }
  return [...found];
}

function span(free: readonly Lease[]): RangeSet {
  const ranges = normalise(free.flatMap((lease) => lease.ranges));
  const [first] = ranges;
  const last = ranges.at(-1);
  if (ranges.length <= QUERIES_MAX || first === undefined || last === undefined) return ranges;
  return [{ from: first.from, to: last.to }];
}
