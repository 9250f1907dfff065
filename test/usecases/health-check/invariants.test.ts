import { describe, expect, it } from "vitest";
import { InvariantError } from "#domain/errors.ts";
import { METRIC_NAMES } from "#domain/metric.ts";
import { after, epochMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { HEALTH_CHECK_SETTINGS, slotMemory } from "#usecases/health-check.ts";
import { commit, register, setStage } from "./stage.ts";

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

  it("finds an epoch above the lease's, says so in the log, publishes, and then fails", async () => {
    const { failure, clock, schedules, log, metrics } = await setStage();
    const { slot } = await register(schedules, clock.now());
    await commit(schedules, slot, { epoch: 9, watermark: through(clock.now()) });
    const error = await failure();
    expect(error).toBeInstanceOf(InvariantError);
    expect(String(error)).toMatch(/pool p: fencing: slot \d+ every:60000 has epoch 9.*must look/u);
    expect(log.lines).toMatchObject([{ level: "error", fields: { invariant: "fencing" } }]);
    expect(metrics.batches.map((batch) => batch.metrics.length)).toEqual([METRIC_NAMES.length]);
  });

  it("goes on failing until it has looked everywhere again, so that one look is enough for an alarm", async () => {
    const { failure, check, clock, own, schedules, log } = await setStage();
    const { slot } = await register(schedules, clock.now());
    await commit(schedules, slot, { epoch: 9, watermark: through(clock.now()) });
    const found = String(await failure());
    await clock.advance(60_000);
    // Another environment, which looks at other slots.
    const still = await failure({ memory: slotMemory() });
    expect(still).toBeInstanceOf(InvariantError);
    expect(String(still)).toBe(found.replace("a person must look", "a person must look (seen 2026-11-21T13:00:30.000Z)")); // prettier-ignore
    expect(log.lines.filter(({ level }) => level === "error")).toHaveLength(1);
    // Every slot has been looked at in the meantime; whatever was wrong isn't any more.
    await clock.advance(HEALTH_CHECK_SETTINGS.brokenForMs - 60_000);
    await failure();
    await clock.advance(1);
    await own(1);
    expect((await check()).published).toBe("published");
  });

  it("is steady about what stays broken: seen anew in each rotation", () => {
    const { brokenForMs, rotationMinutes } = HEALTH_CHECK_SETTINGS;
    expect(brokenForMs).toBeGreaterThanOrEqual((rotationMinutes + 3) * 60_000);
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
    const { check, failure, clock, schedules } = await setStage();
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
    expect(String(await failure({ schedules: rolledBack }))).toContain("monotone-watermark");
  });

  it("finds leases that don't tile, and says how many more things are wrong", async () => {
    const { failure, clock, leases, own, log } = await setStage();
    await own(1);
    await clock.advance(600_000);
    const holed: LeaseStore = {
      ...leases,
      async readFleet(pool) {
        const snapshot = await leases.readFleet(pool);
        return snapshot && { ...snapshot, leases: snapshot.leases.slice(0, 1) };
      },
    };
    const failing = failure({ leases: holed });
    await clock.advance(5_000);
    expect(String(await failing)).toMatch(/tiling: 80000000-100000000 is in no lease; a person/u);
    expect(log.lines.map(({ fields }) => fields["invariant"])).toEqual([
      "tiling",
      "rebalancer-alive",
      "leases-taken-up",
    ]);
  });

  it("warns of a rebalancer that is gone and of a lease that lies expired: those have alarms of their own", async () => {
    const { check, clock, own, log } = await setStage();
    await own(1);
    await clock.advance(600_000);
    const { violations, published } = await check();
    expect(published).toBe("published");
    expect(violations.map(({ invariant }) => invariant)).toEqual([
      "rebalancer-alive",
      "leases-taken-up",
    ]);
    expect(log.lines.map(({ level }) => level)).toEqual(["warn", "warn"]);
  });
});
