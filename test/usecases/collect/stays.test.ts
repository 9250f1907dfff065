import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { leaseId, type Lease } from "#domain/lease.ts";
import { slot, slotOf } from "#domain/slot.ts";
import { slotRange } from "#domain/range.ts";
import { after } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { collectorWorld, noopTarget, POOL } from "#test/support/collector-world.ts";
import { owner } from "#test/support/leases.ts";

const SLOTS_LOG2 = 2;
const OFTEN = every(10_000);
const GIVEN = slot(2, SLOTS_LOG2);
const GIVER = owner("giver");
const HOUR_MS = 3_600_000;

describe("a collector that lets go for want of work", () => {
  it("stays when it is given some before its release is written, and nothing is late", async () => {
    const world = await collectorWorld({ leases: 2, slotsLog2: SLOTS_LOG2 });
    const ids = Array.from({ length: 40 }, (_, index) => `t-${index}`).filter(
      (id) => slotOf(targetHash(id).hash32, SLOTS_LOG2) === GIVEN,
    );
    await world.register(ids.map((id) => noopTarget(id, OFTEN)));
    const now = world.clock.now();
    await world.leases.acquire({
      pool: POOL,
      id: leaseId(2),
      owner: GIVER,
      now,
      ttlMs: HOUR_MS,
      skewMaxMs: 0,
      deadlineAt: after(now, HOUR_MS),
    });
    async function lease(number: number): Promise<Lease> {
      const found = await world.leases.findLease(POOL, leaseId(number));
      if (found === undefined) throw new Error(`lease ${number} is gone`);
      return found;
    }
    async function give(): Promise<void> {
      const ranges = [slotRange(GIVEN, SLOTS_LOG2)];
      const [from, to] = [await lease(2), await lease(1)];
      const both = { pool: POOL, from: from.id, to: to.id, toVersion: to.version, ranges };
      await world.leases.promise({ ...both, fromVersion: from.version });
      const { version: fromVersion } = await lease(2);
      const given = { owner: GIVER, open: [], now: world.clock.now(), skewMaxMs: 0 };
      await world.leases.give({ ...both, ...given, fromVersion });
    }
    let givenAt: number | undefined;
    const leases: LeaseStore = {
      ...world.leases,
      async release(request) {
        if (givenAt === undefined) {
          await give();
          givenAt = world.clock.now();
        }
        return await world.leases.release(request);
      },
    };
    world.start(1, { deps: { leases } });
    await world.clock.advance(60_000);
    const from = after(world.clock.now(), -30_000);
    expect(givenAt).toBeLessThan(from);
    expect(world.reports).toEqual([]);
    for (const id of ids) {
      const instants = world.instants(id, OFTEN, from, world.clock.now());
      expect(instants.length).toBeGreaterThan(1);
      expect(world.arrivalsOf(id).filter((at) => at >= from)).toEqual(instants);
    }
  });
});
