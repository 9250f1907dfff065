/** What went wrong once, or nearly did: one short time line each. Random ones: collector.properties.test.ts. */
import { describe, expect, it } from "vitest";
import { every, shortestGapMs, type Cadence } from "#domain/cadence.ts";
import { releaseAt } from "#domain/lease-times.ts";
import { leaseId } from "#domain/lease.ts";
import { wholeSpace } from "#domain/range.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { after, epochMs, latestOf, type EpochMs } from "#domain/units.ts";
import { at } from "#test/support/settable-clock.ts";
import type { CollectReport } from "#usecases/collect/settings.ts";
import { collect } from "#usecases/collect/collect.ts";
import { COLLECT_SETTINGS } from "#usecases/collect/settings.ts";
import { requestCapture } from "#usecases/request-capture.ts";
import { chaoticProcess, type ChaoticProcess, type Fates } from "#test/support/chaotic-process.ts";
import { arrivingProbe, httpTarget, TIMEOUT_MS } from "#test/support/collector-chaos.ts";
import { linesOf } from "#test/support/chaos-checks.ts";
import { collectorWorld, POOL } from "#test/support/collector-world.ts";

type World = Awaited<ReturnType<typeof collectorWorld>>;

interface Collector {
  readonly process: ChaoticProcess;
  readonly starts: { readonly target: string; readonly at: EpochMs }[];
  readonly done: Promise<CollectReport>;
}

interface Trouble {
  readonly fates?: Fates;
  readonly deadlineInMs?: number;
  readonly latencyMs?: (target: string) => number;
}

const USUAL = { thereMs: 1, backMs: 1 };
const TEN_SECONDS = every(10_000);

function startCollector(world: World, trouble: Trouble = {}): Collector {
  const process = chaoticProcess(world.clock, trouble.fates ?? (() => USUAL), 0);
  const starts: { target: string; at: EpochMs }[] = [];
  const probe = arrivingProbe(
    process,
    ({ target }) => trouble.latencyMs?.(target.id) ?? 20,
    (target, at) => starts.push({ target, at }),
  );
  const { leases, schedules, requests, samples, clock, ids, meter, log } = world;
  const settings = { ...COLLECT_SETTINGS, longestTimeoutMs: TIMEOUT_MS };
  const done = collect(
    process.deps({
      leases,
      schedules,
      requests,
      samples,
      clock,
      ids,
      meter,
      log,
      probe,
      settings,
    }),
    {
      pool: POOL,
      lease: leaseId(1),
      owner: ids.owner(),
      deadlineAt: after(clock.now(), trouble.deadlineInMs ?? 900_000),
      stop: new AbortController().signal,
    },
  );
  return { process, starts, done };
}

function targets(count: number, cadence: Cadence): TargetDefinition[] {
  return Array.from({ length: count }, (_, index) => httpTarget(`t-${index}`, cadence));
}

/** Until the lease is released with something kept. */
async function untilLetGo(world: World, expectedAt: EpochMs): Promise<void> {
  await world.clock.advance(Math.max(0, expectedAt - world.clock.now() - 5_000));
  for (let step = 0; step < 400; step += 1) {
    const lease = await world.leases.findLease(POOL, leaseId(1));
    if (lease !== undefined && lease.open.length > 0) return;
    await world.clock.advance(50);
  }
  throw new Error("the lease was not released");
}

/** Instants in (from, to] that this collector didn't capture in time, and those it captured twice. */
function amiss(
  world: World,
  { starts }: Collector,
  which: readonly TargetDefinition[],
  span: { from: EpochMs; to: EpochMs },
): string[] {
  return which.flatMap(({ id, cadence }) =>
    world.instants(id, cadence, span.from, span.to).flatMap((instant) => {
      const near = starts.filter(
        ({ target, at }) =>
          target === id && at >= instant && at < instant + shortestGapMs(cadence) - 1,
      );
      return near.length === 1 ? [] : [`${id} ${new Date(instant).toISOString()}: ${near.length}`];
    }),
  );
}

