/**
 * Which lease should have which ranges: the moves that even out load while moving little.
 *
 * In order: promises that can't or needn't be kept are cancelled or made good, leases are added,
 * surplus ones drained, the others evened out, and empty surplus ones removed. What doesn't fit
 * into one run's limit waits for the next. Nothing at all is planned while every owner is silent, and
 * nothing about leases whose ranges may kill their owners (plan/apart.ts).
 *
 * In:    a snapshot that tiles, desired, now, limits       Out: moves in order, each with its reason
 * Holds: pure; a slot changes hands at most once in a run; standing promises are counted as kept;
 *        below 10 % of imbalance nothing moves; applied again and again, plans become empty.
 * Fails: never. A plan may be refused in parts by the store: versions say which.
 * Source: DESIGN, section 4 ("The rebalancer"). Cost: bench/plan.ts.
 */
import type { LeaseId } from "./lease.ts";
import { limits } from "./limits.ts";
import { normalise, type Range } from "./range.ts";
import { slotCount } from "./slot.ts";
import { balance } from "./plan/balance.ts";
import { leasesApart } from "./plan/apart.ts";
import { addLeases, drain, removeLeases, staff, type Staff } from "./plan/resize.ts";
import {
  cancelPromises,
  hasRoom,
  isByPromise,
  movePromised,
  newSheet,
  type Sheet,
} from "./plan/sheet.ts";
import { allSilent } from "./plan/silence.ts";
import type { Plan, PlanLimits, PlanState } from "./plan/state.ts";

export type { Move, Plan, PlanLimits, PlanState } from "./plan/state.ts";

export const PLAN_LIMITS: PlanLimits = {
  movesMax: limits.movesPerRunMax,
  rangesPerMoveMax: limits.rangesPerMoveMax,
  leasesMax: limits.leasesMax,
  skewMaxMs: limits.skewMaxMs,
  unevenAbove: 0.1,
  evenWithin: 0.05,
};

export function plan(state: PlanState): Plan {
  const { fleet, leases, limits: { leasesMax, skewMaxMs } } = state; // prettier-ignore
  const silent = allSilent(leases, state.now, skewMaxMs);
  if (silent !== undefined) {
    const heldBack = explainSilence(silent);
    return { moves: [], explanations: [heldBack], heldBack };
  }
  const apart = leasesApart(leases, state.now);
  const sheet = newSheet(state, apart.ids);
  const most = Math.min(leasesMax, slotCount(fleet.slotsLog2));
  // Where all that is left stands apart, nobody else need be desired.
  const least = sheet.seats.size === 0 && apart.collectors > 0 ? 0 : 1;
  const desired = Math.max(least, Math.min(fleet.desired, most) - apart.collectors);
  keepApart(sheet, apart.ids);
  settlePromises(sheet, new Set(staff(sheet, desired).surplus.map(({ id }) => id)));
  addLeases(sheet, desired);
  const chosen: Staff = staff(sheet, desired);
  const mean = weightInAll(sheet) / Math.max(1, chosen.active.length);
  drain(sheet, chosen, mean);
  balance(sheet, chosen.active, mean);
  removeLeases(sheet, chosen.surplus);
  return {
    moves: sheet.moves,
    explanations: [...sheet.moves.map(({ why }) => why), ...sheet.notes],
  };
}

function explainSilence(owners: number): string {
  return `none of the ${owners} owners was heard within its time: that is taken for a fault of the store, so nothing is moved until one of them is`;
}

/** Of what may be moved at all. */
function weightInAll({ seats, weights, apart }: Sheet): number {
  if (apart.size === 0) return weights.total;
  return [...seats.values()].reduce((sum, { weight }) => sum + weight, 0);
}

/** What may kill isn't given to anybody. */
function keepApart(sheet: Sheet, apart: ReadonlySet<LeaseId>): void {
  for (const { id, version, giving } of sheet.state.leases) {
    if (!apart.has(id) || giving.length === 0 || !hasRoom(sheet)) continue;
    const ranges = normalise(giving.map(({ range }) => range));
    const why = `owners of ${id} died: what it promised stays there`;
    sheet.moves.push({ kind: "cancel", lease: id, version, ranges, why });
  }
}

/** Cancels promises to leases that are gone or to go, and makes good those that nobody holds back. */
function settlePromises(sheet: Sheet, surplus: ReadonlySet<LeaseId>): void {
  for (const lease of sheet.state.leases) {
    const giver = sheet.seats.get(lease.id);
    if (giver === undefined) continue;
    for (const [to, ranges] of promisesByTaker(lease.giving)) {
      if (!hasRoom(sheet)) return;
      const taker = sheet.seats.get(to);
      if (taker === undefined) {
        cancelPromises(sheet, {
          giver,
          ranges,
          why: sheet.apart.has(to)
            ? `${lease.id} promised to ${to}, whose owners died: it keeps them`
            : `${lease.id} promised to ${to}, which is gone: it keeps them`,
        });
      } else if (surplus.has(to)) {
        cancelPromises(sheet, {
          giver,
          taker,
          ranges,
          why: `${lease.id} promised to ${to}, which isn't desired any more: it keeps them`,
        });
      } else if (!isByPromise(giver, taker)) {
        movePromised(sheet, giver, taker, ranges);
      }
    }
  }
}

function promisesByTaker(
  giving: readonly { readonly range: Range; readonly to: LeaseId }[],
): Map<LeaseId, readonly Range[]> {
  const byTaker = new Map<LeaseId, Range[]>();
  for (const { range, to } of giving) byTaker.set(to, [...(byTaker.get(to) ?? []), range]);
  return new Map([...byTaker].map(([to, ranges]) => [to, normalise(ranges)]));
}
