/** What the local engine never says, and DynamoDB does: try again, this was neither done nor refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { limits } from "#domain/limits.ts";
import type { Slot } from "#domain/slot.ts";
import type { Clock } from "#ports/clock.ts";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { flakyProxy, type FlakyProxy } from "#test/support/flaky-proxy.ts";
import { at, ONE, Q, requestsIn, T0, twoLeases } from "#test/support/leases.ts";
import { manyTargets } from "#test/support/targets.ts";

const SLOT = 5 as Slot;

/** Waits take no time, and are counted. */
function hastyClock(): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    now: () => T0,
    after(span, wake) {
      waits.push(span);
      queueMicrotask(wake);
      return () => undefined;
    },
  };
}

describe.skipIf(engineMissing() !== undefined)("a store that asks to be asked again", () => {
  let engine: TestEngine;
  let proxy: FlakyProxy;
  let client: ReturnType<typeof dynamoClient>;

  beforeAll(async () => {
    engine = await startTestEngine();
    proxy = await flakyProxy(engine.endpoint);
    client = dynamoClient({ endpoint: proxy.endpoint });
  });
  afterAll(async () => {
    client.destroy();
    await proxy.stop();
    await engine.stop();
  });

  const tools = (clock: Clock, tableName: string): Parameters<typeof dynamoLeaseStore>[0] => ({
    ...{ client, clock, tableName, meter: capacityMeter() },
  });

  test("a transaction in conflict is tried again, waiting in between, and lands once", async () => {
    const clock = hastyClock();
    const store = dynamoLeaseStore(tools(clock, engine.tables.leases));
    await store.found(twoLeases("a"));
    proxy.fail("TransactWriteItems", "conflict", 3);
    const moved = await store.move(requestsIn("a").move([1, 1], [Q[1]], at(1)));
    expect(moved).toMatchObject({ kind: "moved", from: { version: 2 }, to: { version: 2 } });
    expect(clock.waits.length).toBe(3);
    expect(clock.waits.every((span) => span <= limits.storeBackoffMaxMs)).toBe(true);
  });

  test("a single write in conflict with a transaction is tried again", async () => {
    const clock = hastyClock();
    const store = dynamoLeaseStore(tools(clock, engine.tables.leases));
    await store.found(twoLeases("b"));
    proxy.fail("UpdateItem", "conflict", 2);
    const acquired = await store.acquire(requestsIn("b").acquire(ONE, "ann", T0));
    expect(acquired).toMatchObject({ kind: "acquired", lease: { epoch: 1 } });
    expect(clock.waits.length).toBe(2);
  });

  test("a conflict that doesn't end is a retryable DependencyError, never a refusal", async () => {
    const store = dynamoLeaseStore(tools(hastyClock(), engine.tables.leases));
    await store.found(twoLeases("c"));
    const before = proxy.seen("TransactWriteItems");
    proxy.fail("TransactWriteItems", "conflict", 1_000);
    const call = store.move(requestsIn("c").move([1, 1], [Q[1]], at(1)));
    await expect(call).rejects.toMatchObject({ name: "DependencyError", retryable: true });
    await expect(call).rejects.toThrow(/lease\.move: still in conflict/u);
    expect(proxy.seen("TransactWriteItems") - before).toBe(limits.conflictAttemptsMax);
    proxy.fail("TransactWriteItems", "conflict", 0);
  });

  test("targets that were not taken are put again, waiting in between", async () => {
    const clock = hastyClock();
    const store = dynamoScheduleStore(tools(clock, engine.tables.targets));
    proxy.fail("BatchWriteItem", "unprocessed", 5);
    await store.putTargets("d", SLOT, manyTargets(60, "d"));
    expect((await store.readSlot("d", SLOT)).targets.length).toBe(60);
    expect(clock.waits.length).toBe(5);
  });

  test("targets that are never taken are a DependencyError that says how many are left", async () => {
    const store = dynamoScheduleStore(tools(hastyClock(), engine.tables.targets));
    proxy.fail("BatchWriteItem", "unprocessed", 1_000);
    const call = store.putTargets("e", SLOT, manyTargets(10, "e"));
    await expect(call).rejects.toMatchObject({ name: "DependencyError", retryable: true });
    await expect(call).rejects.toThrow(/targets\.put: 10 of 10 records not taken/u);
    proxy.fail("BatchWriteItem", "unprocessed", 0);
  });
});
