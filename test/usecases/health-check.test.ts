import { describe, expect, it } from "vitest";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { METRIC_NAMES } from "#domain/metric.ts";
import { emptyMinute, emptyProgress, minuteOf } from "#domain/progress.ts";
import { slotCount, type Slot } from "#domain/slot.ts";
import { after } from "#domain/units.ts";
import type { HealthMemory } from "#ports/health-memory.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { noSteps } from "#test/support/quiet.ts";
import { HEALTH_CHECK_SETTINGS, healthCheck, slotMemory } from "#usecases/health-check.ts";
import { K, POOL, register, setStage } from "./health-check/stage.ts";

describe("healthCheck", () => {
  it("publishes exactly the 18 metrics", async () => {
    const { check, metrics } = await setStage();
    const { published } = await check();
    expect(published).toBe("published");
    expect(metrics.batches).toHaveLength(1);
    expect(metrics.batches[0]?.metrics.map(({ name }) => name)).toEqual([...METRIC_NAMES]);
    expect(METRIC_NAMES).toHaveLength(18);
  });

  it("says so when there is no pool, and publishes nothing", async () => {
    const { clock, metrics, ...stage } = await setStage();
    const report = await healthCheck(
      {
        ...stage,
        clock,
        metrics,
        leases: memoryLeaseStore(),
        steps: noSteps,
        memory: slotMemory(),
        settings: HEALTH_CHECK_SETTINGS,
      },
      { pool: POOL, stop: new AbortController().signal, deadlineAt: after(clock.now(), 60_000) },
    );
    expect(report).toEqual({ kind: "no-pool" });
    expect(metrics.batches).toEqual([]);
  });

  it("counts what collectors counted in the last whole minute", async () => {
    const { check, own, clock, metrics } = await setStage();
    const minute = {
      ...emptyMinute(minuteOf(clock.now()) - 1),
      captures: 100,
      failed: 7,
      missed: 3,
      redone: 2,
      readUnits: 10.5,
      writeUnits: 20,
      busyMs: 15_000,
      throttled: 5,
      lateness: [98, 0, 0, 0, 0, 2],
    };
    await own(1, {
      ...emptyProgress(clock.now()),
      previous: minute,
      lagMs: 1_234,
      backlogRounds: 4,
    });
    await own(2, { ...emptyProgress(clock.now()), previous: { ...minute, busyMs: 45_000 } });
    expect((await check()).metrics).toEqual({
      CollectionLag: 1_234,
      StartLateness: 15,
      BacklogRounds: 4,
      Captures: 200,
      FailedCaptures: 14,
      FailuresAboveNormal: 0,
      MissedRounds: 6,
      RedoneCaptures: 4,
      CollectorsRunning: 2,
      CollectorsDesired: 2,
      Utilisation: 75,
      Overload: 0,
      OrphanedSlots: 0,
      StartTime: 0,
      RefusedConfiguration: 0,
      StoreUnits: 61,
      ThrottledCalls: 10,
      DroppedPublications: 0,
    });
    const published = metrics.batches[0]?.metrics ?? [];
    expect(published.find(({ name }) => name === "StartLateness")).toEqual({
      name: "StartLateness",
      unit: "Milliseconds",
      values: [1, 15],
      counts: [196, 4],
    });
    expect(published.find(({ name }) => name === "Utilisation")).toEqual({
      name: "Utilisation",
      unit: "Percent",
      values: [75],
    });
  });

  it("adds what it consumes itself, its own memory included", async () => {
    const { check, meter, leases, health } = await setStage();
    const metered: LeaseStore = {
      ...leases,
      readFleet: (pool) => (meter.record("q", { read: 2, write: 0 }), leases.readFleet(pool)),
    };
    const remembered: HealthMemory = {
      ...health,
      put: (state) => (meter.record("p", { read: 0, write: 1 }), health.put(state)),
    };
    meter.record("before", { read: 100, write: 0 });
    const { metrics } = await check({ leases: metered, health: remembered });
    expect(metrics.StoreUnits).toBe(3);
  });

  it("tells how long starts take, as rebalancers have learnt it", async () => {
    const { check, leases, clock } = await setStage();
    expect((await check()).metrics.StartTime).toBe(0);
    const read = await leases.readFleet(POOL);
    if (read === undefined) throw new Error("no pool");
    const lastRebalance = { at: clock.now(), by: "run", startMs: 312 };
    await leases.writeFleet({ ...read.fleet, lastRebalance });
    expect((await check()).metrics.StartTime).toBe(312);
  });

  it("counts its own throttled calls, and each only once", async () => {
    const { check, meter } = await setStage();
    meter.throttle(3);
    expect((await check()).metrics.ThrottledCalls).toBe(3);
    expect((await check()).metrics.ThrottledCalls).toBe(0);
  });

  it("shows slots that nobody captures, with their lag", async () => {
    const { check, clock, own } = await setStage();
    await own(1);
    await clock.advance(4_000);
    const { metrics } = await check();
    expect(metrics).toMatchObject({
      OrphanedSlots: 32,
      CollectionLag: 4_000,
      BacklogRounds: 32,
      CollectorsRunning: 1,
    });
  });

  it("tells how many files were refused", async () => {
    const { check, configuration, clock } = await setStage();
    await configuration.put({
      pool: POOL,
      readAt: clock.now(),
      accepted: 5,
      refused: 2,
      problems: [],
    });
    expect((await check()).metrics.RefusedConfiguration).toBe(2);
  });

  it("looks at every slot twice an hour", async () => {
    const { check, clock, read } = await setStage();
    for (let minute = 0; minute < 60; minute += 1) {
      await check();
      await clock.advance(60_000);
    }
    expect(new Set(read).size).toBe(slotCount(K));
    expect(read).toHaveLength(2 * slotCount(K));
  });

  it("looks at every slot within an hour, also when half an hour of runs is left out", async () => {
    const { check, clock, read } = await setStage();
    for (let minute = 0; minute < 60; minute += 1) {
      if (minute < 7 || minute >= 37) await check();
      await clock.advance(60_000);
    }
    expect(new Set(read).size).toBe(slotCount(K));
    expect(read).toHaveLength(slotCount(K));
  });
});

