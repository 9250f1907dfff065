import { describe, expect, it } from "vitest";
import { leaseId, newLease, type Lease, type Owner } from "#domain/lease.ts";
import { plan, PLAN_LIMITS } from "#domain/plan.ts";
import { cover } from "#domain/range.ts";
import { after, epochMs } from "#domain/units.ts";

const NOW = epochMs(Date.parse("2026-11-21T13:00:00Z"));
const SLOTS_LOG2 = 6;
/** At this moment a lease is free: from then on its owner counts as silent. */
const SILENT_MS = -PLAN_LIMITS.skewMaxMs;

/** Owners whose time runs out so many milliseconds from now; undefined: nobody owns it. */
function pool(expiresInMs: readonly (number | undefined)[]): Lease[] {
  const parts = cover(expiresInMs.length, SLOTS_LOG2);
  return expiresInMs.map((inMs, index) => {
    const lease = newLease("p", leaseId(index + 1), parts[index] ?? [], NOW);
    if (inMs === undefined) return lease;
    const [owner, expiresAt] = [`owner-${index}` as Owner, after(NOW, inMs)];
    return { ...lease, holder: { owner, expiresAt, deadlineAt: after(NOW, 600_000) } };
  });
}

/** A plan that has much to do: six collectors are desired. */
function planOf(leases: readonly Lease[]): ReturnType<typeof plan> {
  const fleet = { pool: "p", slotsLog2: SLOTS_LOG2, desired: 6, nextLease: leases.length + 1 };
  return plan({ fleet, leases, now: NOW, limits: PLAN_LIMITS });
}

describe("while every owner is silent", () => {
  it("nothing is planned: no lease is added, nothing moved or promised, and it is said why", () => {
    const leases = pool([SILENT_MS, -5_000, -600_000]);
    const { moves, explanations, heldBack } = planOf(leases);
    expect(moves).toEqual([]);
    expect(heldBack).toBe(
      "none of the 3 owners was heard within its time: that is taken for a fault of the store, so nothing is moved until one of them is",
    );
    expect(explanations).toEqual([heldBack]);
  });

  it("not even promises of theirs are made good or cancelled, and none is removed", () => {
    const [one, two, three] = pool([SILENT_MS, SILENT_MS, undefined]);
    if (one === undefined || two === undefined || three === undefined) throw new Error("no leases");
    const giving = one.ranges.map((range) => ({ range, to: two.id }));
    const gone = two.ranges.map((range) => ({ range, to: leaseId(9) }));
    const leases = [{ ...one, giving }, { ...two, giving: gone }, three];
    expect(planOf(leases).moves).toEqual([]);
  });

  it("it goes on planning with one that is heard", () => {
    const { moves, heldBack } = planOf(pool([epochMs(SILENT_MS + 1), -600_000, -600_000]));
    expect(moves.length).toBeGreaterThan(0);
    expect(heldBack).toBeUndefined();
  });

  it("leases that nobody owns say nothing, neither for it nor against it", () => {
    expect(planOf(pool([-1_000, -1_000, undefined, undefined])).heldBack).toBeDefined();
    expect(planOf(pool([undefined, undefined])).heldBack).toBeUndefined();
  });

  it("a single owner's silence is an ordinary death", () => {
    expect(planOf(pool([-1_000])).heldBack).toBeUndefined();
    expect(planOf(pool([-1_000, undefined, undefined])).heldBack).toBeUndefined();
  });
});
