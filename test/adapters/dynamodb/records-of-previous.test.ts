/**
 * What the previous release wrote must be read, owned and committed by this one: versions run side by
 * side during a deployment, and tables outlive all of them.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  ConditionalCheckFailedException,
  PutItemCommand,
  UpdateItemCommand,
  type AttributeValue,
} from "@aws-sdk/client-dynamodb";
import { beforeEach, expect, it } from "vitest";
import * as z from "zod";
import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { parseLease } from "#adapters/dynamodb/lease-codec.ts";
import { filesystemSampleStore } from "#adapters/filesystem/sample-store.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { CadenceKey } from "#domain/cadence.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { emptyProgress } from "#domain/progress.ts";
import { wholeSpace } from "#domain/range.ts";
import { slot } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";
import { describeOnEngine, type EngineStores } from "#test/support/on-engine.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const POOL = "previous";
const SLOTS_LOG2 = 2;
const FIXTURE = new URL("../../fixtures/records-e653884.json", import.meta.url);

const bytes = z.strictObject({ base64: z.string() });
const rawItem = z.record(z.string(), z.record(z.string(), z.unknown()));
const schema = z.object({
  items: z.object({ leases: z.array(rawItem), targets: z.array(rawItem) }),
  fleet: z.unknown(),
  slots: z.array(z.object({ schedules: z.array(z.unknown()), targets: z.array(z.unknown()) })),
  leases: z.array(z.object({ name: z.string(), item: rawItem, value: z.unknown() })),
  chunk: z.object({ key: z.string(), base64: z.string() }),
});
const fixture = schema.parse(JSON.parse(await readFile(FIXTURE, "utf8")), { reportInput: true });

/** Bytes have no form in JSON; all else is as the SDK hands it over. */
function revived(value: unknown): unknown {
  const packed = bytes.safeParse(value);
  if (packed.success) return new Uint8Array(Buffer.from(packed.data.base64, "base64"));
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revived(inner)]));
}

// Written by a program from what the SDK read.
const itemOf = (raw: unknown): Record<string, AttributeValue> =>
  revived(raw) as Record<string, AttributeValue>;

const newFolder = temporaryFolders();

it.each(fixture.leases)("a lease that is $name is read as it was", ({ item, value }) => {
  expect(parseLease(itemOf(item))).toMatchObject(value as object);
});

it("samples in chunks are read as they were", async () => {
  const root = await newFolder();
  const file = join(root, fixture.chunk.key);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.from(fixture.chunk.base64, "base64"));
  const store = filesystemSampleStore({ root });
  const { entries } = await store.list({
    pool: POOL,
    from: epochMs(0),
    to: epochMs(Number.MAX_SAFE_INTEGER),
  });
  expect(entries).toHaveLength(1);
  const [entry] = entries;
  const parts = entry === undefined ? [] : ((await store.get(entry)) ?? []);
  const lines = parts.flatMap((part) => part.lines.trimEnd().split("\n"));
  const records = lines.map((line) => parseChunkLine(line));
  expect(records.length).toBeGreaterThan(0);
  expect(records).toEqual(
    records.map(() => expect.objectContaining({ cadence: expect.any(String) as string }) as object),
  );
});

