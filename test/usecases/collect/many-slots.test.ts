import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { leaseId } from "#domain/lease.ts";
import { sleep } from "#ports/clock.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { collectorWorld, noopTarget, POOL } from "#test/support/collector-world.ts";

const SLOTS_LOG2 = 9;
const PERIOD = every(125_000);
const TEN_SECONDS = every(10_000);

/** Which schedules are read by themselves, and how many at the same time. */
function watched(schedules: ScheduleStore) {
  const calls = { schedules: new Set<string>(), findsAtOnce: 0 };
  let underWay = 0;
  const store: ScheduleStore = {
    ...schedules,
    async findSchedule(...place) {
      calls.schedules.add(`${place[1]} ${place[2]}`);
      underWay += 1;
      calls.findsAtOnce = Math.max(calls.findsAtOnce, underWay);
      try {
        return await schedules.findSchedule(...place);
      } finally {
        underWay -= 1;
      }
    },
  };
  return { store, calls };
}

describe("the successor of a collector with many slots", () => {
  it("looks only at the schedules that are handed over, a few at once, and repeats nothing", async () => {
    const world = await collectorWorld({
      slotsLog2: SLOTS_LOG2,
      // Long enough for so many rounds to be open that the lease names a cut for all of its slots.
      latencyMs: () => 8_000,
    });
    const ids = Array.from({ length: 1_500 }, (_, index) => `target-${index}`);
    await world.register(ids.map((id) => noopTarget(id, PERIOD)));
    world.start(1, { deadlineInMs: 200_000 });
    await world.clock.advance(130_000);
    const began = world.clock.now();
    const { store, calls } = watched(world.schedules);
    world.start(1, { deps: { schedules: store } });
    await world.clock.advance(30_000);
    expect(world.reports.map((report) => report.ending)).toEqual(["deadline"]);
    const lease = await world.leases.findLease(POOL, leaseId(1));
    expect(lease?.open).toHaveLength(1);
    expect(calls.findsAtOnce).toBeLessThanOrEqual(16);
    expect(calls.schedules.size).toBeLessThan(2 ** SLOTS_LOG2 / 4);
    for (const id of ids) {
      const due = world.instants(id, PERIOD, began, world.clock.now());
      const arrivals = world.arrivalsOf(id).filter((at) => at > began);
      expect(arrivals, id).toHaveLength(due.length);
    }
  });

  it("has the time to read them: nothing is late though that takes more than a second", async () => {
    const world = await collectorWorld({
      slotsLog2: 12,
      settings: { longestTimeoutMs: 5_000 },
    });
    const ids = Array.from({ length: 400 }, (_, index) => `target-${index}`);
    await world.register(ids.map((id) => noopTarget(id, TEN_SECONDS)));
    world.start(1, { deadlineInMs: 100_000 });
    await world.clock.advance(80_000);
    const began = world.clock.now();
    const schedules: ScheduleStore = {
      ...world.schedules,
      async readSchedules(...slot) {
        await sleep(world.clock, 5);
        return await world.schedules.readSchedules(...slot);
      },
    };
    world.start(1, { deps: { schedules } });
    await world.clock.advance(30_000);
    expect(world.reports.map((report) => report.ending)).toEqual(["deadline"]);
    const late = ids.flatMap((id) => {
      const arrivals = world.arrivalsOf(id).filter((at) => at > began);
      return world
        .instants(id, TEN_SECONDS, began, world.clock.now())
        .map((instant, index) => (arrivals[index] ?? Infinity) - instant);
    });
    expect(Math.max(...late)).toBeLessThanOrEqual(500);
    expect(world.reports[0]).toMatchObject({ missed: 0, abandoned: 0 });
  });
});
