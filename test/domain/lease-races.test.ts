/**
 * Two collectors, two rebalancers and a zombie, whose calls and answers interleave in every order,
 * while time passes and their clocks differ by as much as skewMax allows.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { memoryScheduleStore } from "#adapters/memory/schedule-store.ts";
import { cadenceKey } from "#domain/cadence.ts";
import type { FleetSnapshot } from "#domain/fleet.ts";
import { isHeld, type Lease, type LeaseId, type Owner } from "#domain/lease.ts";
import { contains, slotsIn, tiling, type RangeSet } from "#domain/range.ts";
import type { Schedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import { durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import {
  ONE,
  openEntry,
  owner,
  Q,
  requestsIn,
  SKEW_MS,
  T0,
  TWO,
  twoLeases,
} from "#test/support/leases.ts";
import { MINUTE } from "#test/support/targets.ts";

const POOL = "default";
const LOG2 = 3;
const SLOTS = Array.from({ length: 2 ** LOG2 }, (_, slot) => slot as Slot);
const CADENCE = cadenceKey(MINUTE);
const ask = requestsIn(POOL);

interface Belief {
  readonly id: LeaseId;
  readonly expiresAt: EpochMs;
  readonly clockOffsetMs: number;
}

/** The store, watched: before and after each call everything that must hold is checked. */
class World {
  readonly #leases = memoryLeaseStore();
  readonly #schedules = memoryScheduleStore();
  readonly #scheduler: fc.Scheduler;
  readonly #beliefs = new Map<Owner, Belief>();
  readonly #epochOfSlot = new Map<Slot, number>();
  readonly #committed = new Map<Slot, number>();
  readonly landed = new Map<string, number>();
  now = T0;

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler;
  }

  async begin(): Promise<void> {
    await this.#leases.found({
      ...twoLeases(POOL),
      fleet: { ...twoLeases(POOL).fleet, slotsLog2: LOG2 },
    });
    for (const slot of SLOTS) {
      await this.#schedules.touchSchedule(POOL, slot, { cadence: CADENCE, wasEmpty: true }, T0);
    }
  }

  /** Yields before the call and again before its answer; the call itself is one step. */
  async call<T extends { readonly kind: string }>(
    name: string,
    send: (store: LeaseStore) => Promise<T>,
    stale?: (before: FleetSnapshot) => boolean,
  ): Promise<T> {
    await this.#scheduler.schedule(Promise.resolve(), `${name} sent`);
    // Memory applies a call when it is made: these three are one step.
    const [before, result, after] = await Promise.all([
      this.#leases.readFleet(POOL),
      send(this.#leases),
      this.#leases.readFleet(POOL),
    ]);
    if (before === undefined || after === undefined) throw new Error("no fleet");
    this.#count(`${name} ${result.kind}`);
    this.#check(before, after);
    if (stale?.(before) === true) expect(after, `${name} by a stale plan`).toEqual(before);
    await this.#scheduler.schedule(Promise.resolve(), `${name} answered`);
    return result;
  }

  async read(): Promise<FleetSnapshot> {
    await this.#scheduler.schedule(Promise.resolve(), "read");
    const snapshot = await this.#leases.readFleet(POOL);
    if (snapshot === undefined) throw new Error("no fleet");
    return snapshot;
  }

  async commit(by: Owner, slot: Slot, epoch: number, known: Schedule): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), "commit");
    const { result } = await this.#commitNow(by, slot, epoch, known);
    this.#count(`commit ${result}`);
    await this.#scheduler.schedule(Promise.resolve(), "committed");
  }

  async schedule(slot: Slot): Promise<Schedule> {
    const schedule = await this.#schedules.findSchedule(POOL, slot, CADENCE);
    if (schedule === undefined) throw new Error("no schedule");
    return schedule;
  }

  async pass(ms: number): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), `${ms} ms pass`);
    this.now = epochMs(this.now + ms);
    this.#checkOwners();
  }

  /** What an owner thinks it has, from an answer: until then by its own clock. */
  believe(who: Owner, lease: Lease | undefined, clockOffsetMs: number): void {
    if (lease?.holder?.owner !== who) this.#beliefs.delete(who);
    else this.#beliefs.set(who, { id: lease.id, expiresAt: lease.holder.expiresAt, clockOffsetMs });
    this.#checkOwners();
  }

  async #commitNow(
    by: Owner,
    slot: Slot,
    epoch: number,
    known: Schedule,
  ): Promise<{ result: string }> {
    const watermark = through(epochMs(known.watermark.at + 60_000));
    const { version, revision } = known;
    const [result, after, fleet] = await Promise.all([
      this.#schedules.commit({
        ...{ pool: POOL, slot, cadence: CADENCE, epoch, by, version, revision, watermark },
        latest: new Uint8Array(0),
        serviceMs: durationMs(1),
      }),
      this.schedule(slot),
      this.#leases.readFleet(POOL),
    ]);
    if (result.kind === "committed") {
      expect(epoch, "a commit under a lower epoch").toBeGreaterThanOrEqual(
        this.#committed.get(slot) ?? 0,
      );
      this.#committed.set(slot, epoch);
    }
    expect(after.epoch).toBeLessThanOrEqual(ownerOf(fleet, slot).epoch);
    return { result: result.kind };
  }

  #check(before: FleetSnapshot, after: FleetSnapshot): void {
    expect(tiling(after.leases.map((lease) => lease.ranges))).toEqual({ kind: "tiles" });
    for (const lease of after.leases) {
      const was = before.leases.find((other) => other.id === lease.id);
      expect(lease.version).toBeGreaterThanOrEqual(was?.version ?? 0);
      expect(lease.epoch).toBeGreaterThanOrEqual(was?.epoch ?? 0);
    }
    for (const slot of SLOTS) {
      const { epoch } = ownerOf(after, slot);
      expect(epoch, `epoch of slot ${slot}`).toBeGreaterThanOrEqual(
        this.#epochOfSlot.get(slot) ?? 0,
      );
      this.#epochOfSlot.set(slot, epoch);
    }
    this.#checkOwners();
  }

  #checkOwners(): void {
    const sure = [...this.#beliefs.values()]
      .filter((belief) => this.now + belief.clockOffsetMs < belief.expiresAt)
      .map((belief) => belief.id);
    expect(new Set(sure).size, "owners who are sure of one lease").toBe(sure.length);
  }

  #count(what: string): void {
    this.landed.set(what, (this.landed.get(what) ?? 0) + 1);
  }
}

