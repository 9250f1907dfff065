/**
 * What happens between a step's read and its write: the write's own condition must refuse it, whatever
 * the read came out as.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { cadenceKey } from "#domain/cadence.ts";
import type { FleetSnapshot } from "#domain/fleet.ts";
import type { Slot } from "#domain/slot.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { flakyProxy, type FlakyProxy } from "#test/support/flaky-proxy.ts";
import {
  at,
  ONE,
  owner,
  Q,
  requestsIn,
  SKEW_MS,
  T0,
  TTL_MS,
  TWO,
  twoLeases,
  type Requests,
} from "#test/support/leases.ts";
import { storesOn, type EngineStores } from "#test/support/on-engine.ts";
import { MINUTE } from "#test/support/targets.ts";

describe.skipIf(engineMissing() !== undefined)("between a step's read and its write", () => {
  let engine: TestEngine;
  let proxy: FlakyProxy;
  let client: ReturnType<typeof dynamoClient>;
  /** The stores under test, and others that come between. */
  let mine: EngineStores;
  let theirs: EngineStores;
  let ask: Requests;
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
    mine = storesOn(engine, `pool-${pools}`, client);
    theirs = storesOn(engine, mine.pool);
    ask = requestsIn(mine.pool);
    await theirs.leases.found(twoLeases(mine.pool));
  });

  /** Lets `action` come between; the step must be refused and leave everything as `action` did. */
  async function refusedAfter(
    operation: string,
    action: () => Promise<unknown>,
    step: () => Promise<{ readonly kind: string }>,
  ): Promise<unknown> {
    let between: FleetSnapshot | undefined;
    proxy.before(operation, async () => {
      await action();
      between = await theirs.leases.readFleet(mine.pool);
    });
    const result = await step();
    expect(between).toBeDefined();
    expect(await theirs.leases.readFleet(mine.pool)).toEqual(between);
    expect(result.kind).toBe("refused");
    return result;
  }

  const acquire =
    (id: typeof ONE, by: string, now = T0) =>
    (): Promise<unknown> =>
      theirs.leases.acquire(ask.acquire(id, by, now));

  test("a move is refused when its lease is acquired", async () => {
    const move = ask.move([1, 1], [Q[1]], at(1));
    await refusedAfter("TransactWriteItems", acquire(ONE, "ann"), () => mine.leases.move(move));
  });

  test("a move is refused when its taker's version moves on", async () => {
    const move = ask.move([1, 1], [Q[1]], at(1));
    await refusedAfter("TransactWriteItems", acquire(TWO, "bob"), () => mine.leases.move(move));
  });

  test("a move is refused when an expired owner comes back with a heartbeat", async () => {
    await acquire(ONE, "ann")();
    const free = epochMs(T0 + TTL_MS + SKEW_MS);
    const beat = (): Promise<unknown> => theirs.leases.renew(ask.renew(ONE, "ann", free));
    const result = await refusedAfter("TransactWriteItems", beat, () =>
      mine.leases.move(ask.move([2, 1], [Q[1]], free)),
    );
    expect(result).toEqual({ kind: "refused", why: "held" });
  });

  test("a promise is refused when either version moves on", async () => {
    const promise = ask.promise([1, 1], [Q[1]]);
    await refusedAfter("TransactWriteItems", acquire(TWO, "bob"), () =>
      mine.leases.promise(promise),
    );
    const again = ask.promise([1, 2], [Q[1]]);
    await refusedAfter("TransactWriteItems", acquire(ONE, "ann"), () => mine.leases.promise(again));
  });

  test("a cancel is refused when the version moves on", async () => {
    await theirs.leases.promise(ask.promise([1, 1], [Q[1]]));
    const cancel = { pool: mine.pool, id: ONE, version: 2, ranges: [Q[1]] };
    await refusedAfter("UpdateItem", acquire(ONE, "ann"), () => mine.leases.cancel(cancel));
  });

  describe("a give", () => {
    beforeEach(async () => {
      await acquire(ONE, "ann")();
      await theirs.leases.promise(ask.promise([2, 1], [Q[1]]));
    });

    const give = (): Promise<{ readonly kind: string }> =>
      mine.leases.give(ask.give("ann", [3, 1], [Q[1]]));

    test("is refused when the taker is acquired", async () => {
      await refusedAfter("TransactWriteItems", acquire(TWO, "bob"), give);
    });

    test("is refused when another owner has taken the lease", async () => {
      await refusedAfter("TransactWriteItems", acquire(ONE, "amy", at(60)), give);
    });

    test("is refused when the promise is cancelled", async () => {
      const cancel = { pool: mine.pool, id: ONE, version: 3, ranges: [Q[1]] };
      await refusedAfter("TransactWriteItems", () => theirs.leases.cancel(cancel), give);
    });

    test("is not spoilt by heartbeats of either side", async () => {
      proxy.before("TransactWriteItems", () => theirs.leases.renew(ask.renew(ONE, "ann", at(3))));
      expect((await give()).kind).toBe("given");
    });
  });

  describe("a schedule", () => {
    const SLOT = 5 as Slot;
    const cadence = cadenceKey(MINUTE);
    const touch = (stores: EngineStores, wasEmpty: boolean, now = T0): Promise<void> =>
      stores.schedules.touchSchedule(mine.pool, SLOT, { cadence, wasEmpty }, now);
    const commit = (): Promise<unknown> =>
      theirs.schedules.commit({
        ...{ pool: mine.pool, slot: SLOT, cadence, epoch: 1, by: owner("ann") },
        ...{ version: 1, revision: 1, watermark: through(at(700)), latest: new Uint8Array(10) },
        serviceMs: durationMs(1),
      });

    test("that somebody else makes and commits to is not made again", async () => {
      proxy.before("PutItem", async () => {
        await touch(theirs, true);
        await commit();
      });
      await touch(mine, true);
      const schedule = await theirs.schedules.findSchedule(mine.pool, SLOT, cadence);
      expect(schedule).toMatchObject({ revision: 2, watermark: through(at(700)) });
    });

    test("that is committed to restarts from that commit, not from the one read", async () => {
      await touch(theirs, true);
      proxy.before("UpdateItem", commit);
      await touch(mine, true, at(600));
      const schedule = await theirs.schedules.findSchedule(mine.pool, SLOT, cadence);
      expect(schedule).toMatchObject({ version: 3, revision: 2, watermark: through(at(700)) });
    });
  });

  test("a request merges into what somebody else puts while it is written whole", async () => {
    const put = (stores: EngineStores, stamp: string, from: number, count: number): Promise<void> =>
      stores.requests.put({
        ...{ pool: mine.pool, slot: 5 as Slot, fresh: false, stamp },
        keys: { kind: "keys", resultKeys: Array.from({ length: count }, (_, i) => from + i) },
      });
    await put(theirs, "s1", 1, 60);
    // 60 and 60 may not fit, so the record is written whole; meanwhile one key more comes.
    proxy.before("PutItem", () => put(theirs, "s2", 1_000, 1));
    await put(mine, "s3", 1, 60);
    const [merged] = await theirs.requests.list(mine.pool, [{ from: 0, to: 2 ** 32 }], 6);
    expect(merged).toMatchObject({ stamp: "s3", keys: { kind: "keys" } });
    expect(merged?.keys.kind === "keys" ? merged.keys.resultKeys.at(-1) : 0).toBe(1_000);
  });
});