describe("healthCheck, of lag", () => {
  it("sees a watermark that is behind, though every owner says it is fine", async () => {
    const { check, clock, own, schedules } = await setStage();
    await register(schedules, clock.now());
    await clock.advance(30 * 60_000);
    await own(1);
    await own(2);
    const { metrics } = await check();
    expect(metrics.CollectionLag).toBeGreaterThan(28 * 60_000);
  });

  it("doesn't take a schedule without targets for one that is behind", async () => {
    const { check, clock, own, schedules } = await setStage();
    const { target, slot } = await register(schedules, clock.now());
    await schedules.removeTargets(POOL, slot, [target.id]);
    await clock.advance(30 * 60_000);
    await own(1);
    await own(2);
    expect((await check()).metrics.CollectionLag).toBe(0);
  });

  it("reads a schedule without targets once, and again when its targets changed", async () => {
    const { check, clock, own, schedules } = await setStage();
    const { target, slot } = await register(schedules, clock.now());
    await schedules.removeTargets(POOL, slot, [target.id]);
    const read: Slot[] = [];
    const watched = {
      ...schedules,
      readSlot: (pool: string, each: Slot) => (read.push(each), schedules.readSlot(pool, each)),
    };
    const memory = slotMemory();
    const run = async (): Promise<number> => {
      await clock.advance(HEALTH_CHECK_SETTINGS.rotationMinutes * 60_000);
      await own(1);
      await own(2);
      return (await check({ schedules: watched, memory })).metrics.CollectionLag;
    };
    expect([await run(), await run(), await run()]).toEqual([0, 0, 0]);
    expect(read).toEqual([slot]);
    await register(schedules, clock.now());
    await clock.advance(HEALTH_CHECK_SETTINGS.rotationMinutes * 60_000);
    expect(await run()).toBeGreaterThan(50 * 60_000);
    expect(read).toEqual([slot, slot]);
  });
});
