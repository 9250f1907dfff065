import { PutItemCommand, type AttributeValue } from "@aws-sdk/client-dynamodb";
import { expect, test } from "vitest";
import { dynamoHealthMemory } from "#adapters/dynamodb/health-memory.ts";
import { healthKey } from "#adapters/dynamodb/keys.ts";
import { WINDOW_CAPTURES, WINDOW_MINUTES } from "#domain/failures-window.ts";
import { epochMs } from "#domain/units.ts";
import { systemClock } from "#adapters/system/clock.ts";
import {
  healthMemoryContract,
  healthState,
  type HealthMemoryUnderTest,
} from "#test/contracts/health-memory.contract.ts";
import { describeOnEngine, type EngineStores } from "#test/support/on-engine.ts";

describeOnEngine("on the engine", (stores) => {
  function make({ engine, pool, meter }: EngineStores): HealthMemoryUnderTest {
    const { client, tables } = engine;
    const options = { client, tableName: tables.leases, meter, clock: systemClock() };
    return { memory: dynamoHealthMemory(options), pool };
  }

  healthMemoryContract("dynamodb", () => make(stores()));

  test("costs one read unit and one write unit a minute, and reading the fleet nothing", async () => {
    const on = stores();
    const { memory, pool } = make(on);
    await memory.put(healthState(pool));
    await memory.find(pool);
    expect(on.meter.totals().get("health.put")).toEqual({ read: 0, write: 1, calls: 1 });
    expect(on.meter.totals().get("health.find")).toEqual({ read: 1, write: 0, calls: 1 });
    expect(await on.leases.readFleet(pool)).toBeUndefined();
  });

  test("stays within one write unit with as many minutes as are ever kept", async () => {
    const on = stores();
    const { memory, pool } = make(on);
    const recent = Array.from({ length: 2 * WINDOW_MINUTES + 1 }, (_, n) => {
      return { minute: 29_921_760 + n, captures: WINDOW_CAPTURES - 1, failed: WINDOW_CAPTURES - 1 };
    });
    const { normal } = healthState(pool).failures;
    const broken = { at: epochMs(Date.UTC(2026, 10, 20)), what: "x".repeat(200) };
    await memory.put(healthState(pool, { failures: { normal, recent }, broken }));
    expect(on.meter.totals().get("health.put")).toEqual({ read: 0, write: 1, calls: 1 });
  });

  test("reads what older and newer versions of the code write", async () => {
    const on = stores();
    const { memory, pool } = make(on);
    const number = (N: string): AttributeValue => ({ N });
    const older = { at: number("1"), lag: number("1"), dp: number("1"), ra: number("1") };
    const nothing = { normal: undefined, recent: [] };
    const read = { pool, at: 1, lagMs: 1, droppedPublications: 1, throttledTotal: 1 };
    for (const [Item, expected] of [
      [older, { rebalancersUnits: undefined, failures: nothing }],
      [{ ...older, fw: { S: "a new way" }, zz: number("1") }, { failures: nothing }],
      [{ ...older, fw: number("1") }, { failures: nothing }],
      [{ ...older, fw: { S: "7:3/1,1:x/0" } }, { failures: nothing }],
      [
        { ...older, ru: number("2.5"), fw: { S: "7:3/1" } },
        {
          rebalancersUnits: 2.5,
          failures: { ...nothing, recent: [{ minute: 7, captures: 3, failed: 1 }] },
        },
      ],
    ] as const) {
      const key = healthKey(pool);
      const { tables, client } = on.engine;
      await client.send(
        new PutItemCommand({ TableName: tables.leases, Item: { ...key, ...Item } }),
      );
      expect(await memory.find(pool)).toEqual({ ...read, broken: undefined, rebalancersUnits: undefined, ...expected }); // prettier-ignore
    }
  });

  test("says that a record can't be read, whatever is wrong with it, and is mended by a write", async () => {
    const on = stores();
    const { memory, pool } = make(on);
    const number = (N: string): AttributeValue => ({ N });
    const good = { at: number("1"), lag: number("1"), dp: number("1"), ra: number("1") };
    for (const bad of [
      {},
      { ...good, dp: { S: "1" } },
      { ...good, fs: number("0.5") },
      { at: number("1"), lag: number("1"), dp: number("1") },
    ]) {
      const Item = { ...healthKey(pool), ...bad };
      await on.engine.client.send(new PutItemCommand({ TableName: on.engine.tables.leases, Item }));
      expect(await memory.find(pool)).toBe("unreadable");
    }
    await memory.put(healthState(pool));
    expect(await memory.find(pool)).toEqual(healthState(pool));
  });
});
