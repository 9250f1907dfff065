/** What is throttled is counted, attempt by attempt, whether or not anybody else hears of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { limits } from "#domain/limits.ts";
import type { Slot } from "#domain/slot.ts";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { flakyProxy, type FlakyProxy } from "#test/support/flaky-proxy.ts";
import { at, ONE, Q, requestsIn, T0, twoLeases } from "#test/support/leases.ts";
import { manyTargets } from "#test/support/targets.ts";

describe.skipIf(engineMissing() !== undefined)("throttled attempts", () => {
  let engine: TestEngine;
  let proxy: FlakyProxy;
  let client: ReturnType<typeof dynamoClient>;
  const meter = capacityMeter();
  const tools = () => ({ client, meter, clock: systemClock() });
  const leases = () => dynamoLeaseStore({ ...tools(), tableName: engine.tables.leases });

  beforeAll(async () => {
    engine = await startTestEngine();
    proxy = await flakyProxy(engine.endpoint);
    client = dynamoClient({ endpoint: proxy.endpoint, meter });
  });
  afterAll(async () => {
    client.destroy();
    await proxy.stop();
    await engine.stop();
  });
  beforeEach(() => {
    meter.takeThrottled();
  });

  test("are none where nothing is throttled, also when a condition is refused", async () => {
    await leases().found(twoLeases("a"));
    await leases().acquire(requestsIn("a").acquire(ONE, "ann", T0));
    const refused = await leases().acquire(requestsIn("a").acquire(ONE, "bob", T0));
    expect(refused.kind).not.toBe("acquired");
    expect(meter.takeThrottled()).toBe(0);
  });

  test("are counted where the SDK's own retry succeeds, and told once", async () => {
    await leases().found(twoLeases("b"));
    proxy.fail("UpdateItem", "throttle", 2);
    const acquired = await leases().acquire(requestsIn("b").acquire(ONE, "ann", T0));
    expect(acquired).toMatchObject({ kind: "acquired", lease: { epoch: 1 } });
    expect(meter.takeThrottled()).toBe(2);
    expect(meter.takeThrottled()).toBe(0);
  });

  test("are counted, each of them, where the call fails in the end", async () => {
    proxy.fail("Query", "throttle", limits.storeAttemptsMax);
    const read = leases().readFleet("c");
    await expect(read).rejects.toMatchObject({ name: "DependencyError", retryable: true });
    expect(meter.takeThrottled()).toBe(limits.storeAttemptsMax);
  });

  test("are counted in transactions, and a conflict is none", async () => {
    await leases().found(twoLeases("d"));
    proxy.fail("TransactWriteItems", "throttle", 1);
    const moved = await leases().move(requestsIn("d").move([1, 1], [Q[1]], at(1)));
    expect(moved.kind).toBe("moved");
    expect(meter.takeThrottled()).toBe(1);
    proxy.fail("TransactWriteItems", "conflict", 1);
    await leases().move(requestsIn("d").move([2, 2], [Q[0]], at(1)));
    expect(meter.takeThrottled()).toBe(0);
  });

  test("are counted where a batch is taken only in part", async () => {
    const store = dynamoScheduleStore({ ...tools(), tableName: engine.tables.targets });
    proxy.fail("BatchWriteItem", "unprocessed", 3);
    await store.putTargets("e", 5 as Slot, manyTargets(10, "e"));
    expect(meter.takeThrottled()).toBe(3);
  });
});
