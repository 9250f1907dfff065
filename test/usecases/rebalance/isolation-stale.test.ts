import { expect, it } from "vitest";
import { limits } from "#domain/limits.ts";
import { rangesOfSlots, slotsIn, tiling, union } from "#domain/range.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { die, POOL, setStage } from "./stage.ts";

// It looks like the run's own first move, sent again; the later ones count on other ranges.
it("divides no further by a plan of which another made the first move otherwise", async () => {
  const stage = await setStage({ leases: 1, nextDueMs: 10_000 });
  await die(stage, "first");
  await stage.clock.advance(limits.leaseTtlMs + limits.skewMaxMs);
  await die(stage, "second");
  const calls: string[] = [];
  const leases: LeaseStore = {
    ...stage.leases,
    readFleet(pool) {
      calls.push("read");
      return stage.leases.readFleet(pool);
    },
    async move(request) {
      if (!calls.includes("move")) {
        const last = slotsIn((await stage.lease(1)).ranges, 4).at(-1);
        if (last === undefined) throw new Error("nothing to divide");
        const ranges = union(request.ranges, rangesOfSlots([last], 4));
        await stage.leases.move({ ...request, ranges });
      }
      calls.push("move");
      return stage.leases.move(request);
    },
  };
  void stage.run("a", { leases, deadlineMs: 40_000 });
  await stage.clock.advance(20_000);

  const first = calls.indexOf("move");
  expect(calls[first + 1]).toBe("read");
  const snapshot = await stage.leases.readFleet(POOL);
  expect(tiling((snapshot?.leases ?? []).map(({ ranges }) => ranges)).kind).toBe("tiles");
});