describeOnEngine("records of the previous release", (newStores) => {
  let stores: EngineStores;
  beforeEach(async () => {
    stores = newStores();
    const { client, tables } = stores.engine;
    for (const table of ["leases", "targets"] as const) {
      for (const raw of fixture.items[table]) {
        await client.send(new PutItemCommand({ TableName: tables[table], Item: itemOf(raw) }));
      }
    }
  });

  it("are read as they were: the fleet, slots, requests, what was refused", async () => {
    expect(await stores.leases.readFleet(POOL)).toMatchObject(revived(fixture.fleet) as object);
    for (const [index, expected] of fixture.slots.entries()) {
      const read = await stores.schedules.readSlot(POOL, slot(index, SLOTS_LOG2));
      expect(read.broken).toEqual([]);
      expect(read).toMatchObject(revived(expected) as object);
    }
    const requests = await stores.requests.list(POOL, wholeSpace(), SLOTS_LOG2);
    expect(requests).toHaveLength(4);
    const { client, tables } = stores.engine;
    const options = { client, tableName: tables.leases, meter: stores.meter, clock: systemClock() };
    expect(await dynamoConfigurationStore(options).find(POOL)).toMatchObject({ refused: 1 });
  });

  it("are owned, renewed, committed and released by this one", async () => {
    const before = await stores.leases.findLease(POOL, leaseId(3));
    const now = epochMs((before?.holder?.expiresAt ?? 0) + 60_000);
    const [pool, id, owner] = [POOL, leaseId(3), "of-this-release" as Owner];
    const taken = await stores.leases.acquire({
      ...{ pool, id, owner, now, ttlMs: 10_000, skewMaxMs: 100 },
      deadlineAt: epochMs(now + 900_000),
    });
    expect(taken).toMatchObject({ kind: "acquired", lease: { epoch: (before?.epoch ?? 0) + 1 } });
    const progress = emptyProgress(now);
    const renewed = await stores.leases.renew({
      ...{ pool, id, owner, ttlMs: 10_000, progress },
      sentAt: now,
    });
    expect(renewed.kind).toBe("renewed");

    const place = slot(0, SLOTS_LOG2);
    const cadence = "every:2000" as CadenceKey;
    const schedule = await stores.schedules.findSchedule(POOL, place, cadence);
    if (schedule === undefined) throw new Error("the fixture has no schedule in slot 0");
    const commit = {
      ...{ pool, slot: place, cadence, by: owner },
      epoch: (before?.epoch ?? 0) + 1,
      version: schedule.version,
      revision: schedule.revision,
      watermark: { at: epochMs(schedule.watermark.at + 2_000), offset: 0 },
      latest: schedule.latest,
      serviceMs: schedule.serviceMs,
    };
    expect(await stores.schedules.commit(commit)).toMatchObject({ kind: "committed" });
    const lease = renewed.kind === "renewed" ? renewed.lease : undefined;
    const released = await stores.leases.release({
      ...{ pool, id, owner, progress, open: [], nextDueAt: now },
      version: lease?.version ?? 0,
    });
    expect(released.kind).toBe("released");
  });

  it("a quarantined lease is to the previous one a lease with an owner: it can't take it, nor remove it", async () => {
    const { leases } = stores;
    const before = await leases.findLease(POOL, leaseId(3));
    const now = epochMs((before?.holder?.expiresAt ?? 0) + 60_000);
    const until = epochMs(now + 900_000);
    const shut = await leases.quarantine({
      ...{ pool: POOL, id: leaseId(3), version: before?.version ?? 0, now, until },
      ...{ skewMaxMs: 100, deathsWithinMs: 900_000 },
    });
    expect(shut.kind).toBe("quarantined");
    const { client, tables } = stores.engine;
    const Key = { pool: { S: POOL }, key: { S: "lease#0003" } };
    // As that release writes it: see its lease-store.ts.
    const acquire = (at: number) =>
      client.send(
        new UpdateItemCommand({
          TableName: tables.leases,
          Key,
          ConditionExpression:
            "attribute_exists(v) AND (attribute_not_exists(o) OR (x <= :takeable AND o <> :me))",
          UpdateExpression: "SET o = :me, x = :x, d = :d ADD e :one, v :one",
          ExpressionAttributeValues: {
            ":me": { S: "of-the-previous-release" },
            ":takeable": { N: String(at - 100) },
            ":x": { N: String(at + 10_000) },
            ":d": { N: String(at + 900_000) },
            ":one": { N: "1" },
          },
        }),
      );
    await expect(acquire(until)).rejects.toThrow(ConditionalCheckFailedException);
    // When the time is over it may; what it leaves is read as an owned lease by this one.
    await acquire(until + 100);
    const taken = await leases.findLease(POOL, leaseId(3));
    expect(taken).toMatchObject({ holder: { owner: "of-the-previous-release" } });
    expect(taken?.quarantine).toBeUndefined();
  });

  it("are planned on by this one: another number of collectors, and its name", async () => {
    const snapshot = await stores.leases.readFleet(POOL);
    if (snapshot === undefined) throw new Error("the fixture has no fleet");
    const lastRebalance = { at: epochMs(1), by: "of-this-release", startMs: 300 };
    const written = await stores.leases.writeFleet({
      ...snapshot.fleet,
      desired: 4,
      lastRebalance,
    });
    expect(written).toMatchObject({ kind: "written", fleet: { desired: 4 } });
  });
});
