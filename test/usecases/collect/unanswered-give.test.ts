/** A give that has no answer: it may land at any time, until it is refused. */
import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { DependencyError } from "#domain/errors.ts";
import { leaseId, type GiveRequest } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { contains } from "#domain/range.ts";
import { targetHash } from "#domain/hash.ts";
import { between, epochMs, type EpochMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { collectorWorld, noopTarget, POOL } from "#test/support/collector-world.ts";

const CADENCE = every(10_000);
const IDS = Array.from({ length: 60 }, (_, index) => `t-${index}`);

/** Two owners; the first is asked to give a part, and the store doesn't answer its gives at first. */
async function unansweredWorld() {
  const world = await collectorWorld({ leases: 2, slotsLog2: 3, latencyMs: () => 100 });
  await world.register(IDS.map((id) => noopTarget(id, CADENCE)));
  const asked: GiveRequest[] = [];
  const renewed: EpochMs[] = [];
  const store = { answers: false };
  const leases: LeaseStore = {
    ...world.leases,
    give(request) {
      asked.push(request);
      if (store.answers) return world.leases.give(request);
      return Promise.reject(new DependencyError("lease.give: no answer", { retryable: true }));
    },
    renew(request) {
      renewed.push(world.clock.now());
      return world.leases.renew(request);
    },
  };
  const giver = world.start(1, { deps: { leases } });
  world.start(2);
  await world.clock.advance(25_000);
  const [a, b] = (await world.leases.readFleet(POOL))?.leases ?? [];
  if (a?.ranges[0] === undefined || b === undefined) throw new Error("expected two leases");
  const moving = { from: a.ranges[0].from, to: a.ranges[0].from + 2 ** 30 };
  const versions = { from: a.id, fromVersion: a.version, to: b.id, toVersion: b.version };
  const promised = await world.leases.promise({ pool: POOL, ...versions, ranges: [moving] });
  expect(promised.kind).toBe("promised");
  const moved = IDS.filter((id) => contains([moving], targetHash(id).hash32));
  expect(moved.length).toBeGreaterThan(5);
  /** What the giver started of it later than that. */
  const startedByGiver = (since: number): number =>
    world.arrivals.filter(
      ({ target, at, owner }) => moved.includes(target) && at > since && owner === giver.owner,
    ).length;
  return { world, asked, renewed, store, moving, moved, startedByGiver };
}

describe("a give without an answer", () => {
  it("is asked again with each heartbeat, the same in every word, and holds up none", async () => {
    const { world, asked, renewed } = await unansweredWorld();
    const from = world.clock.now();
    await world.clock.advance(60_000);
    const beats = renewed.filter((at) => at >= from);
    const gaps = beats.slice(1).map((at, index) => between(beats[index] ?? at, at));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(limits.heartbeatEveryMs + 200);
    expect(asked.length).toBeGreaterThan(15);
    expect(asked.length).toBeLessThanOrEqual(beats.length);
    for (const request of asked) expect(request).toEqual(asked[0]);
  });

  it("leaves what is due from the cut on alone, however long it takes, as it may land late", async () => {
    const { world, asked, moved, startedByGiver } = await unansweredWorld();
    await world.clock.advance(90_000);
    const [first] = asked;
    const cut = first?.open[0]?.cut;
    if (first === undefined || cut === undefined) throw new Error("expected a give with a cut");
    expect(startedByGiver(cut)).toBe(0);

    expect((await world.leases.give(first)).kind).toBe("given");
    await world.clock.advance(30_000);
    expect(startedByGiver(cut)).toBe(0);
    const end = world.clock.now();
    for (const id of moved) {
      const recent = epochMs(end - 15_000);
      const due = world.instants(id, CADENCE, recent, epochMs(end - 1_000)).length;
      const captured = world.arrivalsOf(id).filter((at) => at > recent && at <= end - 1_000).length;
      expect(captured).toBe(due);
    }
  });

  it("is settled by the first answer, and the slots go on with their new owner", async () => {
    const { world, asked, store, moving, startedByGiver } = await unansweredWorld();
    await world.clock.advance(30_000);
    store.answers = true;
    const count = asked.length;
    await world.clock.advance(limits.heartbeatEveryMs + 200);
    expect(asked).toHaveLength(count + 1);
    const taker = await world.leases.findLease(POOL, leaseId(2));
    expect(contains(taker?.ranges ?? [], moving.from)).toBe(true);
    const since = world.clock.now();
    await world.clock.advance(30_000);
    expect(startedByGiver(since)).toBe(0);
    expect(asked).toHaveLength(count + 1);
  });

  it("is refused once the taker has changed, and given anew at a new cut: none twice, none missing", async () => {
    const { world, asked, store, moved, startedByGiver } = await unansweredWorld();
    await world.clock.advance(30_000);
    const version = (await world.leases.findLease(POOL, leaseId(2)))?.version ?? 0;
    await world.leases.cancel({ pool: POOL, id: leaseId(2), version, ranges: [] });
    store.answers = true;
    await world.clock.advance(limits.heartbeatEveryMs + 200);
    const cuts = new Set(asked.map(({ open }) => open[0]?.cut));
    expect(cuts.size).toBe(2);
    const from = world.clock.now();
    await world.clock.advance(30_000);
    expect(startedByGiver(from + limits.giveCutAheadMs)).toBe(0);
    const end = epochMs(world.clock.now() - 1_000);
    for (const id of moved) {
      const captured = world.arrivalsOf(id).filter((at) => at > from && at <= end).length;
      expect(captured).toBe(world.instants(id, CADENCE, from, end).length);
    }
  });

  it("can't land once its lease's version was raised: the slots are the giver's as before", async () => {
    const { world, asked, moved } = await unansweredWorld();
    await world.clock.advance(30_000);
    const { version = 0, giving = [] } = (await world.leases.findLease(POOL, leaseId(1))) ?? {};
    const ranges = giving.map(({ range }) => range);
    await world.leases.cancel({ pool: POOL, id: leaseId(1), version, ranges });
    await world.clock.advance(15_000);
    const count = asked.length;
    const from = world.clock.now();
    await world.clock.advance(30_000);
    expect(asked).toHaveLength(count);
    const end = epochMs(world.clock.now() - 1_000);
    for (const id of moved) {
      const captured = world.arrivalsOf(id).filter((at) => at > from && at <= end).length;
      expect(captured).toBe(world.instants(id, CADENCE, from, end).length);
    }
  });
});
