/**
 * What every lease store allows and refuses: each condition of DESIGN section 4, both ways.
 *
 * `make` yields a store in which the pool it names doesn't exist yet.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { leaseId, newLease, type Lease, type LeaseId } from "#domain/lease.ts";
import { loadPiece } from "#domain/load.ts";
import { HASH_SPACE, tiling } from "#domain/range.ts";
import { epochMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import {
  at,
  ONE,
  openEntry,
  progressAt,
  Q,
  requestsIn,
  SKEW_MS,
  T0,
  TTL_MS,
  TWO,
  twoLeases,
  type Requests,
} from "#test/support/leases.ts";
import { fleetContract } from "./fleet.contract.ts";
import { leaseQuarantineContract } from "./lease-quarantine.contract.ts";

export interface LeaseStoreUnderTest {
  readonly store: LeaseStore;
  readonly pool: string;
}

export function leaseStoreContract(
  name: string,
  make: () => LeaseStoreUnderTest | Promise<LeaseStoreUnderTest>,
): void {
  leaseQuarantineContract(name, make);
  fleetContract(name, make);

  describe(`lease store: ${name}`, () => {
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

    async function versions(): Promise<[number, number]> {
      return [(await stored(ONE)).version, (await stored(TWO)).version];
    }

    async function acquired(id: LeaseId, by: string, now = T0): Promise<Lease> {
      const result = await store.acquire(ask.acquire(id, by, now));
      if (result.kind !== "acquired") throw new Error(`not acquired: ${result.kind}`);
      return result.lease;
    }

    async function promised(ranges = [Q[1]]): Promise<void> {
      const result = await store.promise(ask.promise(await versions(), ranges));
      if (result.kind !== "promised") throw new Error(`not promised: ${result.why}`);
    }

    describe("founding", () => {
      test("a pool that was never founded has no fleet and no leases", async () => {
        expect(await store.readFleet(`${pool}-unknown`)).toBeUndefined();
        expect(await store.findLease(`${pool}-unknown`, ONE)).toBeUndefined();
      });

      test("a founded pool reads back as it was founded, leases in the order of their numbers", async () => {
        expect(await store.readFleet(pool)).toEqual(twoLeases(pool));
      });

      test("the fleet's own record is read by itself", async () => {
        expect(await store.findFleet(`${pool}-unknown`)).toBeUndefined();
        expect(await store.findFleet(pool)).toEqual(twoLeases(pool).fleet);
      });

      test("founding again changes nothing", async () => {
        await acquired(ONE, "ann");
        const before = await store.readFleet(pool);
        const again = twoLeases(pool);
        expect(await store.found({ ...again, fleet: { ...again.fleet, desired: 9 } })).toBe(
          "exists",
        );
        expect(await store.readFleet(pool)).toEqual(before);
      });

      test("a pool of 250 leases is founded whole, and lease 100 comes after lease 99", async () => {
        const large = `${pool}-large`;
        const width = HASH_SPACE / 256;
        const leases = Array.from({ length: 250 }, (_, index) => {
          const to = index === 249 ? HASH_SPACE : (index + 1) * width;
          return newLease(large, leaseId(index + 1), [{ from: index * width, to }], T0);
        });
        const { fleet } = twoLeases(large);
        expect(await store.found({ fleet, leases })).toBe("founded");
        expect(await store.readFleet(large)).toEqual({ fleet, leases });
      });
    });

    describe("acquire", () => {
      test("an unowned lease is acquired under the next epoch and version", async () => {
        const lease = await acquired(ONE, "ann", at(1));
        expect(lease).toEqual({
          ...twoLeases(pool).leases[0],
          epoch: 1,
          version: 2,
          holder: {
            owner: "ann",
            expiresAt: at(1) + TTL_MS,
            deadlineAt: at(1) + 900_000,
          },
        });
        expect(await stored(ONE)).toEqual(lease);
      });

      test("a held lease is refused, and its owner named", async () => {
        const lease = await acquired(ONE, "ann");
        expect(await store.acquire(ask.acquire(ONE, "bob", at(1)))).toEqual({
          kind: "held",
          lease,
        });
        expect(await stored(ONE)).toEqual(lease);
      });

      test("an expired lease is refused until skewMax after its expiry, and acquired from then on", async () => {
        await acquired(ONE, "ann");
        const free = epochMs(T0 + TTL_MS + SKEW_MS);
        const early = await store.acquire(ask.acquire(ONE, "bob", epochMs(free - 1)));
        expect(early.kind).toBe("held");
        const lease = await acquired(ONE, "bob", free);
        expect(lease).toMatchObject({ epoch: 2, version: 3, holder: { owner: "bob" } });
      });

      test("a lease that isn't there is gone, and none is made", async () => {
        const nine = leaseId(9);
        expect(await store.acquire(ask.acquire(nine, "ann", T0))).toEqual({ kind: "gone" });
        expect(await store.findLease(pool, nine)).toBeUndefined();
      });

      test("the same request again, its answer lost, is acquired once", async () => {
        const lease = await acquired(ONE, "ann");
        expect(await store.acquire(ask.acquire(ONE, "ann", T0))).toEqual({
          kind: "acquired",
          lease,
        });
        expect(await stored(ONE)).toEqual(lease);
      });

      test("the same request again, after our own expiry, still takes no second epoch", async () => {
        const lease = await acquired(ONE, "ann");
        const late = await store.acquire(ask.acquire(ONE, "ann", at(60)));
        expect(late).toEqual({ kind: "acquired", lease });
      });
    });

    describe("renew", () => {
      test("a heartbeat moves the expiry, counted from when it was sent, and nothing a plan relies on", async () => {
        const before = await acquired(ONE, "ann");
        const renewed = await store.renew(ask.renew(ONE, "ann", at(3)));
        const lease = {
          ...before,
          holder: { ...before.holder, expiresAt: at(3) + TTL_MS },
          progress: progressAt(at(3)),
        };
        expect(renewed).toEqual({ kind: "renewed", lease });
        expect(await stored(ONE)).toEqual(lease);
      });

      test("a heartbeat returns what has changed since: promises too", async () => {
        await acquired(ONE, "ann");
        await promised();
        const renewed = await store.renew(ask.renew(ONE, "ann", at(3)));
        expect(renewed).toMatchObject({
          kind: "renewed",
          lease: { version: 3, giving: [{ range: Q[1], to: TWO }] },
        });
      });

      test("loads are written when given and kept when not", async () => {
        await acquired(ONE, "ann");
        const loads = [loadPiece({ from: 0, to: HASH_SPACE / 2 }, [1, 2, 4, 8])];
        await store.renew({ ...ask.renew(ONE, "ann", at(3)), loads });
        const kept = await store.renew(ask.renew(ONE, "ann", at(6)));
        expect(kept).toMatchObject({ kind: "renewed", lease: { loads } });
      });

      test("whose lease was taken has lost it, and learns who has it", async () => {
        await acquired(ONE, "ann");
        const lease = await acquired(ONE, "bob", at(60));
        expect(await store.renew(ask.renew(ONE, "ann", at(61)))).toEqual({ kind: "lost", lease });
        expect(await stored(ONE)).toEqual(lease);
      });

      test("a heartbeat that lands after a later one doesn't shorten the lease: its owner counts on it", async () => {
        await acquired(ONE, "ann");
        await store.renew(ask.renew(ONE, "ann", at(6)));
        const lease = await stored(ONE);
        const late = await store.renew(ask.renew(ONE, "ann", at(3)));
        expect(late).toEqual({ kind: "renewed", lease });
        expect(await stored(ONE)).toEqual(lease);
        expect(lease).toMatchObject({ holder: { expiresAt: at(6) + TTL_MS } });
      });

      test("an expired lease that nobody took is renewed: clocks decide liveness only", async () => {
        await acquired(ONE, "ann");
        const renewed = await store.renew(ask.renew(ONE, "ann", at(60)));
        expect(renewed).toMatchObject({ kind: "renewed", lease: { epoch: 1 } });
      });

      test("a lease that isn't there is lost, and none is made", async () => {
        expect(await store.renew(ask.renew(leaseId(9), "ann", T0))).toEqual({ kind: "lost" });
        expect(await store.findLease(pool, leaseId(9))).toBeUndefined();
      });
    });

    describe("release", () => {
      test("a release leaves no owner, the next due moment, what is open, and the epoch as it was", async () => {
        const { version } = await acquired(ONE, "ann");
        const request = {
          ...ask.release(ONE, "ann", version, at(5)),
          open: [openEntry(Q[0], at(6))],
        };
        const released = await store.release(request);
        const lease = {
          ...twoLeases(pool).leases[0],
          epoch: 1,
          version: version + 1,
          nextDueAt: request.nextDueAt,
          open: request.open,
          progress: request.progress,
        };
        expect(released).toEqual({ kind: "released", lease });
        expect(await stored(ONE)).toEqual(lease);
      });

      test("a released lease can be acquired at once", async () => {
        const { version } = await acquired(ONE, "ann");
        await store.release(ask.release(ONE, "ann", version, at(5)));
        expect(await acquired(ONE, "bob", at(5))).toMatchObject({ epoch: 2, version: version + 2 });
      });

      test("a release is refused to another, and to an owner who doesn't know the version", async () => {
        const { version } = await acquired(ONE, "ann");
        await promised();
        const lease = await stored(ONE);
        const stale = ask.release(ONE, "ann", version, at(5));
        const foreign = ask.release(ONE, "bob", lease.version, at(5));
        expect(await store.release(stale)).toEqual({ kind: "refused", lease });
        expect(await store.release(foreign)).toEqual({ kind: "refused", lease });
        expect(await store.release({ ...stale, id: leaseId(9) })).toEqual({ kind: "refused" });
        expect(await stored(ONE)).toEqual(lease);
      });

      test("the same release again, its answer lost, is released once", async () => {
        const { version } = await acquired(ONE, "ann");
        const request = ask.release(ONE, "ann", version, at(5));
        const first = await store.release(request);
        expect(await store.release(request)).toEqual(first);
        expect((await stored(ONE)).version).toBe(version + 1);
      });

      test("a release that lands after the next owner has acquired is refused", async () => {
        const { version } = await acquired(ONE, "ann");
        const request = ask.release(ONE, "ann", version, at(5));
        await store.release(request);
        const lease = await acquired(ONE, "bob", at(5));
        expect(await store.release(request)).toEqual({ kind: "refused", lease });
      });
    });

    describe("promise and cancel", () => {
      test("a promise adds to what is to be given and raises the giver's version only", async () => {
        const result = await store.promise(ask.promise([1, 1], [Q[1]]));
        const [one, two] = twoLeases(pool).leases;
        const from = { ...one, version: 2, giving: [{ range: Q[1], to: TWO }] };
        expect(result).toEqual({ kind: "promised", from });
        expect(await stored(ONE)).toEqual(from);
        expect(await stored(TWO)).toEqual(two);
      });

      test("a promise is refused when either version has moved on", async () => {
        await acquired(TWO, "bob");
        const refused = { kind: "refused", why: "version" };
        expect(await store.promise(ask.promise([1, 1], [Q[1]]))).toEqual(refused);
        expect(await store.promise(ask.promise([2, 2], [Q[1]]))).toEqual(refused);
        expect((await store.promise(ask.promise([1, 2], [Q[1]]))).kind).toBe("promised");
      });

      test("a promise is refused of what the giver lacks or has promised, to itself, and to nobody", async () => {
        await promised();
        const [from, to] = await versions();
        const notMine = { kind: "refused", why: "not-mine" };
        expect(await store.promise(ask.promise([from, to], [Q[2]]))).toEqual(notMine);
        expect(await store.promise(ask.promise([from, to], [Q[1]]))).toEqual(notMine);
        const toItself = { ...ask.promise([from, from], [Q[0]]), to: ONE };
        expect(await store.promise(toItself)).toEqual(notMine);
        const toNobody = { ...ask.promise([from, to], [Q[0]]), to: leaseId(9) };
        expect(await store.promise(toNobody)).toEqual({ kind: "refused", why: "gone" });
      });

      test("the same promise again, its answer lost, is promised once", async () => {
        const request = ask.promise([1, 1], [Q[1]]);
        const first = await store.promise(request);
        expect(await store.promise(request)).toEqual(first);
        expect((await stored(ONE)).version).toBe(2);
      });

      test("a cancel drops the promises over its ranges, cut at their bounds", async () => {
        await promised([Q[0], Q[1]]);
        const { version } = await stored(ONE);
        const half = { from: 0, to: HASH_SPACE / 8 };
        const result = await store.cancel({ pool, id: ONE, version, ranges: [half] });
        expect(result.kind).toBe("cancelled");
        expect((await stored(ONE)).giving).toEqual([
          { range: { from: HASH_SPACE / 8, to: HASH_SPACE / 4 }, to: TWO },
          { range: Q[1], to: TWO },
        ]);
      });

      test("a cancel is refused when the version has moved on, and of a lease that is gone", async () => {
        await promised();
        const request = { pool, id: ONE, version: 1, ranges: [Q[1]] };
        expect(await store.cancel(request)).toEqual({ kind: "refused", why: "version" });
        const gone = { kind: "refused", why: "gone" };
        expect(await store.cancel({ ...request, id: leaseId(9) })).toEqual(gone);
        expect((await stored(ONE)).giving).toEqual([{ range: Q[1], to: TWO }]);
      });

      test("the same cancel again, its answer lost, is cancelled once", async () => {
        await promised();
        const request = { pool, id: ONE, version: 2, ranges: [Q[1]] };
        const first = await store.cancel(request);
        expect(await store.cancel(request)).toEqual(first);
        expect((await stored(ONE)).version).toBe(3);
      });

      test("a cancel that comes after the give is refused, not taken for done", async () => {
        await acquired(ONE, "ann");
        await promised();
        const [version, to] = await versions();
        await store.give(ask.give("ann", [version, to], [Q[1]]));
        const result = await store.cancel({ pool, id: ONE, version, ranges: [Q[1]] });
        expect(result).toEqual({ kind: "refused", why: "version" });
      });
    });

    describe("give", () => {
      async function ready(): Promise<[number, number]> {
        await acquired(ONE, "ann");
        await promised();
        return await versions();
      }

      test("a give moves ranges and what is open, and raises both versions and the taker's epoch", async () => {
        const [from, to] = await ready();
        const request = ask.give("ann", [from, to], [Q[1]]);
        const given = await store.give(request);
        if (given.kind !== "given") throw new Error(`not given: ${given.why}`);
        expect(given.from).toMatchObject({
          ranges: [Q[0]],
          giving: [],
          open: [],
          epoch: 1,
          version: from + 1,
          holder: { owner: "ann" },
        });
        expect(given.to).toMatchObject({
          ranges: [{ from: Q[1].from, to: Q[3].to }],
          open: request.open,
          epoch: 2,
          version: to + 1,
          nextDueAt: request.now,
        });
        expect(await stored(ONE)).toEqual(given.from);
        expect(await stored(TWO)).toEqual(given.to);
      });

      test("the taker's epoch is above both, its own included", async () => {
        for (const [by, seconds] of [
          ["b1", 0],
          ["b2", 60],
          ["b3", 120],
        ] as const) {
          await acquired(TWO, by, at(seconds));
        }
        const [from, to] = await ready();
        const given = await store.give(ask.give("ann", [from, to], [Q[1]]));
        expect(given).toMatchObject({ kind: "given", to: { epoch: 4, holder: { owner: "b3" } } });
      });

      test("a give is refused to another, at other versions, of what was not promised, to nobody", async () => {
        const [from, to] = await ready();
        const why = async (request: Parameters<LeaseStore["give"]>[0]): Promise<string> => {
          const result = await store.give(request);
          return result.kind === "refused" ? result.why : result.kind;
        };
        expect(await why(ask.give("bob", [from, to], [Q[1]]))).toBe("owner");
        expect(await why(ask.give("ann", [from - 1, to], [Q[1]]))).toBe("version");
        expect(await why(ask.give("ann", [from, to + 1], [Q[1]]))).toBe("version");
        expect(await why(ask.give("ann", [from, to], [Q[0]]))).toBe("not-promised");
        expect(await why({ ...ask.give("ann", [from, to], [Q[1]]), to: leaseId(9) })).toBe("gone");
        expect(await versions()).toEqual([from, to]);
      });

      test("a give whose taker was acquired meanwhile is refused, and shows both as they are", async () => {
        const [from, to] = await ready();
        const taker = await acquired(TWO, "bob");
        const refused = await store.give(ask.give("ann", [from, to], [Q[1]]));
        expect(refused).toMatchObject({ kind: "refused", why: "version", to: taker });
        expect((await store.give(ask.give("ann", [from, to + 1], [Q[1]]))).kind).toBe("given");
      });

      test("the same give again, its answer lost, is given once", async () => {
        const request = ask.give("ann", await ready(), [Q[1]]);
        const first = await store.give(request);
        expect(await store.give(request)).toEqual(first);
        const ranges = (await store.readFleet(pool))?.leases.map((lease) => lease.ranges);
        expect(tiling(ranges ?? []).kind).toBe("tiles");
      });

      test("a give is recognised as done also when the taker has gone on since", async () => {
        const request = ask.give("ann", await ready(), [Q[1]]);
        await store.give(request);
        const taker = await acquired(TWO, "bob", at(2));
        expect(await store.give(request)).toMatchObject({ kind: "given", to: taker });
      });

      test("entries that are still open travel with their ranges, cut at the bounds; past ones are dropped", async () => {
        const lease = await acquired(ONE, "ann");
        const whole = { from: 0, to: HASH_SPACE / 2 };
        const open = [openEntry(whole, at(1)), openEntry(whole, epochMs(T0 - 60_000))];
        await store.release({ ...ask.release(ONE, "ann", lease.version, at(0)), open });
        await acquired(ONE, "amy", at(0));
        await promised();
        const given = await store.give(ask.give("amy", await versions(), [Q[1]]));
        expect(given).toMatchObject({
          kind: "given",
          from: { open: [openEntry(Q[0], at(1))] },
          to: { open: [openEntry(Q[1], at(1)), openEntry(Q[1], at(4))] },
        });
      });
    });

    describe("move", () => {
      test("a move takes ranges from an unowned lease, promises of them too", async () => {
        await promised([Q[0], Q[1]]);
        const [from, to] = await versions();
        const moved = await store.move(ask.move([from, to], [Q[1]], at(1)));
        expect(moved).toMatchObject({
          kind: "moved",
          from: { ranges: [Q[0]], giving: [{ range: Q[0], to: TWO }], version: from + 1 },
          to: {
            ranges: [{ from: Q[1].from, to: Q[3].to }],
            epoch: 1,
            version: to + 1,
            nextDueAt: at(1),
          },
        });
      });

      test("a move from a held lease is refused until skewMax after its expiry, then it takes the owner away", async () => {
        await acquired(ONE, "ann");
        const free = epochMs(T0 + TTL_MS + SKEW_MS);
        const early = await store.move(ask.move([2, 1], [Q[1]], epochMs(free - 1)));
        expect(early).toEqual({ kind: "refused", why: "held" });
        const moved = await store.move(ask.move([2, 1], [Q[1]], free));
        expect(moved.kind).toBe("moved");
        expect((await stored(ONE)).holder).toBeUndefined();
        expect(await stored(TWO)).toMatchObject({ epoch: 2 });
        expect((await store.renew(ask.renew(ONE, "ann", free))).kind).toBe("lost");
      });

      test("a plan from versions that have moved on changes nothing", async () => {
        await acquired(TWO, "bob");
        const before = await store.readFleet(pool);
        const refused = { kind: "refused", why: "version" };
        expect(await store.move(ask.move([1, 1], [Q[1]], at(1)))).toEqual(refused);
        expect(await store.move(ask.move([2, 2], [Q[1]], at(1)))).toEqual(refused);
        expect(await store.readFleet(pool)).toEqual(before);
      });

      test("a heartbeat doesn't spoil a plan: the move lands, and the taker keeps its owner", async () => {
        await acquired(TWO, "bob");
        await store.renew(ask.renew(TWO, "bob", at(3)));
        const moved = await store.move(ask.move([1, 2], [Q[1]], at(3)));
        expect(moved).toMatchObject({ kind: "moved", to: { holder: { owner: "bob" } } });
      });

      test("a move is refused of what the lease lacks, to itself, and to nobody", async () => {
        const notMine = { kind: "refused", why: "not-mine" };
        expect(await store.move(ask.move([1, 1], [Q[2]], at(1)))).toEqual(notMine);
        expect(await store.move({ ...ask.move([1, 1], [Q[0]], at(1)), to: ONE })).toEqual(notMine);
        const toNobody = { ...ask.move([1, 1], [Q[0]], at(1)), to: leaseId(9) };
        expect(await store.move(toNobody)).toEqual({ kind: "refused", why: "gone" });
      });

      test("the same move again, its answer lost, is moved once", async () => {
        const request = ask.move([1, 1], [Q[1]], at(1));
        const first = await store.move(request);
        expect(await store.move(request)).toEqual(first);
        expect(await versions()).toEqual([2, 2]);
      });
    });

    test("what a store hands out can be changed by nobody", async () => {
      const lease = await acquired(ONE, "ann");
      Reflect.set(lease.ranges, 0, Q[3]);
      expect((await stored(ONE)).ranges).toEqual(twoLeases(pool).leases[0]?.ranges);
    });
  });
}
