import { describe, expect, it } from "vitest";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { DependencyError, InvalidInputError, InvariantError } from "#domain/errors.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { rebalanceAsConfigured } from "#usecases/rebalance-as-configured.ts";
import { REBALANCE_SETTINGS, startTimes } from "#usecases/rebalance.ts";
import { noSteps } from "#test/support/quiet.ts";
import { after } from "#domain/units.ts";
import { POOL, setStage, type Stage } from "./rebalance/stage.ts";

const FAR_MS = 3_600_000;
/** As the stage founds it: 16 slots. */
const SLOTS_LOG2 = 4;

type Wanted = Parameters<typeof rebalanceAsConfigured>[2];

/** One run that is stopped after `ms`; what it threw is an answer here. */
async function ran(stage: Stage, wanted: Wanted, leases: LeaseStore, ms = 5_000): Promise<unknown> {
  const stop = new AbortController();
  const { clock, requests, invoker, log } = stage;
  const running = rebalanceAsConfigured(
    {
      clock,
      leases,
      requests,
      invoker,
      log,
      steps: noSteps,
      meter: capacityMeter(),
      startTimes: startTimes(),
      settings: REBALANCE_SETTINGS,
    },
    { pool: POOL, name: "a", deadlineAt: after(clock.now(), 180_000), stop: stop.signal },
    wanted,
  ).catch((error: unknown) => error);
  await clock.advance(ms);
  stop.abort();
  await clock.advance(1_000);
  return await running;
}

const wanted = (desired: number, slotsLog2 = SLOTS_LOG2): Wanted => ({
  pool: POOL,
  slotsLog2,
  desired,
});

describe("rebalance, with a pool that is configured", () => {
  it("founds a pool that isn't there, and starts its collectors in the same run", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS, onStart: () => undefined });
    const empty = memoryLeaseStore();
    expect(await ran(stage, wanted(3), empty)).toMatchObject({ kind: "rebalanced" });
    const snapshot = await empty.readFleet(POOL);
    expect(snapshot?.fleet).toMatchObject({ slotsLog2: SLOTS_LOG2, desired: 3 });
    expect(new Set(stage.starts.map(({ lease }) => lease))).toEqual(
      new Set(["0001", "0002", "0003"]),
    );
    expect(stage.log.lines).toContainEqual({
      level: "info",
      event: "the pool was founded",
      fields: { pool: POOL, slots: 16, desired: 3 },
    });
  });

  it("changes how many collectors are desired, and gives them leases in the same run", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS });
    expect(await ran(stage, wanted(2), stage.leases)).toMatchObject({ kind: "rebalanced" });
    const snapshot = await stage.leases.readFleet(POOL);
    expect(snapshot?.fleet.desired).toBe(2);
    expect(snapshot?.leases).toHaveLength(2);
    expect(stage.log.lines).toContainEqual({
      level: "info",
      event: "another number of collectors is desired",
      fields: { pool: POOL, before: 1, desired: 2 },
    });
  });

  it("writes nothing but its name when the pool is as configured", async () => {
    const stage = await setStage({ leases: 2, nextDueMs: FAR_MS });
    const before = await stage.leases.readFleet(POOL);
    await ran(stage, wanted(2), stage.leases);
    const now = await stage.leases.readFleet(POOL);
    expect(now?.fleet.version).toBe((before?.fleet.version ?? 0) + 1);
    expect(stage.log.lines).toEqual([]);
  });

  it("leaves other pools than the configured one alone", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS });
    const other: Wanted = { pool: "another", slotsLog2: SLOTS_LOG2, desired: 9 };
    expect(await ran(stage, other, stage.leases)).toMatchObject({ kind: "rebalanced" });
    expect((await stage.leases.readFleet(POOL))?.fleet.desired).toBe(1);
    expect(await stage.leases.readFleet("another")).toBeUndefined();
  });

  it("does what rebalance does where nothing is configured", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS });
    const empty = memoryLeaseStore();
    expect(await ran(stage, undefined, empty)).toEqual({ kind: "no-pool" });
    expect(await ran(stage, undefined, stage.leases)).toMatchObject({ kind: "rebalanced" });
  });
});

describe("rebalance, with a configuration that can't be", () => {
  it("goes on with the stored slots when others are configured, and fails at its end", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: -1 });
    const error = await ran(stage, wanted(1, 6), stage.leases);
    expect(stage.starts.map(({ lease }) => lease)).toEqual(["0001"]);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(String(error)).toContain("slots of pool p: found 64, expected 16");
    expect((await stage.leases.readFleet(POOL))?.fleet.slotsLog2).toBe(SLOTS_LOG2);
    expect(stage.log.lines).toContainEqual({
      level: "error",
      event:
        "the pool isn't as it is configured: it goes on as it is, and this run fails at its end",
      fields: { pool: POOL, why: String(error) },
    });
  });

  it("follows the number of collectors all the same when other slots are configured", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS });
    expect(await ran(stage, wanted(2, 6), stage.leases)).toBeInstanceOf(InvalidInputError);
    const snapshot = await stage.leases.readFleet(POOL);
    expect(snapshot?.fleet.desired).toBe(2);
    expect(snapshot?.leases).toHaveLength(2);
  });

  it("keeps the number it has when there are more collectors configured than slots", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: -1 });
    const error = await ran(stage, wanted(17), stage.leases);
    expect(String(error)).toContain("desired collectors: found 17, expected a whole number from 1");
    expect(stage.starts).toHaveLength(1);
    expect((await stage.leases.readFleet(POOL))?.fleet.desired).toBe(1);
  });

  it.each([
    ["the record keeps changing", InvariantError, "refused"],
    ["the store refuses to write", DependencyError, "throws"],
  ])("starts collectors all the same when %s", async (_name, kind, how) => {
    const stage = await setStage({ leases: 1, nextDueMs: -1 });
    let writes = 0;
    const troubled: LeaseStore = {
      ...stage.leases,
      writeFleet(fleet) {
        writes += 1;
        if (fleet.desired === 1) return stage.leases.writeFleet(fleet);
        if (how === "refused") return Promise.resolve({ kind: "refused" });
        return Promise.reject(new DependencyError("throttled", { retryable: true }));
      },
    };
    expect(await ran(stage, wanted(2), troubled)).toBeInstanceOf(kind);
    expect(writes).toBeGreaterThan(1);
    expect(stage.starts).toHaveLength(1);
  });
});
