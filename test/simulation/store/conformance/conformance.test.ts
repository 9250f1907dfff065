/** The simulated store and the real engine, request by request: the same answers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { storesOn } from "#test/support/on-engine.ts";
import { epochMs } from "#domain/units.ts";
import { simulatedTables, type Call, type SimulatedTables } from "../index.ts";
import { documentedRules, type Rules } from "../rules.ts";
import { compareRequests, type Compared, type Difference } from "./compare.ts";
import { engineRules, knownDifferences } from "./known.ts";
import { isSame, outcomeOf } from "./outcome.ts";
import { patientClient } from "./patient-client.ts";
import { compareStores } from "./stores.ts";
import { wireTo, type Wire } from "./wire.ts";

const SEED = 20_261_121;
const REQUEST_SEQUENCES = 430;
const STORE_SEQUENCES = 70;
const AT_ONCE = 6;

describe.skipIf(engineMissing() !== undefined)("on the engine and simulated", () => {
  let engine: TestEngine;
  let wire: Wire;
  let client: ReturnType<typeof patientClient>;

  beforeAll(async () => {
    engine = await startTestEngine();
    wire = wireTo(engine.endpoint);
    client = patientClient(engine.endpoint);
  });
  afterAll(async () => {
    client.destroy();
    await wire.close();
    await engine.stop();
  });

  async function compareMany(
    count: number,
    compare: (number: number) => Promise<Compared>,
  ): Promise<{ differences: Difference[]; outcomes: ReadonlySet<string> }> {
    const numbers = Array.from({ length: count }, (_, number) => number).values();
    const differences: Difference[] = [];
    const outcomes = new Set<string>();
    async function some(): Promise<void> {
      for (const number of numbers) {
        const compared = await compare(number);
        for (const outcome of compared.outcomes) outcomes.add(outcome);
        if (compared.difference !== undefined) differences.push(compared.difference);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, some));
    return { differences, outcomes };
  }

  const REFUSED = "ConditionalCheckFailedException";
  const INVALID = "ValidationException";

  test("random requests come out the same, and come to everything they can", async () => {
    const { differences, outcomes } = await compareMany(REQUEST_SEQUENCES, (number) =>
      compareRequests({ wire, tables: engine.tables }, SEED, number),
    );
    expect(differences).toEqual([]);
    expect([...outcomes].sort()).toEqual(
      [
        "BatchWriteItem done",
        `BatchWriteItem ${INVALID}`,
        `DeleteItem ${REFUSED}`,
        "DeleteItem done",
        "GetItem done",
        `PutItem ${REFUSED}`,
        "PutItem done",
        "Query done",
        "TransactWriteItems IdempotentParameterMismatchException",
        "TransactWriteItems TransactionCanceledException",
        `TransactWriteItems ${INVALID}`,
        "TransactWriteItems done",
        `UpdateItem ${REFUSED}`,
        `UpdateItem ${INVALID}`,
        "UpdateItem done",
      ].sort(),
    );
  }, 120_000);

  test("the stores' own calls come out the same, and cost the same", async () => {
    const { differences, outcomes } = await compareMany(STORE_SEQUENCES, (number) =>
      compareStores((pool) => storesOn(engine, pool, client), SEED, number),
    );
    expect(differences).toEqual([]);
    const landed = [
      "acquire acquired",
      "renew renewed",
      "renew lost",
      "release released",
      "promise promised",
      "cancel cancelled",
      "give given",
      "move moved",
      "add added",
      "fleet written",
      "commit committed",
    ];
    const refused = ["release", "promise", "give", "move", "add", "fleet"].map(
      (kind) => `${kind} refused`,
    );
    const missing = [...landed, ...refused].filter((outcome) => !outcomes.has(outcome));
    expect(missing, [...outcomes].sort().join(", ")).toEqual([]);
  }, 120_000);

  const key = (pool: string, sort: string): { pool: { S: string }; key: { S: string } } => ({
    pool: { S: pool },
    key: { S: sort },
  });

  function tablesBy(rules: Rules): SimulatedTables {
    const clock = { now: () => epochMs(0), after: () => () => undefined };
    return simulatedTables({ clock, rules });
  }

  async function bothSend(tables: SimulatedTables, call: Call): Promise<boolean> {
    const simulated = outcomeOf(tables.apply(call.name, call.input));
    return isSame(await wire.send(call), simulated);
  }

  const putOf = (pool: string, sort: string, content: object): Call => ({
    name: "PutItem",
    input: { TableName: engine.tables.leases, Item: { ...key(pool, sort), ...content } },
  });

  test("pages end at 1 MB, and go on where they ended, both ways", async () => {
    const tables = tablesBy(engineRules);
    for (let item = 0; item < 12; item += 1) {
      const t = { S: "x".repeat(180_000 + item * 1_000) };
      expect(await bothSend(tables, putOf("pages", `k${item + 10}`, { t }))).toBe(true);
    }
    for (const ScanIndexForward of [true, false]) {
      let ExclusiveStartKey: ReturnType<typeof key> | undefined;
      let pages = 0;
      for (; pages < 10; pages += 1) {
        const input = {
          TableName: engine.tables.leases,
          KeyConditionExpression: "#p = :p",
          ProjectionExpression: "#k",
          ExpressionAttributeNames: { "#p": "pool", "#k": "key" },
          ExpressionAttributeValues: { ":p": { S: "pages" } },
          ReturnConsumedCapacity: "TOTAL",
          ConsistentRead: true,
          ScanIndexForward,
          ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
        } as const;
        const simulated = tables.apply("Query", input);
        const found = await wire.send({ name: "Query", input });
        // Of an item that ends a page by its size the engine says that it was scanned, too.
        const { ScannedCount: _, ...told } = outcomeOf(simulated);
        const { ScannedCount: __, ...real } = found;
        expect(isSame(real, told)).toBe(true);
        const last = simulated.LastEvaluatedKey;
        if (last === undefined) break;
        ExclusiveStartKey = key("pages", last["key"]?.S ?? "");
      }
      expect(pages).toBe(2);
    }
  });

  const updated = (pool: string, rest: object): Call => ({
    name: "UpdateItem",
    input: {
      TableName: engine.tables.leases,
      Key: key(pool, "a"),
      ReturnConsumedCapacity: "TOTAL",
      ...rest,
    },
  });
  const one = { ExpressionAttributeValues: { ":v": { N: "1" } } };

  /** For each rule: what shows that the engine keeps its own, and not the documented one. */
  const shown: Record<keyof Rules, (pool: string) => Call[]> = {
    gottenBytes: (pool) => [
      putOf(pool, "a", { n: { N: "1" }, t: { S: "x".repeat(5_000) } }),
      {
        name: "GetItem",
        input: {
          TableName: engine.tables.leases,
          Key: key(pool, "a"),
          ProjectionExpression: "n",
          ReturnConsumedCapacity: "TOTAL",
        },
      },
    ],
    oldOfMade: (pool) => [
      updated(pool, { UpdateExpression: "SET n = :v", ReturnValues: "ALL_OLD", ...one }),
    ],
    updatedInList: (pool) => [
      putOf(pool, "a", { l: { L: [{ N: "7" }, { N: "8" }] } }),
      updated(pool, { UpdateExpression: "SET l[1] = :v", ReturnValues: "UPDATED_OLD", ...one }),
    ],
    removeUnreachable: (pool) => [
      putOf(pool, "a", {}),
      updated(pool, { UpdateExpression: "SET n = :v REMOVE m.x", ...one }),
    ],
    takenFromNothing: (pool) => [
      updated(pool, { UpdateExpression: "REMOVE n", ReturnValues: "ALL_NEW" }),
    ],
    setInNull: (pool) => [
      putOf(pool, "a", { m: { NULL: true } }),
      updated(pool, { UpdateExpression: "SET m.x = :v", ReturnValues: "ALL_NEW", ...one }),
    ],
    setBeyondEnd: (pool) => [
      putOf(pool, "a", { l: { L: [] } }),
      updated(pool, { UpdateExpression: "SET l[3] = :v", ReturnValues: "ALL_NEW", ...one }),
    ],
  };

  test.each(Object.keys(shown) as (keyof Rules)[])(
    "the engine still has a rule of its own for %s",
    async (rule) => {
      const pool = `known-${rule}`;
      const rules = tablesBy(engineRules);
      const documented = tablesBy({ ...engineRules, [rule]: documentedRules[rule] });
      const calls = shown[rule](pool);
      let differs = false;
      for (const call of calls) {
        const found = await wire.send(call);
        expect(isSame(found, outcomeOf(rules.apply(call.name, call.input)))).toBe(true);
        differs ||= !isSame(found, triedOn(documented, call));
      }
      expect(differs).toBe(true);
    },
  );

  function triedOn(tables: SimulatedTables, call: Call): Record<string, unknown> {
    try {
      return outcomeOf(tables.apply(call.name, call.input));
    } catch (error) {
      return { error: error instanceof Error ? error.name : String(error) };
    }
  }

  test("every rule of the engine's own is in the table", () => {
    expect(knownDifferences.map(({ rule }) => rule).sort()).toEqual(Object.keys(shown).sort());
  });
});
