/** What a run writes beside its name. */
import { describe, expect, it } from "vitest";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import type { LastRebalance } from "#domain/fleet.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { settableClock } from "#test/support/settable-clock.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { readAndName } from "#usecases/rebalance/snapshot.ts";
import { startTimes } from "#usecases/rebalance/start-times.ts";

const POOL = "p";

async function setStage() {
  const clock = settableClock("2026-11-21T13:00:00Z");
  const leases = memoryLeaseStore();
  await foundPool({ clock, leases }, { pool: POOL, slotsLog2: 4, desired: 1 });
  /** An environment of the function: what it has learnt and counted outlives its runs. */
  const environment = () => ({ clock, leases, meter: capacityMeter(), startTimes: startTimes() });
  async function run(
    deps: ReturnType<typeof environment>,
    name = "a",
  ): Promise<LastRebalance | undefined> {
    const deadlineAt = clock.now();
    const stop = new AbortController().signal;
    await readAndName(deps, { pool: POOL, name, deadlineAt, stop });
    return (await leases.readFleet(POOL))?.fleet.lastRebalance;
  }
  return { clock, leases, environment, run };
}

describe("a run's name", () => {
  it("comes without a start time before one was measured, and then with it", async () => {
    const { clock, environment, run } = await setStage();
    const deps = environment();
    const at = clock.now();
    expect(await run(deps)).toEqual({ at, by: "a", throttledTotal: 0, unitsTotal: 0 });
    deps.startTimes.learn(340);
    expect(await run(deps, "b")).toEqual({
      at,
      by: "b",
      startMs: 480,
      throttledTotal: 0,
      unitsTotal: 0,
    });
  });

  it("keeps the start time that others have measured, and starts collectors by it", async () => {
    const { environment, run } = await setStage();
    const [first, second] = [environment(), environment()];
    for (let n = 0; n < 100; n += 1) first.startTimes.learn(2_000);
    await run(first);
    expect((await run(second, "b"))?.startMs).toBe(2_000);
    expect(second.startTimes.aheadMs()).toBe(2_000);
  });

  it("tells of all throttled calls so far, of every environment, each once", async () => {
    const { environment, run } = await setStage();
    const [first, second] = [environment(), environment()];
    first.meter.throttle(3);
    expect((await run(first))?.throttledTotal).toBe(3);
    second.meter.throttle(2);
    expect((await run(second))?.throttledTotal).toBe(5);
    expect((await run(first))?.throttledTotal).toBe(5);
  });

  it("tells of all units so far, of every environment, each once", async () => {
    const { environment, run } = await setStage();
    const [first, second] = [environment(), environment()];
    first.meter.record("fleet.read", { read: 1.5, write: 0 });
    expect((await run(first))?.unitsTotal).toBe(1.5);
    second.meter.record("fleet.write", { read: 0, write: 2 });
    expect((await run(second))?.unitsTotal).toBe(3.5);
    first.meter.record("fleet.read", { read: 0.1, write: 0 });
    first.meter.record("fleet.read", { read: 0.2, write: 0 });
    expect((await run(first))?.unitsTotal).toBe(3.8);
    expect((await run(first))?.unitsTotal).toBe(3.8);
  });

  it("tells of them in the next run when this one's name could not be written", async () => {
    const { leases, environment, run } = await setStage();
    const deps = environment();
    const refusing: LeaseStore = {
      ...leases,
      writeFleet: () => Promise.resolve({ kind: "refused" }),
    };
    deps.meter.throttle(3);
    deps.meter.record("fleet.read", { read: 1.5, write: 0 });
    await run({ ...deps, leases: refusing });
    expect(await run(deps)).toMatchObject({ throttledTotal: 3, unitsTotal: 1.5 });
  });
});
