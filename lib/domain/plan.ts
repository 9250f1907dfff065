/**
 * Which lease should have which ranges: the moves that even out load while moving little.
 *
 * In order: promises that can't or needn't be kept are cancelled or made good, leases are added,
 * surplus ones drained, the others evened out, and empty surplus ones removed. What doesn't fit
 * into one run's limit waits for the next.
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
import { addLeases, drain, removeLeases, staff, type Staff } from "./plan/resize.ts";
import { cancelPromises, hasRoom, movePromised, newSheet, type Sheet } from "./plan/sheet.ts";
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
  const sheet = newSheet(state);
  const { fleet } = state;
  const most = Math.min(state.limits.leasesMax, slotCount(fleet.slotsLog2));
  const desired = Math.max(1, Math.min(fleet.desired, most));
  settlePromises(sheet, new Set(staff(sheet, desired).surplus.map(({ id }) => id)));
  addLeases(sheet, desired);
  const chosen: Staff = staff(sheet, desired);
  const mean = sheet.weights.total / Math.max(1, chosen.active.length);
  drain(sheet, chosen, mean);
  balance(sheet, chosen.active, mean);
  removeLeases(sheet, chosen.surplus);
  return {
    moves: sheet.moves,
    explanations: [...sheet.moves.map(({ why }) => why), ...sheet.notes],
  };
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
          why: `${lease.id} promised to ${to}, which is gone: it keeps them`,
        });
      } else if (surplus.has(to)) {
        cancelPromises(sheet, {
          giver,
          taker,
          ranges,
          why: `${lease.id} promised to ${to}, which isn't desired any more: it keeps them`,
        });
      } else if (!giver.held) {
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
