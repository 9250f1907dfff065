/** What a run knows of those before, whatever became of the environment that they ran in. */
import { describe, expect, it } from "vitest";
import { DependencyError } from "#domain/errors.ts";
import { LEARNING_MINUTES } from "#domain/failures-normal.ts";
import { emptyMinute, emptyProgress, minuteOf, type Progress } from "#domain/progress.ts";
import type { EpochMs } from "#domain/units.ts";
import type { HealthMemory } from "#ports/health-memory.ts";
import type { MetricSink } from "#ports/metric-sink.ts";
import { slotMemory } from "#usecases/health-check.ts";
import { POOL, setStage } from "./stage.ts";

const MINUTE_MS = 60_000;

const droppingSink: MetricSink = { publish: () => Promise.resolve("dropped") };

interface Told {
  readonly captures?: number;
  readonly failed?: number;
  readonly busyMs?: number;
  readonly lagMs?: number;
}

/** A collector's word at `now`, with its counts of the last whole minute. */
function told(now: EpochMs, { lagMs = 0, ...counts }: Told): Progress {
  const previous = { ...emptyMinute(minuteOf(now) - 1), ...counts };
  return { ...emptyProgress(now), lagMs, previous };
}

async function setTelling() {
  const stage = await setStage();
  /** A minute later, one owner says so, and the health check runs. */
  async function minute(one: Told, change?: Parameters<typeof stage.check>[0]) {
    await stage.clock.advance(MINUTE_MS);
    await stage.own(1, told(stage.clock.now(), one));
    await stage.own(2);
    return (await stage.check(change)).metrics;
  }
  return { ...stage, minute };
}

describe("healthCheck, of failures", () => {
  it("learns what is normal, and tells what is above it; a new environment goes on", async () => {
    const { minute } = await setTelling();
    for (let n = 0; n < LEARNING_MINUTES; n += 1) {
      const learning = await minute({ captures: 10_000, failed: 300 });
      expect(learning.FailuresAboveNormal).toBe(0);
    }
    expect((await minute({ captures: 10_000, failed: 350 })).FailuresAboveNormal).toBe(0);
    const fresh = { memory: slotMemory() };
    const { FailuresAboveNormal } = await minute({ captures: 10_000, failed: 5_000 }, fresh);
    expect(FailuresAboveNormal).toBeGreaterThan(40);
    expect(FailuresAboveNormal).toBeLessThan(47);
    expect((await minute({ captures: 10_000, failed: 300 })).FailuresAboveNormal).toBe(0);
  });

  it("learns a minute once, however often it is looked at", async () => {
    const { minute, check, health } = await setTelling();
    await minute({ captures: 100, failed: 50 });
    await minute({ captures: 100, failed: 0 });
    await minute({ captures: 100, failed: 0 });
    const once = await health.find(POOL);
    for (let n = 0; n < 5; n += 1) await check();
    const often = await health.find(POOL);
    if (once === undefined || once === "unreadable") throw new Error("nothing remembered");
    expect(often).toMatchObject({ failures: once.failures });
    expect(once.failures.normal).toMatchObject({ share: 0.25, minutes: 2 });
  });
});

describe("healthCheck, of failures in a pool of three targets", () => {
  it("tells of all of them failing, though no minute has captures enough", async () => {
    const { minute } = await setTelling();
    for (let n = 0; n < 60; n += 1) {
      expect((await minute({ captures: 3 })).FailuresAboveNormal).toBe(0);
    }
    const points: number[] = [];
    for (let n = 0; n < 15; n += 1) {
      // As when every run has an environment of its own.
      const told = await minute({ captures: 3, failed: 3 }, { memory: slotMemory() });
      points.push(told.FailuresAboveNormal);
    }
    expect(points[1]).toBe(0);
    expect(Math.min(...points.slice(6))).toBeGreaterThan(10);
  });
});

describe("healthCheck, of overload", () => {
  it("tells of a fleet that needs more collectors than it may have", async () => {
    const { minute } = await setTelling();
    expect((await minute({ busyMs: 40_000 })).Overload).toBe(0);
    // Two collectors are wanted, one has the load of more than two.
    expect(await minute({ busyMs: 100_000 })).toMatchObject({ Overload: 1, Utilisation: 100 });
  });

  it("tells of lag that grows while a loop is full, from run to run", async () => {
    const { minute } = await setTelling();
    expect((await minute({ busyMs: 55_000, lagMs: 20_000 })).Overload).toBe(0);
    expect((await minute({ busyMs: 55_000, lagMs: 35_000 })).Overload).toBe(1);
    expect((await minute({ busyMs: 55_000, lagMs: 35_000 })).Overload).toBe(0);
    expect((await minute({ busyMs: 5_000, lagMs: 90_000 })).Overload).toBe(0);
  });
});

