/** The simulated client: what a network may do to a call, and what the client makes of it. */
import {
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { beforeEach, describe, expect, test } from "vitest";
import { limits } from "#domain/limits.ts";
import { settableClock, type SettableClock } from "#test/support/settable-clock.ts";
import { simulatedClient, simulatedTables, type Fate, type SimulatedTables } from "./index.ts";

const START = "2026-11-21T13:00:00Z";
const KEY = { pool: { S: "p" }, key: { S: "a" } };

let world: SettableClock;
let tables: SimulatedTables;
let fates: Fate[];
let asked: { readonly partitions: readonly string[]; readonly attempt: number }[];
let throttled: number;
let delivered: (() => void)[] | undefined;
let client: DynamoDBClient;

const FAST: Fate = { thereMs: 1, backMs: 1 };

beforeEach(() => {
  world = settableClock(START);
  tables = simulatedTables({ clock: world });
  [fates, asked, throttled, delivered] = [[], [], 0, undefined];
  client = clientOn(world);
});

function clientOn(clock: SettableClock): DynamoDBClient {
  return simulatedClient({
    tables,
    clock,
    network: {
      fate(attempt) {
        asked.push(attempt);
        return fates.shift() ?? FAST;
      },
      deliver(wake) {
        if (delivered === undefined) wake();
        else delivered.push(wake);
      },
    },
    random: () => 0.5,
    meter: { throttle: () => (throttled += 1) },
  });
}

const addOne = (): UpdateItemCommand =>
  new UpdateItemCommand({
    TableName: "leases",
    Key: KEY,
    UpdateExpression: "ADD n :one",
    ExpressionAttributeValues: { ":one": { N: "1" } },
    ReturnValues: "ALL_NEW",
  });

interface Sent {
  readonly done: () => unknown;
  readonly failed: () => unknown;
}

/** Sends, and lets time pass as the test says. */
function send(command: UpdateItemCommand | TransactWriteItemsCommand): Sent {
  let [done, failed]: unknown[] = [];
  const answer = command instanceof UpdateItemCommand ? client.send(command) : client.send(command);
  answer.then(
    (output) => (done = output),
    (error: unknown) => (failed = error),
  );
  return { done: () => done, failed: () => failed };
}

const stored = (): unknown => tables.items("leases", "p")[0]?.["n"];

describe("an attempt", () => {
  test("takes its time there and back", async () => {
    fates.push({ thereMs: 20, backMs: 30 });
    const sent = send(addOne());
    await world.advance(19);
    expect(stored()).toBeUndefined();
    await world.advance(1);
    expect(stored()).toEqual({ N: "1" });
    expect(sent.done()).toBeUndefined();
    await world.advance(30);
    expect(sent.done()).toMatchObject({ Attributes: { n: { N: "1" } } });
  });

  test("names operation and partitions to the network, and counts", async () => {
    fates.push({ ...FAST, fault: "answerLost" });
    send(addOne());
    await world.advance(5_000);
    expect(asked).toEqual([
      { operation: "UpdateItem", partitions: ["leases/p"], attempt: 1 },
      { operation: "UpdateItem", partitions: ["leases/p"], attempt: 2 },
    ]);
  });

  test.each(["answerLost", "answerHeld"] as const)(
    "whose answer is lost (%s) was applied, and is made again",
    async (fault) => {
      fates.push({ ...FAST, fault });
      const sent = send(addOne());
      await world.advance(limits.requestTimeoutMs + 5_000);
      expect(sent.done()).toMatchObject({ Attributes: { n: { N: "2" } } });
    },
  );

  test.each(["lost", "refused", "failed", "throttled"] as const)(
    "that doesn't get through (%s) was not applied, and is made again",
    async (fault) => {
      fates.push({ ...FAST, fault });
      const sent = send(addOne());
      await world.advance(limits.requestTimeoutMs + 5_000);
      expect(sent.done()).toMatchObject({ Attributes: { n: { N: "1" } } });
      expect(throttled).toBe(fault === "throttled" ? 1 : 0);
    },
  );

  test("without an answer is given up after the time-out, not before", async () => {
    fates.push({ ...FAST, fault: "lost" });
    send(addOne());
    await world.advance(limits.requestTimeoutMs - 1);
    expect(asked.length).toBe(1);
    await world.advance(1 + 25);
    expect(asked.length).toBe(2);
  });

  test("may land after the client has given the call up", async () => {
    const late = { thereMs: 20_000, backMs: 1, fault: "late" } as const;
    fates.push(late, { ...FAST, fault: "lost" }, { ...FAST, fault: "lost" });
    const sent = send(addOne());
    await world.advance(10_000);
    expect(sent.failed()).toMatchObject({ name: "TimeoutError" });
    expect(stored()).toBeUndefined();
    await world.advance(10_000);
    expect(stored()).toEqual({ N: "1" });
  });

  test("that is slow only lands, too, and its answer comes too late", async () => {
    fates.push({ thereMs: limits.requestTimeoutMs + 500, backMs: 1 });
    const sent = send(addOne());
    await world.advance(limits.requestTimeoutMs + 100);
    expect(sent.done()).toMatchObject({ Attributes: { n: { N: "1" } } });
    await world.advance(1_000);
    expect(stored()).toEqual({ N: "2" });
  });
});

describe("a call", () => {
  test("fails after its attempts, with what the last one met", async () => {
    const many = Array.from({ length: 9 }, (): Fate => ({ ...FAST, fault: "throttled" }));
    fates.push(...many);
    const sent = send(addOne());
    await world.advance(60_000);
    expect(asked.length).toBe(limits.storeAttemptsMax);
    expect(throttled).toBe(limits.storeAttemptsMax);
    expect(sent.failed()).toMatchObject({ name: "ProvisionedThroughputExceededException" });
  });

  test("waits longer where it was throttled", async () => {
    fates.push({ ...FAST, fault: "throttled" });
    send(addOne());
    await world.advance(2 + 499);
    expect(asked.length).toBe(1);
    await world.advance(1);
    expect(asked.length).toBe(2);
  });

  test("is not made again for a conflict: that is for its caller to decide", async () => {
    fates.push({ ...FAST, fault: "conflict" });
    const sent = send(addOne());
    await world.advance(10_000);
    expect(sent.failed()).toMatchObject({ name: "TransactionConflictException" });
    expect(asked.length).toBe(1);
    expect(stored()).toBeUndefined();
  });

  test("draws on a quota: a client whose calls all fail stops trying again", async () => {
    for (let call = 0; call < 60; call += 1) {
      fates = Array.from({ length: 9 }, (): Fate => ({ ...FAST, fault: "refused" }));
      send(addOne());
      await world.advance(5_000);
    }
    const before = asked.length;
    send(addOne());
    await world.advance(5_000);
    expect(asked.length - before).toBe(1);
  });

  test("sends what it was given, whatever becomes of it afterwards", async () => {
    const bytes = Uint8Array.from([1, 2]);
    const Item = { ...KEY, l: { B: bytes } };
    void client.send(new PutItemCommand({ TableName: "leases", Item }));
    bytes[0] = 9;
    await world.advance(10);
    expect(tables.items("leases", "p")[0]).toMatchObject({ l: { B: Uint8Array.from([1, 2]) } });
  });

  test("gets what nobody else can change", async () => {
    tables.apply("PutItem", {
      TableName: "leases",
      Item: { ...KEY, l: { B: Uint8Array.from([1]) } },
    });
    const answer = client.send(new GetItemCommand({ TableName: "leases", Key: KEY }));
    await world.advance(10);
    (await answer).Item?.["l"]?.B?.fill(9);
    expect(tables.items("leases", "p")[0]).toMatchObject({ l: { B: Uint8Array.from([1]) } });
  });
});

describe("a process that is frozen", () => {
  test("has sent what it sent, hears nothing, and times out by its own clock when it thaws", async () => {
    const own = settableClock(START);
    client = clientOn(own);
    delivered = [];
    const sent = send(addOne());
    await world.advance(60_000);
    expect(stored()).toEqual({ N: "1" });
    expect(sent.done()).toBeUndefined();
    await own.advance(limits.requestTimeoutMs);
    for (const wake of delivered) wake();
    await own.settle();
    expect(sent.done()).toBeUndefined();
    delivered = undefined;
    await own.advance(25);
    await world.advance(10);
    await own.settle();
    expect(sent.done()).toMatchObject({ Attributes: { n: { N: "2" } } });
  });
});

describe("a transaction", () => {
  const transaction = (): TransactWriteItemsCommand =>
    new TransactWriteItemsCommand({
      TransactItems: [{ Update: { ...addOne().input, UpdateExpression: "ADD n :one" } }],
      ClientRequestToken: "t",
    });

  test("whose answer is lost is made once, by its token", async () => {
    fates.push({ ...FAST, fault: "answerLost" });
    const sent = send(transaction());
    await world.advance(5_000);
    expect(sent.done()).toBeDefined();
    expect(asked.length).toBe(2);
    expect(stored()).toEqual({ N: "1" });
  });

  test("that meets another is cancelled with its reason", async () => {
    fates.push({ ...FAST, fault: "conflict" });
    const sent = send(transaction());
    await world.advance(5_000);
    expect(sent.failed()).toMatchObject({
      name: "TransactionCanceledException",
      CancellationReasons: [{ Code: "TransactionConflict" }],
    });
  });

  test("that is throttled counts as throttled", async () => {
    fates.push({ ...FAST, fault: "throttled" });
    const sent = send(transaction());
    await world.advance(5_000);
    expect(sent.failed()).toMatchObject({ CancellationReasons: [{ Code: "ThrottlingError" }] });
    expect(throttled).toBe(1);
  });
});

test("a command that the stores don't use is refused by name", async () => {
  const listed = async (): Promise<unknown> => await client.send(new ListTablesCommand({}));
  await expect(listed()).rejects.toThrow(/ListTablesCommand/u);
});
