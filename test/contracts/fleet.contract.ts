/**
 * What every lease store allows and refuses of the fleet record, and of leases that are added and removed: part of the contract of
 * lease stores.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { leaseId, type Lease, type LeaseId } from "#domain/lease.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { at, ONE, requestsIn, T0, TWO, twoLeases, type Requests } from "#test/support/leases.ts";

interface Made {
  readonly store: LeaseStore;
  readonly pool: string;
}

export function fleetContract(name: string, make: () => Made | Promise<Made>): void {
  describe(`lease store, fleet: ${name}`, () => {
    let store: LeaseStore;
    let pool: string;
    let ask: Requests;

    beforeEach(async () => {
      ({ store, pool } = await make());
      ask = requestsIn(pool);
      await store.found(twoLeases(pool));
    });

    async function stored(id: LeaseId): Promise<Lease> {
      const lease = await store.findLease(pool, id);
      if (lease === undefined) throw new Error(`lease ${id} is gone`);
      return lease;
    }

    async function acquired(id: LeaseId, by: string, now = T0): Promise<Lease> {
      const result = await store.acquire(ask.acquire(id, by, now));
      if (result.kind !== "acquired") throw new Error(`not acquired: ${result.kind}`);
      return result.lease;
    }

    test("a lease is added under the next number, without ranges and with nothing due", async () => {
      const { fleet } = twoLeases(pool);
      const added = await store.addLease(fleet);
      expect(added).toMatchObject({
        kind: "added",
        fleet: { nextLease: 4, version: 2 },
        lease: { id: leaseId(3), ranges: [], epoch: 0, version: 1 },
      });
      expect((await store.readFleet(pool))?.leases.map((lease) => lease.id)).toEqual([
        ONE,
        TWO,
        leaseId(3),
      ]);
    });

    test("a lease is not added to a fleet that has moved on, and one request adds one lease", async () => {
      const { fleet } = twoLeases(pool);
      const first = await store.addLease(fleet);
      expect(await store.addLease(fleet)).toEqual(first);
      expect(await store.addLease({ ...fleet, desired: 7 })).toEqual({ kind: "refused" });
      expect((await store.readFleet(pool))?.leases.length).toBe(3);
    });

    test("a lease is removed when it has no ranges, no owner and the version as known", async () => {
      const added = await store.addLease(twoLeases(pool).fleet);
      if (added.kind === "refused") throw new Error("not added");
      expect(await store.removeLease({ ...added.lease, version: 9 })).toBe("refused");
      expect(await store.removeLease(await stored(ONE))).toBe("refused");
      const held = await acquired(added.lease.id, "cid");
      expect(await store.removeLease(held)).toBe("refused");
      await store.release(ask.release(held.id, "cid", held.version, at(1)));
      const free = await stored(held.id);
      expect(await store.removeLease(free)).toBe("removed");
      expect(await store.removeLease(free)).toBe("removed");
      expect(await store.findLease(pool, held.id)).toBeUndefined();
    });

    test("the fleet is written where its version is as read, and then has the next", async () => {
      const { fleet } = twoLeases(pool);
      const told = { at: at(1), by: "run-1", startMs: 312, throttledTotal: 7, unitsTotal: 12.5 };
      const mine = { ...fleet, desired: 5, lastRebalance: told };
      const written = { kind: "written", fleet: { ...mine, version: 2 } };
      expect(await store.writeFleet(mine)).toEqual(written);
      expect(await store.writeFleet(mine)).toEqual(written);
      expect(await store.writeFleet(fleet)).toEqual({ kind: "refused", fleet: written.fleet });
      // An older version of the code leaves out what it doesn't know.
      const older = { ...written.fleet, lastRebalance: { at: at(3), by: "run-3" } };
      await store.writeFleet(older);
      expect((await store.readFleet(pool))?.fleet).toEqual({ ...older, version: 3 });
    });

    test("the fleet of a pool that isn't there is refused, and none is made", async () => {
      const nowhere = { ...twoLeases(pool).fleet, pool: `${pool}-unknown` };
      expect(await store.writeFleet(nowhere)).toEqual({ kind: "refused" });
      expect(await store.addLease(nowhere)).toEqual({ kind: "refused" });
      expect(await store.readFleet(nowhere.pool)).toBeUndefined();
    });
  });
}
