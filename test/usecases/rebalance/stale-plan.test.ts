import { describe, expect, it } from "vitest";
import { leaseId } from "#domain/lease.ts";
import { rangesOfSlots, union } from "#domain/range.ts";
import type { Slot } from "#domain/slot.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { POOL, setStage, type Stage } from "./stage.ts";

const FAR_MS = 3_600_000;

/** Just before the first promise somebody else changes the lease that promises. */
function changedMeanwhile(stage: Stage): LeaseStore {
  let isChanged = false;
  return {
    ...stage.leases,
    async promise(request) {
      if (!isChanged) {
        isChanged = true;
        const { version } = await stage.lease(1);
        await stage.leases.cancel({ pool: POOL, id: leaseId(1), version, ranges: [] });
      }
      return stage.leases.promise(request);
    },
  };
}

/** Just before the first promise somebody else makes it, and promises the first slot as well. */
function promisedMeanwhile(stage: Stage): LeaseStore {
  let isPromised = false;
  return {
    ...stage.leases,
    async promise(request) {
      if (!isPromised) {
        isPromised = true;
        const ranges = union(request.ranges, rangesOfSlots([0 as Slot], 4));
        await stage.leases.promise({ ...request, ranges });
      }
      return stage.leases.promise(request);
    },
  };
}

describe("a plan of several moves on one lease", () => {
  // The other's change makes the version just what the plan foresaw for its second promise.
  it("changes nothing from the first move on that was refused", async () => {
    const stage = await setStage({ leases: 1, desired: 3, nextDueMs: FAR_MS });
    await stage.own(1, { untilMs: Infinity, then: "dies" });
    const run = stage.run("a", { leases: changedMeanwhile(stage), settings: { stayMaxMs: 0 } });
    await stage.clock.advance(1_000);
    const report = await run;
    expect(report).toMatchObject({ kind: "rebalanced", applied: 2, refused: 2 });
    expect((await stage.lease(1)).giving).toEqual([]);
  });

  // It looks like the plan's own first promise, sent again; the second counts on another lease.
  it("changes nothing from the first move on that another had made otherwise", async () => {
    const stage = await setStage({ leases: 1, desired: 3, nextDueMs: FAR_MS });
    await stage.own(1, { untilMs: Infinity, then: "dies" });
    const run = stage.run("a", { leases: promisedMeanwhile(stage), settings: { stayMaxMs: 0 } });
    await stage.clock.advance(1_000);
    const report = await run;
    expect(report).toMatchObject({ kind: "rebalanced", applied: 3, refused: 1 });
    const { giving } = await stage.lease(1);
    expect(new Set(giving.map(({ to }) => to))).toEqual(new Set([leaseId(2)]));
  });
});
