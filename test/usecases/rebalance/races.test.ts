import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AUDIT_LIMITS, auditInvariants } from "#domain/audit.ts";
import { leaseId } from "#domain/lease.ts";
import { slotsIn } from "#domain/range.ts";
import { epochMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { setStage } from "./stage.ts";

const FAR_MS = 3_600_000;

/** Every call waits for its turn, which comes in any order. */
function interleaved(leases: LeaseStore, scheduler: fc.Scheduler): LeaseStore {
  const turn = async <Result>(label: string, call: () => Promise<Result>): Promise<Result> => {
    await scheduler.schedule(Promise.resolve(), label);
    return call();
  };
  return {
    ...leases,
    readFleet: (pool) => turn("read", () => leases.readFleet(pool)),
    writeFleet: (fleet) => turn("write fleet", () => leases.writeFleet(fleet)),
    addLease: (fleet) => turn("add", () => leases.addLease(fleet)),
    removeLease: (lease) => turn("remove", () => leases.removeLease(lease)),
    move: (request) => turn("move", () => leases.move(request)),
    promise: (request) => turn("promise", () => leases.promise(request)),
    cancel: (request) => turn("cancel", () => leases.cancel(request)),
  };
}

describe("two rebalancers at once", () => {
  it("keep the tiling, lose no promise and settle on what is desired, in whatever order they act", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.record({
          leases: fc.integer({ min: 1, max: 4 }),
          desired: fc.integer({ min: 1, max: 5 }),
          held: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
        }),
        async (scheduler, { leases: count, desired, held }) => {
          const stage = await setStage({ leases: count, desired, nextDueMs: FAR_MS });
          for (const number of held) {
            if (number <= count) await stage.own(number, { untilMs: Infinity, then: "dies" });
          }
          const options = {
            leases: interleaved(stage.leases, scheduler),
            settings: { stayMaxMs: 0 },
          };
          const both = Promise.all([stage.run("a", options), stage.run("b", options)]);
          await scheduler.waitFor(both);

          const snapshot = await stage.leases.readFleet("p");
          if (snapshot === undefined) throw new Error("the pool is gone");
          const look = { at: stage.clock.now(), fleet: snapshot, slots: [] };
          expect(auditInvariants({ looks: [look], limits: AUDIT_LIMITS })).toEqual([]);
          const ids = new Set(snapshot.leases.map(({ id }) => id));
          for (const { giving, ranges } of snapshot.leases) {
            const promised = giving.flatMap(({ range }) => slotsIn([range], 4));
            expect(new Set(promised).size).toBe(promised.length);
            expect(giving.every(({ to }) => ids.has(to))).toBe(true);
            expect(promised.every((slot) => slotsIn(ranges, 4).includes(slot))).toBe(true);
          }
          // One more run by itself has nothing left to add.
          await stage.run("c", { settings: { stayMaxMs: 0 } });
          const after = await stage.leases.readFleet("p");
          expect(after?.leases.length).toBeGreaterThanOrEqual(Math.min(desired, ids.size));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("change nothing with a plan made before an owner took the lease", async () => {
    const stage = await setStage({ leases: 1, desired: 2, nextDueMs: FAR_MS });
    const late: LeaseStore = {
      ...stage.leases,
      async move(request) {
        await stage.own(1, { untilMs: Infinity, then: "dies" });
        return stage.leases.move(request);
      },
    };
    const report = await stage.run("a", { leases: late, settings: { stayMaxMs: 0 } });
    expect(report).toMatchObject({ applied: 1, refused: 1 });
    const lease = await stage.lease(1);
    expect(slotsIn(lease.ranges, 4)).toHaveLength(16);
    expect(lease.holder?.expiresAt).toBeGreaterThan(epochMs(stage.clock.now()));
    expect((await stage.leases.findLease("p", leaseId(2)))?.ranges).toEqual([]);
  });
});
