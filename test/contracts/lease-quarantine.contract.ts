/**
 * What every lease store allows and refuses of deaths, wards and quarantine: part of the contract of
 * lease stores.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { leaseId, type Lease, type LeaseId } from "#domain/lease.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import {
  at,
  ONE,
  Q,
  requestsIn,
  SKEW_MS,
  T0,
  TTL_MS,
  TWO,
  twoLeases,
  type Requests,
} from "#test/support/leases.ts";

interface Made {
  readonly store: LeaseStore;
  readonly pool: string;
}

export function leaseQuarantineContract(name: string, make: () => Made | Promise<Made>): void {
  describe(`lease store, deaths and quarantine: ${name}`, () => {
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

    const deathsWithinMs = 900_000;
    const free = (deaths: number): EpochMs => epochMs(T0 + deaths * (TTL_MS + SKEW_MS));
    const ward = { of: leaseId(9), until: at(5_000), deaths: 2 };

    /** The owner before is dead; with or without a right idea of what is stored. */
    async function takenOver(id: LeaseId, by: string, now: EpochMs, readAs?: Lease) {
      const request = { ...ask.acquire(id, by, now), deathsWithinMs };
      const result = await store.acquire({ ...request, ...(readAs && { readAs }) });
      if (result.kind !== "acquired") throw new Error(`not acquired: ${result.kind}`);
      expect(await stored(id)).toEqual(result.lease);
      return result.lease;
    }

    async function quarantined(now = at(60)): Promise<Lease> {
      const { version } = await takenOver(ONE, "ann", T0);
      const result = await store.quarantine(shut(version, now));
      if (result.kind !== "quarantined") throw new Error(`not quarantined: ${result.why}`);
      expect(await stored(ONE)).toEqual(result.lease);
      return result.lease;
    }

    const shut = (version: number, now: EpochMs) => ({
      ...{ pool, id: ONE, version, now, skewMaxMs: SKEW_MS, deathsWithinMs },
      until: epochMs(now + 60_000),
    });

    test("whoever takes a lease from a dead owner notes when it died; a release forgets it", async () => {
      const first = await takenOver(ONE, "ann", T0, await stored(ONE));
      expect(first.deaths).toBeUndefined();
      const second = await takenOver(ONE, "bob", free(1), first);
      expect(second).toMatchObject({ deaths: [T0 + TTL_MS], epoch: 2, version: 3 });
      const third = await takenOver(ONE, "cid", free(2), second);
      expect(third.deaths).toEqual([T0 + TTL_MS, free(1) + TTL_MS]);
      const renewed = await store.renew(ask.renew(ONE, "cid", free(2)));
      expect(renewed).toMatchObject({ kind: "renewed", lease: { deaths: third.deaths } });
      await store.release(ask.release(ONE, "cid", third.version, free(2)));
      expect((await stored(ONE)).deaths).toBeUndefined();
    });

    test("it is noted also by one that had read nothing, or something that is no longer so", async () => {
      const unowned = await stored(ONE);
      await takenOver(ONE, "ann", T0);
      const second = await takenOver(ONE, "bob", free(1));
      expect(second.deaths).toEqual([T0 + TTL_MS]);
      const third = await takenOver(ONE, "cid", free(2), unowned);
      expect(third.deaths).toHaveLength(2);
      await store.release(ask.release(ONE, "cid", third.version, free(2)));
      const fourth = await takenOver(ONE, "dan", free(2), third);
      expect(fourth.deaths).toBeUndefined();
      expect(fourth).toMatchObject({ epoch: 4, version: third.version + 2 });
    });

    test("a held lease is refused all the same, and the same request again takes it once", async () => {
      const first = await takenOver(ONE, "ann", T0);
      const early = { ...ask.acquire(ONE, "bob", at(1)), deathsWithinMs };
      for (const readAs of [first, { ...first, version: 1 }, undefined]) {
        const request = { ...early, ...(readAs && { readAs }) };
        expect(await store.acquire(request)).toEqual({ kind: "held", lease: first });
      }
      const second = await takenOver(ONE, "bob", free(1), first);
      expect(await takenOver(ONE, "bob", free(1), first)).toEqual(second);
    });

    test("a heartbeat that comes before the take keeps the lease, however it was read", async () => {
      const first = await takenOver(ONE, "ann", T0);
      const renewed = await store.renew(ask.renew(ONE, "ann", at(9)));
      const late = { ...ask.acquire(ONE, "bob", free(1)), deathsWithinMs, readAs: first };
      const held = renewed.kind === "renewed" ? renewed.lease : undefined;
      expect(await store.acquire(late)).toEqual({ kind: "held", lease: held });
    });

    test("old deaths are dropped when another is noted", async () => {
      const first = await takenOver(ONE, "ann", T0);
      const second = await takenOver(ONE, "bob", free(1), first);
      const later = epochMs(free(1) + TTL_MS + deathsWithinMs + SKEW_MS);
      expect((await takenOver(ONE, "cid", later, second)).deaths).toBeUndefined();
    });

    test("a move that takes a dead owner away notes it, and makes a ward of an empty lease", async () => {
      await takenOver(ONE, "ann", T0);
      const third = await store.addLease(twoLeases(pool).fleet);
      if (third.kind !== "added") throw new Error("not added");
      const request = { ...ask.move([2, 1], [Q[1]], free(1)), to: leaseId(3), deathsWithinMs };
      const moved = await store.move({ ...request, ward });
      expect(moved).toMatchObject({
        kind: "moved",
        from: { deaths: [T0 + TTL_MS], ranges: [Q[0]] },
        to: { ward, ranges: [Q[1]] },
      });
      if (moved.kind !== "moved") return;
      expect(await stored(ONE)).toEqual(moved.from);
      expect(await stored(leaseId(3))).toEqual(moved.to);
      expect(await store.move({ ...request, ward })).toEqual(moved);
      // What gets other ranges is a ward no longer.
      const more = ask.move([moved.from.version, moved.to.version], [Q[0]], free(1));
      await store.move({ ...more, to: leaseId(3) });
      expect((await stored(leaseId(3))).ward).toBeUndefined();
      expect((await stored(ONE)).deaths).toEqual([T0 + TTL_MS]);
    });

    test("no ward is made of a lease that has ranges, or an owner", async () => {
      const request = { ...ask.move([1, 1], [Q[1]], T0), ward };
      expect(await store.move(request)).toEqual({ kind: "refused", why: "occupied" });
    });

    test("a lease is quarantined, its dead owner removed, and nobody acquires it before its time is over", async () => {
      const lease = await quarantined();
      expect(lease).toMatchObject({
        version: 3,
        epoch: 1,
        quarantine: { since: at(60), until: at(120) },
        ward: { of: ONE, deaths: 1, until: at(120 + 900) },
      });
      expect(lease.holder).toBeUndefined();
      expect(lease.deaths).toBeUndefined();
      const over = epochMs(at(120) + SKEW_MS);
      for (const readAs of [lease, undefined]) {
        const early = { ...ask.acquire(ONE, "bob", epochMs(over - 1)), deathsWithinMs };
        expect(await store.acquire({ ...early, ...(readAs && { readAs }) })).toEqual({
          kind: "held",
          lease,
        });
      }
      expect((await store.renew(ask.renew(ONE, "ann", at(61)))).kind).toBe("lost");
      const tried = await takenOver(ONE, "bob", over, lease);
      expect(tried.quarantine).toBeUndefined();
      expect(tried).toMatchObject({ epoch: 2, ward: lease.ward, holder: { owner: "bob" } });
    });

    test("a lease that nobody owns is quarantined as well; one that is held, has moved on or is gone is not", async () => {
      const unowned = await store.quarantine(shut(1, at(1)));
      expect(unowned).toMatchObject({ kind: "quarantined", lease: { nextDueAt: T0 } });
      const two = { ...shut(1, at(1)), id: TWO };
      const stale = { ...two, version: 2 };
      expect(await store.quarantine(stale)).toEqual({ kind: "refused", why: "version" });
      const { version } = await acquired(TWO, "bob");
      const held = { ...two, version };
      expect(await store.quarantine(held)).toEqual({ kind: "refused", why: "held" });
      const gone = { ...two, id: leaseId(9) };
      expect(await store.quarantine(gone)).toEqual({ kind: "refused", why: "gone" });
    });

    test("the same quarantine again, its answer lost, is made once", async () => {
      const { version } = await takenOver(ONE, "ann", T0);
      const first = await store.quarantine(shut(version, at(60)));
      expect(await store.quarantine(shut(version, at(60)))).toEqual(first);
      expect((await stored(ONE)).version).toBe(version + 1);
    });

    test("a quarantined lease is given nothing, loses nothing, and is not removed", async () => {
      const { version } = await quarantined();
      const held = await acquired(TWO, "bob", at(60));
      const promise = { ...ask.promise([held.version, version], [Q[2]]), from: TWO, to: ONE };
      expect((await store.promise(promise)).kind).toBe("promised");
      const give = ask.give("bob", [held.version + 1, version], [Q[2]]);
      expect(await store.give({ ...give, from: TWO, to: ONE })).toMatchObject({
        kind: "refused",
        why: "quarantined",
      });
      const away = ask.move([version, held.version + 1], [Q[0]], at(61));
      expect(await store.move(away)).toEqual({ kind: "refused", why: "quarantined" });
      expect(await store.removeLease(await stored(ONE))).toBe("refused");
    });

    test("a quarantined lease is divided when its time is over", async () => {
      const { version } = await quarantined();
      await store.addLease(twoLeases(pool).fleet);
      const over = epochMs(at(120) + SKEW_MS);
      const request = { ...ask.move([version, 1], [Q[1]], over), to: leaseId(3), ward };
      const moved = await store.move({ ...request, deathsWithinMs });
      expect(moved).toMatchObject({ kind: "moved", to: { ward } });
      expect((await stored(ONE)).quarantine).toBeUndefined();
    });

    test("a quarantine is lifted once, and what was lifted is acquired", async () => {
      const { version } = await quarantined();
      const request = { pool, id: ONE, version };
      const lifted = await store.lift(request);
      if (lifted.kind !== "lifted") throw new Error(`not lifted: ${lifted.why}`);
      expect(await stored(ONE)).toEqual(lifted.lease);
      expect(lifted.lease.version).toBe(version + 1);
      for (const gone of ["quarantine", "ward", "deaths", "holder"] as const)
        expect(lifted.lease[gone]).toBeUndefined();
      expect(await store.lift(request)).toEqual(lifted);
      expect((await acquired(ONE, "bob", at(61))).deaths).toBeUndefined();
      expect(await store.lift(request)).toMatchObject({ kind: "refused", why: "version" });
    });

    test("nothing is lifted of a lease that isn't quarantined, has moved on, or is gone", async () => {
      const request = { pool, id: TWO, version: 1 };
      expect(await store.lift(request)).toMatchObject({ why: "not-quarantined" });
      const { version } = await quarantined();
      const stale = { pool, id: ONE, version: version - 1 };
      expect(await store.lift(stale)).toMatchObject({ kind: "refused", why: "version" });
      const gone = { pool, id: leaseId(9), version: 1 };
      expect(await store.lift(gone)).toEqual({ kind: "refused", why: "gone" });
    });
  });
}