describe("healthCheck, of publications", () => {
  it("tells how many failed since the last that didn't, in whichever environment", async () => {
    const { minute } = await setTelling();
    expect((await minute({})).DroppedPublications).toBe(0);
    for (let n = 0; n < 3; n += 1) {
      await minute({}, { metrics: droppingSink, memory: slotMemory() });
    }
    expect((await minute({})).DroppedPublications).toBe(3);
    expect((await minute({})).DroppedPublications).toBe(0);
  });

  it("writes once a minute, and a second time only when they begin or cease to fail", async () => {
    const { minute, health } = await setTelling();
    let writes = 0;
    const counted: HealthMemory = {
      ...health,
      put: (state) => ((writes += 1), health.put(state)),
    };
    const writesOf = async (metrics?: MetricSink): Promise<number> => {
      writes = 0;
      await minute({}, { health: counted, ...(metrics && { metrics }) });
      return writes;
    };
    expect([await writesOf(), await writesOf()]).toEqual([1, 1]);
    expect(await writesOf(droppingSink)).toBe(2);
    expect(await writesOf()).toBe(2);
    expect(await writesOf()).toBe(1);
  });
});

describe("healthCheck, of throttling", () => {
  it("counts what rebalancers tell of, once, also when one that tells nothing was there", async () => {
    const { minute, leases, clock } = await setTelling();
    const rebalanced = async (throttledTotal?: number): Promise<number> => {
      const read = await leases.readFleet(POOL);
      if (read === undefined) throw new Error("no pool");
      const lastRebalance = {
        at: clock.now(),
        by: "run",
        ...(throttledTotal !== undefined && { throttledTotal }),
      };
      await leases.writeFleet({ ...read.fleet, lastRebalance });
      return (await minute({})).ThrottledCalls;
    };
    // Before the first run nobody knows when those were.
    expect(await rebalanced(7)).toBe(0);
    expect(await rebalanced(7)).toBe(0);
    expect(await rebalanced(9)).toBe(2);
    expect(await rebalanced(undefined)).toBe(0);
    expect(await rebalanced(4)).toBe(4);
  });
});

describe("healthCheck, of store units", () => {
  it("counts what rebalancers tell of, once, also when one that tells nothing was there", async () => {
    const { minute, leases, clock, health } = await setTelling();
    const rebalanced = async (unitsTotal?: number): Promise<number> => {
      const read = await leases.readFleet(POOL);
      if (read === undefined) throw new Error("no pool");
      const told = unitsTotal !== undefined && { unitsTotal };
      await leases.writeFleet({
        ...read.fleet,
        lastRebalance: { at: clock.now(), by: "run", ...told },
      });
      return (await minute({})).StoreUnits;
    };
    expect(await rebalanced(7.5)).toBe(0);
    expect(await rebalanced(7.5)).toBe(0);
    expect(await rebalanced(9)).toBe(1.5);
    expect(await rebalanced(undefined)).toBe(0);
    expect(await rebalanced(4)).toBe(4);
    // What an older version remembers says nothing of them.
    const state = await health.find(POOL);
    if (state === undefined || state === "unreadable") throw new Error("nothing remembered");
    await health.put({ ...state, rebalancersUnits: undefined });
    expect(await rebalanced(100)).toBe(0);
    expect(await rebalanced(101)).toBe(1);
  });
});

describe("healthCheck, with a memory that fails", () => {
  it("publishes all the same when it can't be written, and says so", async () => {
    const { minute, health, log } = await setTelling();
    const failing: HealthMemory = {
      ...health,
      put: () => Promise.reject(new DependencyError("health.put: throttled", { retryable: true })),
    };
    expect((await minute({ captures: 5 }, { health: failing })).Captures).toBe(5);
    const warnings = log.lines.filter(({ event }) => event.includes("memory"));
    expect(warnings).toMatchObject([{ level: "warn", fields: { pool: POOL } }]);
  });

  it("learns anew when it can't be read, and says so", async () => {
    const { minute, health, log } = await setTelling();
    for (let n = 0; n < 3; n += 1) await minute({ captures: 100, failed: 100 });
    expect(await health.find(POOL)).toMatchObject({ failures: { normal: { minutes: 2 } } });
    const unreadable: HealthMemory = { ...health, find: () => Promise.resolve("unreadable") };
    await minute({ captures: 100, failed: 1 }, { health: unreadable });
    const anew = { normal: undefined, recent: [{ captures: 100, failed: 1 }] };
    expect(await health.find(POOL)).toMatchObject({ failures: anew });
    expect(log.lines.some(({ event }) => event.includes("learnt anew"))).toBe(true);
  });
});
