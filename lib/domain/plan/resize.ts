/**
 * Scaling: new leases where more are wanted, and the least loaded drained and removed where fewer.
 *
 * Holds: a lease is removed only when it has no ranges and no owner, and nothing in this run
 *        touches it; draining prefers who drains already, so runs don't change their minds.
 */
import { leaseId, type Lease } from "../lease.ts";
import { amount, least } from "./balance.ts";
import { pick, pickLightest } from "./pick.ts";
import { describeRuns, type Seat } from "./seat.ts";
import { addSeat, hand, hasRoom, type Sheet } from "./sheet.ts";

/** At most half a run's moves make leases: the other half fills them. */
export function addLeases(sheet: Sheet, desired: number): void {
  const { fleet, limits } = sheet.state;
  const before = sheet.seats.size;
  const count = Math.min(desired - before, Math.ceil(limits.movesMax / 2));
  for (let index = 0; index < count && hasRoom(sheet); index += 1) {
    const lease = leaseId(fleet.nextLease + index);
    const why = `${desired} collectors are desired and there are ${before + index} leases: ${lease} is added`;
    sheet.moves.push({ kind: "add-lease", lease, why });
    addSeat(sheet, lease);
  }
}

export interface Staff {
  readonly active: readonly Seat[];
  readonly surplus: readonly Seat[];
}

/** The most loaded stay; among equals the oldest. */
export function staff(sheet: Sheet, desired: number): Staff {
  const seats = [...sheet.seats.values()].toSorted(
    (a, b) => b.weight - a.weight || (a.id < b.id ? -1 : 1),
  );
  return { active: seats.slice(0, desired), surplus: seats.slice(desired) };
}

export function drain(sheet: Sheet, { active, surplus }: Staff, mean: number): void {
  for (const from of surplus) {
    while (from.runs.length > 0 && hasRoom(sheet)) {
      const to = least(active);
      if (to === undefined) return;
      const picked = pickAny(sheet, { from, to, want: mean - to.weight });
      if (picked === undefined) break;
      const why = `${from.id} is more than the ${active.length} desired: ${describeRuns(picked.runs)} (${amount(sheet, picked.weight)}) go to ${to.id}`;
      hand(sheet, { from, to, runs: picked.runs, left: picked.left, why });
    }
  }
}

function pickAny(
  sheet: Sheet,
  { from, to, want }: { from: Seat; to: Seat; want: number },
): ReturnType<typeof pickLightest> {
  const { weights, state } = sheet;
  const piecesMax = state.limits.rangesPerMoveMax;
  const picked = pick({ from, to, want: Math.max(0, want), piecesMax, weights });
  return picked.runs.length > 0 ? picked : pickLightest(from, weights);
}

export function removeLeases(sheet: Sheet, surplus: readonly Seat[]): void {
  const byId = new Map(sheet.state.leases.map((lease) => [lease.id, lease]));
  const promisedTo = new Set(
    sheet.state.leases.flatMap((lease) => lease.giving.map(({ to }) => to)),
  );
  for (const { id, version } of surplus) {
    const lease: Lease | undefined = byId.get(id);
    if (!hasRoom(sheet) || lease === undefined || lease.version !== version) continue;
    if (lease.ranges.length > 0 || lease.holder !== undefined || promisedTo.has(id)) continue;
    sheet.moves.push({
      kind: "remove-lease",
      lease: id,
      version,
      why: `${id} is empty, unowned and not desired: it is removed`,
    });
  }
}
