/** The simulated service: throttling by partition, transactions that take time, tokens. */
import type { TransactWriteItem, TransactWriteItemsCommandInput } from "@aws-sdk/client-dynamodb";
import { beforeEach, describe, expect, test } from "vitest";
import { settableClock, type SettableClock } from "#test/support/settable-clock.ts";
import { simulatedTables, type Call, type SimulatedTables } from "./index.ts";
import type { Answer } from "./service.ts";

let clock: SettableClock;
let tables: SimulatedTables;

beforeEach(() => {
  clock = settableClock("2026-11-21T13:00:00Z");
  tables = simulatedTables({ clock });
});

const keyOf = (pool: string, key: string): { pool: { S: string }; key: { S: string } } => ({
  pool: { S: pool },
  key: { S: key },
});

function put(pool: string, key = "a", bytes = 0): Call {
  const Item = { ...keyOf(pool, key), t: { S: "x".repeat(bytes) } };
  return { name: "PutItem", input: { TableName: "leases", Item } };
}

function get(pool: string, key = "a"): Call {
  const input = { TableName: "leases", Key: keyOf(pool, key), ConsistentRead: true };
  return { name: "GetItem", input };
}

/** undefined while it is under way. */
function arriving(call: Call): () => Answer | undefined {
  let answer: Answer | undefined;
  tables.arrive(call, (given) => (answer = given));
  return () => answer;
}

function errorOf(call: Call): string | undefined {
  const answer = arriving(call)();
  return answer?.kind === "failed" ? answer.error.name : undefined;
}

function times(count: number, call: () => Call): (string | undefined)[] {
  return Array.from({ length: count }, () => errorOf(call()));
}

const THROTTLED = "ProvisionedThroughputExceededException";

describe("a partition", () => {
  test("takes 1,000 write units at once, then refuses, and takes more as time passes", async () => {
    expect(times(1_000, () => put("p")).every((error) => error === undefined)).toBe(true);
    expect(errorOf(put("p"))).toBe(THROTTLED);
    await clock.advance(10);
    expect(times(11, () => put("p")).filter((error) => error === THROTTLED).length).toBe(1);
  });

  test("takes 3,000 read units, whatever was written to it", () => {
    times(1_001, () => put("p"));
    expect(times(3_000, () => get("p")).every((error) => error === undefined)).toBe(true);
    expect(errorOf(get("p"))).toBe(THROTTLED);
  });

  test("is a partition key value: others are not concerned", () => {
    times(1_001, () => put("p"));
    expect(errorOf(put("q"))).toBeUndefined();
  });

  test("may be overdrawn by one request, and pays it back", async () => {
    times(999, () => put("p"));
    expect(errorOf(put("p", "a", 50 * 1_024))).toBeUndefined();
    await clock.advance(40);
    expect(errorOf(put("p"))).toBe(THROTTLED);
    await clock.advance(20);
    expect(errorOf(put("p"))).toBeUndefined();
  });

  test("never has more than one second's worth", async () => {
    await clock.advance(60_000);
    expect(times(1_100, () => put("p")).filter((error) => error === THROTTLED).length).toBe(100);
  });

  test("pays for a refused condition by the size of what refused it", () => {
    tables.apply("PutItem", {
      TableName: "leases",
      Item: { ...keyOf("p", "a"), t: { S: "x".repeat(3_000) } },
    });
    tables.forgetPeaks();
    const Item = { ...keyOf("p", "a") };
    const input = { TableName: "leases", Item, ConditionExpression: "attribute_not_exists(t)" };
    expect(errorOf({ name: "PutItem", input })).toBe("ConditionalCheckFailedException");
    expect(tables.peakUnits()[0]?.write.units).toBe(3);
  });

  test("tells the most units of any second, the busiest partition first", async () => {
    times(3, () => put("quiet"));
    await clock.advance(400);
    times(20, () => put("busy"));
    await clock.advance(1_000);
    times(5, () => put("busy"));
    times(7, () => get("busy"));
    const start = Date.parse("2026-11-21T13:00:00Z");
    expect(tables.peakUnits()).toEqual([
      {
        tableName: "leases",
        partition: "busy",
        write: { units: 20, at: start },
        read: { units: 7, at: start + 1_000 },
      },
      {
        tableName: "leases",
        partition: "quiet",
        write: { units: 3, at: start },
        read: { units: 0, at: 0 },
      },
    ]);
  });
});