function ownerOf(snapshot: FleetSnapshot | undefined, slot: Slot): Lease {
  const hash32 = slot * 2 ** (32 - LOG2);
  const lease = snapshot?.leases.find((one) => contains(one.ranges, hash32));
  if (lease === undefined) throw new Error(`nobody has slot ${slot}`);
  return lease;
}

interface CollectorPlan {
  readonly id: LeaseId;
  readonly name: string;
  readonly clockOffsetMs: number;
  readonly rounds: number;
  /** Acts on what it read at first, whatever it hears since. */
  readonly isZombie: boolean;
}

async function collector(world: World, plan: CollectorPlan): Promise<void> {
  const who = owner(plan.name);
  const clock = (): EpochMs => epochMs(world.now + plan.clockOffsetMs);
  const acquired = await world.call("acquire", (store) =>
    store.acquire(ask.acquire(plan.id, plan.name, clock())),
  );
  if (acquired.kind !== "acquired") return;
  let { lease } = acquired;
  world.believe(who, lease, plan.clockOffsetMs);
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const slot of slotsIn(lease.ranges, LOG2).slice(0, 2)) {
      const known = await world.schedule(slot);
      if (clock() < (lease.holder?.expiresAt ?? 0) || plan.isZombie)
        await world.commit(who, slot, lease.epoch, known);
    }
    const renewed = await world.call("renew", (store) =>
      store.renew(ask.renew(plan.id, plan.name, clock())),
    );
    if (renewed.kind === "lost" && !plan.isZombie) {
      world.believe(who, undefined, plan.clockOffsetMs);
      return;
    }
    if (renewed.kind === "renewed" && !plan.isZombie) lease = renewed.lease;
    if (!plan.isZombie) world.believe(who, lease, plan.clockOffsetMs);
    lease = await givePromised(world, lease, plan);
  }
  world.believe(who, undefined, plan.clockOffsetMs);
  await world.call("release", (store) =>
    store.release(ask.release(plan.id, plan.name, lease.version, clock())),
  );
}

