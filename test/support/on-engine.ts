/**
 * DynamoDB stores on one engine for a test file, a fresh pool for each test.
 *
 *     describeOnEngine("…", (stores) => { test("…", async () => { const { leases, pool } = stores(); … }) })
 */
import { afterAll, beforeAll, describe } from "vitest";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { engineMissing, startTestEngine, type TestEngine } from "./engine.ts";

export interface EngineStores {
  readonly engine: TestEngine;
  /** A name that no other test has. */
  readonly pool: string;
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly meter: CapacityMeter;
}

export function storesOn(engine: TestEngine, pool: string, client = engine.client): EngineStores {
  const meter = capacityMeter();
  const tools = { client, meter, clock: systemClock() };
  const onLeases = { ...tools, tableName: engine.tables.leases };
  const onTargets = { ...tools, tableName: engine.tables.targets };
  return {
    engine,
    pool,
    meter,
    leases: dynamoLeaseStore(onLeases),
    schedules: dynamoScheduleStore(onTargets),
    requests: dynamoRequestStore(onLeases),
  };
}

/** Skipped, and says why, where this platform has no engine. */
export function describeOnEngine(name: string, suite: (stores: () => EngineStores) => void): void {
  const missing = engineMissing();
  describe.skipIf(missing !== undefined)(
    missing === undefined ? name : `${name} (${missing})`,
    () => {
      let engine: TestEngine | undefined;
      let pools = 0;

      beforeAll(async () => {
        engine = await startTestEngine();
      });
      afterAll(async () => {
        await engine?.stop();
      });

      suite(() => {
        if (engine === undefined) throw new Error("the engine is not running");
        pools += 1;
        return storesOn(engine, `pool-${pools}`);
      });
    },
  );
}
