/** A pool in memory, a health check on it that is run by hand, and owners that say what they are told. */
import { expect } from "vitest";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { memoryConfigurationStore } from "#adapters/memory/configuration-store.ts";
import { memoryHealthMemory } from "#adapters/memory/health-memory.ts";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { memoryMetricSink } from "#adapters/memory/metric-sink.ts";
import { memoryScheduleStore } from "#adapters/memory/schedule-store.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { emptyProgress, minuteOf, type Progress } from "#domain/progress.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { after, durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import type { Watermark } from "#domain/watermark.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { keptLog, noSteps } from "#test/support/quiet.ts";
import { settableClock } from "#test/support/settable-clock.ts";
import { foundPool } from "#usecases/found-pool.ts";
import {
  HEALTH_CHECK_SETTINGS,
  healthCheck,
  slotMemory,
  type HealthCheckDeps,
  type HealthCheckReport,
} from "#usecases/health-check.ts";

export const POOL = "p";
export const K = 6;
export const OWNER = "owner" as Owner;
const cadence = every(60_000);
const key = cadenceKey(cadence);

export type Checked = Extract<HealthCheckReport, { kind: "checked" }>;

/** Ports that a run has instead of the stage's. */
export type Change = Partial<
  Pick<HealthCheckDeps, "leases" | "schedules" | "health" | "metrics" | "memory">
>;

export async function setStage() {
  const clock = settableClock("2026-11-21T13:00:30Z");
  const leases = memoryLeaseStore();
  const schedules = memoryScheduleStore();
  const configuration = memoryConfigurationStore();
  const health = memoryHealthMemory();
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
  function run(
    change: Change = {},
    stop = new AbortController().signal,
  ): Promise<HealthCheckReport> {
    return healthCheck(
      {
        clock,
        leases,
        schedules: watched,
        configuration,
        health,
        metrics,
        meter,
        log,
        steps: noSteps,
        memory,
        settings: HEALTH_CHECK_SETTINGS,
        ...change,
      },
      { pool: POOL, stop, deadlineAt: after(clock.now(), 60_000) },
    );
  }
  async function check(change: Change = {}, stop?: AbortSignal): Promise<Checked> {
    const report = await run(change, stop);
    if (report.kind !== "checked") throw new Error(report.kind);
    return report;
  }
  /** What a run throws. */
  async function failure(change: Change = {}): Promise<unknown> {
    try {
      await run(change);
    } catch (error) {
      return error;
    }
    throw new Error("the run didn't fail");
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
  return {
    clock,
    leases,
    schedules,
    configuration,
    health,
    metrics,
    log,
    meter,
    read,
    check,
    failure,
    own,
  };
}

/** A target whose slot is looked at in this minute, and its schedule. */
export async function register(
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

export async function commit(
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