async function givePromised(world: World, lease: Lease, plan: CollectorPlan): Promise<Lease> {
  const [promised] = lease.giving;
  if (promised === undefined) return lease;
  const taker = (await world.read()).leases.find((other) => other.id === promised.to);
  const now = epochMs(world.now + plan.clockOffsetMs);
  const ranges = [promised.range];
  const given = await world.call("give", (store) =>
    store.give({
      ...{ pool: POOL, from: lease.id, fromVersion: lease.version, to: promised.to, ranges, now },
      owner: owner(plan.name),
      toVersion: taker?.version ?? 0,
      open: ranges.map((range) => openEntry(range, now)),
      skewMaxMs: SKEW_MS,
    }),
  );
  return given.kind === "given" ? given.from : lease;
}

/** Plans from one reading, then carries out the plan however old it has become. */
async function rebalancer(world: World, runs: readonly RebalancerRun[]): Promise<void> {
  for (const { from, to, quarter } of runs) {
    const { leases } = await world.read();
    const giver = leases.find((lease) => lease.id === from);
    const taker = leases.find((lease) => lease.id === to);
    if (giver === undefined || taker === undefined) continue;
    const ranges: RangeSet = [Q[quarter]];
    const request = {
      ...{ pool: POOL, from, fromVersion: giver.version, to, toVersion: taker.version, ranges },
    };
    const stale = (before: FleetSnapshot): boolean => {
      const version = (id: LeaseId): number =>
        before.leases.find((lease) => lease.id === id)?.version ?? 0;
      // One version on may be this very change, made by the other rebalancer: then nothing changes either.
      return version(from) !== giver.version || version(to) !== taker.version;
    };
    const now = world.now;
    if (isHeld(giver, now, SKEW_MS))
      await world.call("promise", (store) => store.promise(request), stale);
    else
      await world.call(
        "move",
        (store) => store.move({ ...request, now, skewMaxMs: SKEW_MS }),
        stale,
      );
  }
}

interface RebalancerRun {
  readonly from: LeaseId;
  readonly to: LeaseId;
  readonly quarter: 0 | 1 | 2 | 3;
}

const run: fc.Arbitrary<RebalancerRun> = fc.record({
  from: fc.constantFrom(ONE, TWO),
  to: fc.constantFrom(ONE, TWO),
  quarter: fc.constantFrom(0, 1, 2, 3),
});

const offset = fc.integer({ min: -SKEW_MS / 2, max: SKEW_MS / 2 });

test("two collectors, two rebalancers and a zombie keep every invariant in every order of their calls", async () => {
  const landed = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(run, { minLength: 1, maxLength: 4 }),
      fc.array(run, { minLength: 1, maxLength: 4 }),
      fc.array(fc.constantFrom(1_000, 4_000, 9_950, 9_999, 10_101), { minLength: 2, maxLength: 8 }),
      fc.tuple(offset, offset, offset, offset),
      async (scheduler, first, second, spans, offsets) => {
        const world = new World(scheduler);
        await world.begin();
        const base = { rounds: 3, isZombie: false };
        const actors = [
          collector(world, {
            ...base,
            id: ONE,
            name: "zoe",
            clockOffsetMs: offsets[0],
            isZombie: true,
          }),
          collector(world, { ...base, id: ONE, name: "ann", clockOffsetMs: offsets[1] }),
          collector(world, { ...base, id: ONE, name: "amy", clockOffsetMs: offsets[2] }),
          collector(world, { ...base, id: TWO, name: "bob", clockOffsetMs: offsets[3] }),
          rebalancer(world, first),
          rebalancer(world, second),
          (async () => {
            for (const span of spans) await world.pass(span);
          })(),
        ];
        await scheduler.waitFor(Promise.all(actors));
        for (const [what, count] of world.landed) landed.set(what, (landed.get(what) ?? 0) + count);
      },
    ),
    { numRuns: 300 },
  );
  const wanted = [
    "acquire acquired",
    "acquire held",
    "renew renewed",
    "renew lost",
    "release released",
    "release refused",
    "promise promised",
    "promise refused",
    "give given",
    "give refused",
    "move moved",
    "move refused",
    "commit committed",
    "commit fenced",
    "commit overtaken",
  ];
  expect(wanted.filter((what) => !landed.has(what))).toEqual([]);
}, 60_000);