describe("a collector in trouble", () => {
  it("reads a slot again that could not be read when the lease was taken", async () => {
    const world = await collectorWorld();
    const all = targets(20, TEN_SECONDS);
    await world.register(all);
    // Nothing else leads to the slots.
    for (const request of await world.requests.list(POOL, wholeSpace(), world.slotsLog2)) {
      await world.requests.remove(request);
    }
    const readableAt = after(world.clock.now(), 2_000);
    const collector = startCollector(world, {
      fates: (call) =>
        call.startsWith("read") && call !== "readFleet" && world.clock.now() < readableAt
          ? { ...USUAL, fault: "refused" }
          : USUAL,
    });
    await world.clock.advance(40_000);
    const to = epochMs(world.clock.now() - 1_000);
    expect(amiss(world, collector, all, { from: epochMs(to - 30_000), to })).toEqual([]);
    collector.process.kill();
  });

  it("doesn't put off its lease for a month when nothing of it could be read", async () => {
    const world = await collectorWorld();
    await world.register(targets(4, TEN_SECONDS));
    const collector = startCollector(world, {
      deadlineInMs: 20_000,
      fates: (call) =>
        call.startsWith("read") && call !== "readFleet" ? { ...USUAL, fault: "refused" } : USUAL,
    });
    await world.clock.advance(20_000);
    await collector.done;
    const lease = await world.leases.findLease(POOL, leaseId(1));
    expect(lease?.holder).toBeUndefined();
    expect(lease?.nextDueAt).toBeLessThanOrEqual(world.clock.now());
  });

  it("does again what a lost chunk held, captures on request included", async () => {
    const world = await collectorWorld();
    const all = targets(20, TEN_SECONDS);
    await world.register(all);
    let lostUntil = epochMs(0);
    const collector = startCollector(world, {
      fates: (call) =>
        call === "put" && world.clock.now() < lostUntil ? { ...USUAL, fault: "broken" } : USUAL,
    });
    await world.clock.advance(22_000);
    lostUntil = after(world.clock.now(), 3_000);
    await requestCapture(
      world,
      { pool: POOL, slotsLog2: world.slotsLog2 },
      { kind: "ids", ids: ["t-3"] },
    );
    const askedAt = world.clock.now();
    await world.clock.advance(20_000);
    const kept = world.samples
      .chunks()
      .filter(({ name }) => name.closedAt > askedAt)
      .flatMap(({ parts }) => parts.flatMap(({ lines }) => linesOf(lines)))
      .filter((line) => line.includes('"t-3"') && !line.includes('"r":'));
    expect(kept.length).toBeGreaterThanOrEqual(1);
    const left = await world.requests.list(POOL, wholeSpace(), world.slotsLog2);
    expect(left).toEqual([]);
    for (const slot of [0, 1, 2, 3]) {
      for (const schedule of await world.schedules.readSchedules(POOL, slot as never)) {
        expect(world.clock.now() - schedule.watermark.at).toBeLessThan(15_000);
      }
    }
    collector.process.kill();
  });

  it("captures nothing twice while the sample store is out of reach, and keeps it all afterwards", async () => {
    const world = await collectorWorld();
    const all = targets(20, TEN_SECONDS);
    await world.register(all);
    let backAt = epochMs(0);
    const collector = startCollector(world, {
      fates: (call) =>
        call === "put" && world.clock.now() < backAt ? { ...USUAL, fault: "refused" } : USUAL,
    });
    await world.clock.advance(22_000);
    const outAt = world.clock.now();
    backAt = after(outAt, 120_000);
    const startsBefore = collector.starts.length;
    await world.clock.advance(120_000);
    // One capture for each target and round, no more: twelve rounds.
    expect(collector.starts.length - startsBefore).toBe(12 * all.length);
    await world.clock.advance(15_000);
    for (const slot of [0, 1, 2, 3]) {
      for (const schedule of await world.schedules.readSchedules(POOL, slot as never)) {
        expect(world.clock.now() - schedule.watermark.at).toBeLessThan(15_000);
      }
    }
    const lines = world.samples
      .chunks()
      .flatMap(({ parts }) => parts.flatMap(({ lines }) => linesOf(lines)));
    expect(lines.filter((line) => line.includes('"missed"'))).toEqual([]);
    collector.process.kill();
  });

  it("captures what a dead giver had kept of a slow round, once its time is over", async () => {
    const world = await collectorWorld({ slotsLog2: 2 });
    const slow = every(600_000);
    const all = targets(60, slow);
    await world.register(all);
    // The first slot's round goes from 12:10:00 to 12:12:30; its last captures hang.
    await world.clock.advanceTo("2026-11-21T12:09:50.000Z");
    const [from, to] = [at("2026-11-21T12:09:59.000Z"), at("2026-11-21T12:12:30.000Z")];
    const due = all.flatMap(({ id }) =>
      world.instants(id, slow, from, to).map((instant) => ({ id, instant })),
    );
    const lastAt = due.reduce((latest, { instant }) => latestOf(latest, instant), from);
    const last = due.filter(({ instant }) => instant > lastAt - 2_000).map(({ id }) => id);
    const leaveAt = after(lastAt, 500);
    const room = leaveAt - releaseAt(leaveAt, TIMEOUT_MS);
    const giver = startCollector(world, {
      deadlineInMs: leaveAt + room - world.clock.now(),
      latencyMs: (target) => (last.includes(target) ? TIMEOUT_MS : 20),
    });
    await untilLetGo(world, leaveAt);
    giver.process.kill();
    const taker = startCollector(world);
    await world.clock.advance(20_000);
    const again = taker.starts
      .filter(({ target }) => last.includes(target))
      .map(({ target }) => target);
    expect(again.toSorted()).toEqual(last.toSorted());
    const committed = await world.schedules.readSchedules(POOL, 0 as never);
    expect(committed.map(({ watermark }) => watermark.at >= lastAt)).toEqual([true]);
    taker.process.kill();
  });

  it("doesn't capture again, after a giver's death, what came due from the cut on", async () => {
    const cadence = every(5_000);
    const world = await collectorWorld({ slotsLog2: 2 });
    const all = targets(30, cadence);
    await world.register(all);
    const giver = startCollector(world, { deadlineInMs: 40_000, latencyMs: () => 1_000 });
    await world.clock.advance(25_000);
    const taker = startCollector(world, { latencyMs: () => 50 });
    await untilLetGo(world, after(world.clock.now(), 5_000));
    giver.process.kill();
    const from = after(world.clock.now(), 1_000);
    await world.clock.advance(30_000);
    const to = epochMs(world.clock.now() - 3_000);
    expect(amiss(world, taker, all, { from, to })).toEqual([]);
    taker.process.kill();
  });

  it("captures by hand what was under way when its slot was read again", async () => {
    const world = await collectorWorld({ slotsLog2: 2 });
    const all = targets(12, TEN_SECONDS);
    await world.register(all);
    const quickFrom = after(world.clock.now(), 30_000);
    const collector = startCollector(world, {
      latencyMs: () => (world.clock.now() < quickFrom ? TIMEOUT_MS : 20),
    });
    await world.clock.advance(21_000);
    // Everywhere something is under way; every slot is read again.
    await world.register(
      Array.from({ length: 12 }, (_, index) => httpTarget(`n-${index}`, TEN_SECONDS)),
    );
    await world.clock.advance(24_000);
    const ids = all.map(({ id }) => id);
    await requestCapture(world, { pool: POOL, slotsLog2: world.slotsLog2 }, { kind: "ids", ids });
    const askedAt = world.clock.now();
    await world.clock.advance(20_000);
    const lines = world.samples
      .chunks()
      .filter(({ name }) => name.closedAt > askedAt)
      .flatMap(({ parts }) => parts.flatMap(({ lines }) => linesOf(lines)))
      .filter((line) => !line.includes('"r":'));
    const missing = ids.filter((id) => !lines.some((line) => line.includes(`"t":"${id}"`)));
    expect(missing).toEqual([]);
    collector.process.kill();
  });
});