describe("a batch", () => {
  const batch = (...pools: string[]): Call => ({
    name: "BatchWriteItem",
    input: {
      RequestItems: { leases: pools.map((pool) => ({ PutRequest: { Item: keyOf(pool, "b") } })) },
    },
  });

  test("is taken in part where one partition takes no more", () => {
    times(1_000, () => put("p"));
    const answer = arriving(batch("p", "q"))();
    expect(answer).toMatchObject({
      kind: "answered",
      output: { UnprocessedItems: { leases: [{ PutRequest: { Item: keyOf("p", "b") } }] } },
    });
    expect(tables.items("leases", "q").length).toBe(1);
  });

  test("is refused where nothing of it can be taken", () => {
    times(1_000, () => put("p"));
    expect(errorOf(batch("p"))).toBe(THROTTLED);
  });
});

function transaction(
  items: TransactWriteItem[],
  rest: Partial<TransactWriteItemsCommandInput> = {},
): Call {
  const input = { TransactItems: items, ReturnConsumedCapacity: "TOTAL", ...rest } as const;
  return { name: "TransactWriteItems", input };
}

const addTo = (pool: string, key = "a"): TransactWriteItem => ({
  Update: {
    TableName: "leases",
    Key: keyOf(pool, key),
    UpdateExpression: "ADD n :one",
    ExpressionAttributeValues: { ":one": { N: "1" } },
  },
});

const nOf = (pool: string): string | undefined => tables.items("leases", pool)[0]?.["n"]?.N;

describe("a transaction", () => {
  test("takes a moment; until then its items are read as they were", async () => {
    const first = arriving(transaction([addTo("p"), addTo("q")]));
    expect(first()).toBeUndefined();
    expect(arriving(get("p"))()).toMatchObject({ kind: "answered" });
    expect(nOf("p")).toBeUndefined();
    await clock.advance(4);
    expect(first()).toMatchObject({
      output: { ConsumedCapacity: [{ CapacityUnits: 4, WriteCapacityUnits: 4 }] },
    });
    expect([nOf("p"), nOf("q")]).toEqual(["1", "1"]);
  });

  test("holds its items against writes, and no others", async () => {
    arriving(transaction([addTo("p")]));
    expect(errorOf(put("p"))).toBe("TransactionConflictException");
    expect(errorOf(put("p", "other"))).toBeUndefined();
    await clock.advance(4);
    expect(errorOf(put("p"))).toBeUndefined();
  });

  test("is cancelled by one under way, with a reason for each item", async () => {
    arriving(transaction([addTo("p")]));
    const second = arriving(transaction([addTo("q"), addTo("p")]))();
    expect(second).toMatchObject({
      error: {
        name: "TransactionCanceledException",
        CancellationReasons: [{ Code: "None" }, { Code: "TransactionConflict" }],
      },
    });
    await clock.advance(4);
    expect([nOf("p"), nOf("q")]).toEqual(["1", undefined]);
  });

  test("that is refused holds nothing", () => {
    const refused = { ...addTo("p").Update, ConditionExpression: "attribute_exists(n)" };
    const items = [{ Update: refused as TransactWriteItem["Update"] }, addTo("q")];
    expect(errorOf(transaction(items))).toBe("TransactionCanceledException");
    expect(errorOf(put("q"))).toBeUndefined();
  });

  test("is cancelled where a partition takes no more", () => {
    times(1_000, () => put("p"));
    expect(arriving(transaction([addTo("q"), addTo("p")]))()).toMatchObject({
      error: { CancellationReasons: [{ Code: "None" }, { Code: "ThrottlingError" }] },
    });
  });
});

describe("a token", () => {
  const one = (): Call => transaction([addTo("p")], { ClientRequestToken: "t" });

  test("makes a transaction once; its repetition is paid as a read", async () => {
    arriving(one());
    await clock.advance(4);
    expect(arriving(one())()).toMatchObject({
      output: { ConsumedCapacity: [{ CapacityUnits: 2, ReadCapacityUnits: 2 }] },
    });
    expect(nOf("p")).toBe("1");
  });

  test("that is under way is said to be", () => {
    arriving(one());
    expect(errorOf(one())).toBe("TransactionInProgressException");
  });

  test("is not for other content", async () => {
    arriving(one());
    await clock.advance(4);
    const other = transaction([addTo("q")], { ClientRequestToken: "t" });
    expect(errorOf(other)).toBe("IdempotentParameterMismatchException");
  });

  test("is forgotten after ten minutes", async () => {
    arriving(one());
    await clock.advance(4 + 599_999);
    arriving(one());
    await clock.advance(1);
    arriving(one());
    await clock.advance(4);
    expect(nOf("p")).toBe("2");
  });

  test("of a transaction that was cancelled may be used again", async () => {
    arriving(transaction([addTo("p")]));
    expect(errorOf(one())).toBe("TransactionCanceledException");
    await clock.advance(4);
    arriving(one());
    await clock.advance(4);
    expect(nOf("p")).toBe("2");
  });
});
