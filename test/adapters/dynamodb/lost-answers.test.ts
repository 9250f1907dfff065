/**
 * Writes whose answer was lost: the SDK sends them again, and the second is refused by what the first
 * has done. Each must come back as what it was: a success.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { cadenceKey } from "#domain/cadence.ts";
import { DependencyError } from "#domain/errors.ts";
import type { CommitRequest } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import { durationMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { flakyProxy, type Fault, type FlakyProxy } from "#test/support/flaky-proxy.ts";
import { at, ONE, owner, Q, requestsIn, T0, TWO, twoLeases } from "#test/support/leases.ts";
import { storesOn, type EngineStores } from "#test/support/on-engine.ts";
import { MINUTE, noopTarget } from "#test/support/targets.ts";

describe.skipIf(engineMissing() !== undefined)("writes whose answer was lost", () => {
  let engine: TestEngine;
  let proxy: FlakyProxy;
  let client: ReturnType<typeof dynamoClient>;
  let stores: EngineStores;
  let pools = 0;

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
  beforeEach(async () => {
    pools += 1;
    stores = storesOn(engine, `pool-${pools}`, client);
    await stores.leases.found(twoLeases(stores.pool));
  });

  const SLOT = 5 as Slot;
  const commitRequest = (): CommitRequest => ({
    pool: stores.pool,
    slot: SLOT,
    cadence: cadenceKey(MINUTE),
    epoch: 1,
    by: owner("ann"),
    version: 1,
    revision: 1,
    watermark: through(at(60)),
    latest: new Uint8Array(10),
    serviceMs: durationMs(1),
  });

  async function lost<T>(
    operation: string,
    send: () => Promise<T>,
    fault: Fault = "lose",
  ): Promise<T> {
    const before = proxy.seen(operation);
    proxy.fail(operation, fault);
    const result = await send();
    expect(proxy.seen(operation) - before).toBeGreaterThan(1);
    return result;
  }

  /** Lease 1 is Ann's, and has promised its second quarter to lease 2. */
  async function promisedByAnn(): Promise<void> {
    const { leases, pool } = stores;
    await leases.acquire(requestsIn(pool).acquire(ONE, "ann", T0));
    await leases.promise(requestsIn(pool).promise([2, 1], [Q[1]]));
  }

  test("an acquire is acquired, once", async () => {
    const { leases, pool } = stores;
    const request = requestsIn(pool).acquire(ONE, "ann", T0);
    const result = await lost("UpdateItem", () => leases.acquire(request));
    expect(result).toMatchObject({ kind: "acquired", lease: { epoch: 1, version: 2 } });
    expect(await leases.findLease(pool, ONE)).toMatchObject({ epoch: 1, version: 2 });
  });

  test("a release is released, once", async () => {
    const { leases, pool } = stores;
    await leases.acquire(requestsIn(pool).acquire(ONE, "ann", T0));
    const request = requestsIn(pool).release(ONE, "ann", 2, at(5));
    const result = await lost("UpdateItem", () => leases.release(request));
    expect(result).toMatchObject({ kind: "released", lease: { version: 3 } });
  });

  test("a promise is promised and a cancel cancelled, once", async () => {
    const { leases, pool } = stores;
    const promise = requestsIn(pool).promise([1, 1], [Q[1]]);
    const promised = await lost("TransactWriteItems", () => leases.promise(promise));
    expect(promised).toMatchObject({ kind: "promised", from: { version: 2 } });
    const cancel = { pool, id: ONE, version: 2, ranges: [Q[1]] };
    const cancelled = await lost("UpdateItem", () => leases.cancel(cancel));
    expect(cancelled).toMatchObject({ kind: "cancelled", lease: { version: 3, giving: [] } });
  });

  test("a give is given, once", async () => {
    await promisedByAnn();
    const { leases, pool } = stores;
    const request = requestsIn(pool).give("ann", [3, 1], [Q[1]]);
    const result = await lost("TransactWriteItems", () => leases.give(request));
    expect(result).toMatchObject({ kind: "given", from: { version: 4 }, to: { version: 2 } });
  });

  test("a move is moved, once", async () => {
    const { leases, pool } = stores;
    const request = requestsIn(pool).move([1, 1], [Q[1]], at(1));
    const result = await lost("TransactWriteItems", () => leases.move(request));
    expect(result).toMatchObject({ kind: "moved", from: { version: 2 }, to: { version: 2 } });
  });

  test("founding, adding a lease and writing the fleet happen once", async () => {
    const { leases, pool } = stores;
    const other = twoLeases(`${pool}-other`);
    await lost("TransactWriteItems", () => leases.found(other));
    expect(await leases.readFleet(other.fleet.pool)).toEqual(other);
    const added = await lost("TransactWriteItems", () => leases.addLease(other.fleet));
    if (added.kind === "refused") throw new Error("not added");
    expect(await lost("PutItem", () => leases.writeFleet(added.fleet))).toMatchObject({
      kind: "written",
      fleet: { version: 3 },
    });
    expect(await lost("DeleteItem", () => leases.removeLease(added.lease))).toBe("removed");
    expect((await leases.readFleet(other.fleet.pool))?.leases.length).toBe(2);
  });

  test("a commit is committed, once", async () => {
    const { schedules, pool } = stores;
    const cadence = cadenceKey(MINUTE);
    await schedules.touchSchedule(pool, SLOT, { cadence, wasEmpty: true }, T0);
    const result = await lost("UpdateItem", () => schedules.commit(commitRequest()));
    expect(result).toEqual({ kind: "committed", version: 2 });
    expect((await schedules.findSchedule(pool, SLOT, cadence))?.version).toBe(2);
  });

  test("targets and requests are there, once", async () => {
    const { schedules, requests, pool } = stores;
    await lost("BatchWriteItem", () => schedules.putTargets(pool, SLOT, [noopTarget("a", pool)]));
    expect((await schedules.readSlot(pool, SLOT)).targets.length).toBe(1);
    const request = {
      pool,
      slot: SLOT,
      fresh: true,
      keys: { kind: "keys", resultKeys: [1] },
      stamp: "s",
    } as const;
    await lost("UpdateItem", () => requests.put(request));
    // The SDK has written twice: the count tells, and asks for no more than once.
    const stored = { ...request, writes: 2 };
    expect(await requests.list(pool, [{ from: 0, to: 2 ** 32 }], 6)).toEqual([stored]);
    expect(await lost("DeleteItem", () => requests.remove(stored))).toBe("removed");
  });

  test("an answer that never comes is given up and asked for again", async () => {
    const { leases, pool } = stores;
    const request = requestsIn(pool).acquire(TWO, "ann", T0);
    const result = await lost("UpdateItem", () => leases.acquire(request), "hold");
    expect(result).toMatchObject({ kind: "acquired", lease: { epoch: 1 } });
  });

  test("an answer that stalls in the middle is given up and asked for again", async () => {
    const { leases, pool } = stores;
    const result = await lost("Query", () => leases.readFleet(pool), "cut");
    expect(result).toEqual(twoLeases(pool));
  });

  test("answers that are lost every time end in a DependencyError that says which call", async () => {
    const { leases, pool } = stores;
    proxy.fail("UpdateItem", "lose", 10);
    const call = leases.acquire(requestsIn(pool).acquire(ONE, "ann", T0));
    await expect(call).rejects.toBeInstanceOf(DependencyError);
    await expect(call).rejects.toMatchObject({ retryable: true });
    await expect(call).rejects.toThrow(/lease\.acquire/u);
    proxy.fail("UpdateItem", "lose", 0);
  });
});
