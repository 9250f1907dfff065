import { describe, expect, it } from "vitest";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { memoryConfigurationStore } from "#adapters/memory/configuration-store.ts";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { memoryMetricSink } from "#adapters/memory/metric-sink.ts";
import { memoryScheduleStore } from "#adapters/memory/schedule-store.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { emptyMinute, emptyProgress, minuteOf, type Progress } from "#domain/progress.ts";
import { slotCount, slotOf, type Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { after, durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import { through, type Watermark } from "#domain/watermark.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { keptLog, noSteps } from "#test/support/quiet.ts";
import { settableClock } from "#test/support/settable-clock.ts";
import { foundPool } from "#usecases/found-pool.ts";
import {
  HEALTH_CHECK_SETTINGS,
  healthCheck,
  METRIC_NAMES,
  slotMemory,
  type HealthCheckReport,
} from "#usecases/health-check.ts";

const POOL = "p";
const K = 6;
const OWNER = "owner" as Owner;
const cadence = every(60_000);
const key = cadenceKey(cadence);

type Checked = Extract<HealthCheckReport, { kind: "checked" }>;

async function setStage() {
  const clock = settableClock("2026-11-21T13:00:30Z");
  const leases = memoryLeaseStore();
  const schedules = memoryScheduleStore();
  const configuration = memoryConfigurationStore();
  const metrics = memoryMetricSink();
  const log = keptLog();
  const meter = capacityMeter();
  await foundPool({ clock, leases }, { pool: POOL, slotsLog2: K, desired: 2 });
  const read: Slot[] = [];
  const watched: ScheduleStore = {
    ...schedules,
    readSchedules: (pool, slot) => (read.push(slot), schedules.readSchedules(pool, slot)),
  };
  const memory = slotMemory();
  async function check(
    change: { leases?: LeaseStore; schedules?: ScheduleStore } = {},
  ): Promise<Checked> {
    const report = await healthCheck(
      {
        clock,
        leases,
        schedules: watched,
        configuration,
        metrics,
        meter,
        log,
        steps: noSteps,
        memory,
        settings: HEALTH_CHECK_SETTINGS,
        ...change,
      },
      { pool: POOL, stop: new AbortController().signal, deadlineAt: after(clock.now(), 60_000) },
    );
    if (report.kind !== "checked") throw new Error(report.kind);
    return report;
  }
  async function own(number: number, progress?: Progress): Promise<void> {
    const request = { pool: POOL, id: leaseId(number), owner: OWNER };
    const now = clock.now();
    await leases.acquire({
      ...request,
      now,
      ttlMs: 10_000,
      skewMaxMs: 100,
      deadlineAt: after(now, 900_000),
    });
    await leases.renew({
      ...request,
      sentAt: now,
      ttlMs: 10_000,
      progress: progress ?? emptyProgress(now),
    });
  }
  return { clock, leases, schedules, configuration, metrics, log, meter, read, check, own };
}

/** A target whose slot is looked at in this minute, and its schedule. */
async function register(
  schedules: ScheduleStore,
  now: EpochMs,
): Promise<{ target: Target; slot: Slot }> {
  for (let n = 0; n < 10_000; n += 1) {
    const id = `target-${n}`;
    const slot = slotOf(targetHash(id).hash32, K);
    if (
      slot % HEALTH_CHECK_SETTINGS.rotationMinutes !==
      minuteOf(now) % HEALTH_CHECK_SETTINGS.rotationMinutes
    )
      continue;
    const target: Target = {
      id,
      pool: POOL,
      probe: { kind: "noop" },
      cadence,
      tags: {},
      revision: "r",
      registeredAt: epochMs(0),
    };
    await schedules.putTargets(POOL, slot, [target]);
    await schedules.touchSchedule(POOL, slot, { cadence: key, wasEmpty: true }, now);
    return { target, slot };
  }
  throw new Error("no id found");
}

async function commit(
  schedules: ScheduleStore,
  slot: Slot,
  { epoch, watermark }: { epoch: number; watermark: Watermark },
): Promise<void> {
  const [schedule] = await schedules.readSchedules(POOL, slot);
  if (schedule === undefined) throw new Error("no schedule");
  const { version, revision } = schedule;
  const result = await schedules.commit({
    pool: POOL,
    slot,
    cadence: key,
    epoch,
    by: OWNER,
    version,
    revision,
    watermark,
    latest: new Uint8Array(0),
    serviceMs: durationMs(1),
  });
  expect(result.kind).toBe("committed");
}

describe("healthCheck", () => {
  it("publishes exactly the twelve metrics", async () => {
    const { check, metrics } = await setStage();
    const { published } = await check();
    expect(published).toBe("published");
    expect(metrics.batches).toHaveLength(1);
    expect(metrics.batches[0]?.metrics.map(({ name }) => name)).toEqual([...METRIC_NAMES]);
    expect(METRIC_NAMES).toHaveLength(12);
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
    const { check, own, clock } = await setStage();
    const minute = {
      ...emptyMinute(minuteOf(clock.now()) - 1),
      captures: 100,
      failed: 7,
      missed: 3,
      redone: 2,
      readUnits: 10.5,
      writeUnits: 20,
      lateness: [98, 0, 0, 0, 0, 2],
    };
    await own(1, {
      ...emptyProgress(clock.now()),
      previous: minute,
      lagMs: 1_234,
      backlogRounds: 4,
    });
    await own(2, { ...emptyProgress(clock.now()), previous: minute });
    expect((await check()).metrics).toEqual({
      CollectionLag: 1_234,
      StartLateness: 15,
      BacklogRounds: 4,
      Captures: 200,
      FailedCaptures: 14,
      MissedRounds: 6,
      RedoneCaptures: 4,
      CollectorsRunning: 2,
      CollectorsDesired: 2,
      OrphanedSlots: 0,
      RefusedConfiguration: 0,
      StoreUnits: 61,
    });
  });

  it("adds what it consumes itself", async () => {
    const { check, meter, leases } = await setStage();
    const metered: LeaseStore = {
      ...leases,
      readFleet: (pool) => (meter.record("q", { read: 2, write: 0 }), leases.readFleet(pool)),
    };
    meter.record("before", { read: 100, write: 0 });
    expect((await check({ leases: metered })).metrics.StoreUnits).toBe(2);
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

  it("looks at every slot within an hour, also when every second run is left out", async () => {
    const { check, clock, read } = await setStage();
    for (let minute = 0; minute < 60; minute += 1) {
      await check();
      await clock.advance(60_000);
    }
    expect(new Set(read).size).toBe(slotCount(K));
    expect(read).toHaveLength(2 * slotCount(K));
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
});

describe("healthCheck, of invariants", () => {
  it("finds nothing in a pool that is well", async () => {
    const { check, clock, own, schedules } = await setStage();
    const { slot } = await register(schedules, clock.now());
    await own(1);
    await own(2);
    await commit(schedules, slot, { epoch: 1, watermark: through(clock.now()) });
    const { violations, slotsAudited } = await check();
    expect(violations).toEqual([]);
    expect(slotsAudited).toBeGreaterThan(0);
  });

  it("finds an epoch above the lease's, and says so in the log", async () => {
    const { check, clock, schedules, log } = await setStage();
    const { slot } = await register(schedules, clock.now());
    await commit(schedules, slot, { epoch: 9, watermark: through(clock.now()) });
    const { violations } = await check();
    expect(violations.map(({ invariant }) => invariant)).toEqual(["fencing"]);
    expect(log.lines).toMatchObject([{ level: "error", fields: { invariant: "fencing" } }]);
  });

  it("reads the fleet again before it believes that: the lease may have changed hands meanwhile", async () => {
    const { check, clock, leases, schedules, own } = await setStage();
    const { slot } = await register(schedules, clock.now());
    await own(1);
    await own(2);
    await commit(schedules, slot, { epoch: 1, watermark: through(clock.now()) });
    let reads = 0;
    const stale: LeaseStore = {
      ...leases,
      async readFleet(pool) {
        const snapshot = await leases.readFleet(pool);
        reads += 1;
        if (snapshot === undefined || reads > 1) return snapshot;
        return { ...snapshot, leases: snapshot.leases.map((lease) => ({ ...lease, epoch: 0 })) };
      },
    };
    expect((await check({ leases: stale })).violations).toEqual([]);
    expect(reads).toBe(2);
  });

  it("finds a watermark that went back since it was last looked at", async () => {
    const { check, clock, schedules } = await setStage();
    const { slot } = await register(schedules, clock.now());
    await commit(schedules, slot, { epoch: 0, watermark: through(after(clock.now(), 1_000)) });
    expect((await check()).violations).toEqual([]);
    const rolledBack: ScheduleStore = {
      ...schedules,
      readSchedules: async (pool, own) =>
        (await schedules.readSchedules(pool, own)).map((schedule) => ({
          ...schedule,
          watermark: through(epochMs(1_000)),
        })),
    };
    expect(
      (await check({ schedules: rolledBack })).violations.map(({ invariant }) => invariant),
    ).toEqual(["monotone-watermark"]);
  });

  it("finds leases that don't tile, an expired one, and a rebalancer that is gone", async () => {
    const { check, clock, leases, own } = await setStage();
    await own(1);
    await clock.advance(600_000);
    const holed: LeaseStore = {
      ...leases,
      async readFleet(pool) {
        const snapshot = await leases.readFleet(pool);
        return snapshot && { ...snapshot, leases: snapshot.leases.slice(0, 1) };
      },
    };
    const checking = check({ leases: holed });
    await clock.advance(5_000);
    const { violations } = await checking;
    expect(violations.map(({ invariant }) => invariant)).toEqual([
      "tiling",
      "rebalancer-alive",
      "leases-taken-up",
    ]);
  });
});
