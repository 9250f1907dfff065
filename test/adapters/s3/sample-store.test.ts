import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { s3SampleStore } from "#adapters/s3/sample-store.ts";
import { DependencyError, InvariantError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { epochMs } from "#domain/units.ts";
import type { ChunkEntry, SampleStore } from "#ports/sample-store.ts";
import {
  chunk,
  listAll,
  part,
  sampleStoreContract,
} from "#test/contracts/sample-store.contract.ts";
import { s3SampleStoresUnderTest, type S3StoresUnderTest } from "#test/support/s3-sample-store.ts";
import { startS3Stub, type S3Stub } from "#test/support/s3-stub.ts";
import { at, settableClock } from "#test/support/settable-clock.ts";
import { systemClock } from "#adapters/system/clock.ts";

const BUCKET = "chunks";
const NOON = at("2026-11-21T12:00:00Z");
const HOUR_MS = 3_600_000;
const DAY = { pool: "main", from: at("2026-11-21T00:00:00Z"), to: at("2026-11-22T00:00:00Z") };

let shared: S3Stub;
let stores: S3StoresUnderTest;

beforeAll(async () => {
  shared = await startS3Stub();
  stores = await s3SampleStoresUnderTest({ endpoint: shared.endpoint, bucket: BUCKET });
});

afterAll(async () => {
  stores.close();
  await shared.stop();
});

sampleStoreContract("s3", () => stores.make());

describe("an s3 sample store", () => {
  let stub: S3Stub;
  let own: S3StoresUnderTest;
  let store: SampleStore;
  let prefix: string;

  beforeEach(async () => {
    stub = await startS3Stub();
    own = await s3SampleStoresUnderTest({
      endpoint: stub.endpoint,
      bucket: BUCKET,
      requestTimeoutMs: 150,
    });
    ({ store, prefix } = await own.make());
  });

  afterEach(async () => {
    own.close();
    await stub.stop();
  });

  const one = chunk(NOON, [part(1, "x"), part(2, "y")]);

  async function onlyEntry(): Promise<ChunkEntry> {
    const [entry, ...others] = await listAll(store, DAY);
    if (entry === undefined || others.length > 0) throw new Error("one chunk was expected");
    return entry;
  }

  async function failure(call: Promise<unknown>): Promise<DependencyError> {
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof DependencyError) return error;
    throw new Error(`expected a DependencyError, found ${String(error)}`);
  }

  describe("keeps a chunk", () => {
    it("once, however often it is put, and says nothing else to S3 about it", async () => {
      await store.put(one);
      await store.put(one);
      expect(stub.keys(BUCKET)).toHaveLength(1);
      expect(stub.seen("PutObject")).toBe(2);
      expect(stub.seen("HeadObject")).toBe(1);
      expect(stub.seen("GetObject") + stub.seen("ListObjectsV2")).toBe(0);
    });

    it("with a checksum that S3 checks on arrival", async () => {
      await store.put(one);
      expect(stub.last("PutObject")?.headers).toMatchObject({
        "if-none-match": "*",
        "x-amz-checksum-sha256": expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/u) as string,
      });
    });

    it.each(["failed", "lost"] as const)(
      "when the put took effect and its answer was %s: the refusal of the next is our own doing",
      async (fault) => {
        stub.fail("PutObject", fault);
        await store.put(one);
        expect(stub.keys(BUCKET)).toHaveLength(1);
        expect(await store.get(await onlyEntry(), 1)).toEqual([part(1, "x")]);
      },
    );

    it("when S3 is busy with the same key, and when it asks to slow down", async () => {
      stub.fail("PutObject", "conflict", 3);
      await store.put(one);
      expect(stub.seen("PutObject")).toBe(4);
      stub.fail("PutObject", "slow", 1);
      await store.put(chunk(NOON + 1, [part(1, "x")], 2));
      expect(stub.keys(BUCKET)).toHaveLength(2);
    });

    it("when what was there a moment ago is gone: it puts again", async () => {
      await store.put(one);
      const [key = ""] = stub.keys(BUCKET);
      // Retention comes between the refusal and the look.
      stub.before("HeadObject", () => stub.remove(BUCKET, key));
      await store.put(one);
      expect(stub.keys(BUCKET)).toEqual([key]);
    });
  });

  describe("refuses to take another's object for its own", () => {
    it("and names key and checksums", async () => {
      await store.put(one);
      const [key = ""] = stub.keys(BUCKET);
      stub.write(BUCKET, key, Buffer.from("something else"));
      const put = store.put(one);
      await expect(put).rejects.toThrow(InvariantError);
      await expect(put).rejects.toThrow(/main\/2026-11-21T12\/.* is there with .*sha256/u);
      expect(stub.read(BUCKET, key)?.toString()).toBe("something else");
    });

    it("also when that one carries no checksum: then its bytes are compared", async () => {
      await store.put(one);
      const [key = ""] = stub.keys(BUCKET);
      const bytes = stub.read(BUCKET, key) ?? Buffer.alloc(0);
      stub.write(BUCKET, key, bytes, { checksum: false });
      await store.put(one);
      stub.write(BUCKET, key, Buffer.from("something else"), { checksum: false });
      await expect(store.put(one)).rejects.toThrow(InvariantError);
    });
  });

  describe("fails", () => {
    it("as what may pass when S3 is throttled for longer than it tries", async () => {
      stub.fail("PutObject", "slow", 100);
      const error = await failure(store.put(one));
      expect(error.retryable).toBe(true);
      expect(error.message).toMatch(/^can't keep chunk main\/.*SlowDown/u);
      expect(stub.seen("PutObject")).toBe(limits.objectAttemptsMax);
    });

    it("as what may pass when the same key stays busy", async () => {
      const clock = settableClock("2026-11-21T12:00:00Z");
      const { client } = own;
      const waiting = s3SampleStore({ client, bucket: BUCKET, prefix, clock });
      stub.fail("PutObject", "conflict", 100);
      const failed = failure(waiting.put(one));
      for (let tries = 0; tries < 100 && stub.seen("PutObject") < limits.conflictAttemptsMax;) {
        tries += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        await clock.advance(limits.storeBackoffMaxMs);
      }
      expect((await failed).retryable).toBe(true);
      expect(stub.seen("PutObject")).toBe(limits.conflictAttemptsMax);
    });

    it("as what may pass when S3 doesn't answer in time", async () => {
      stub.fail("PutObject", "hold", 100);
      expect(await failure(store.put(one))).toMatchObject({ retryable: true });
    });

    it("for good, and says who acts, when the role may not or the bucket is missing", async () => {
      stub.fail("PutObject", "forbidden", 100);
      const forbidden = await failure(store.put(one));
      expect(forbidden.retryable).toBe(false);
      expect(forbidden.message).toMatch(/s3:\/\/chunks\/.*AccessDenied.*\(the role/u);
      const { client } = own;
      const clock = systemClock();
      const nowhere = s3SampleStore({ client, bucket: "nowhere", prefix: "", clock });
      const missing = await failure(nowhere.list(DAY));
      expect(missing.retryable).toBe(false);
      expect(missing.message).toMatch(/NoSuchBucket.*deploy/u);
    });

    it("with the name of a chunk that was altered or cut off, whatever its length says", async () => {
      await store.put(one);
      const entry = await onlyEntry();
      const [key = ""] = stub.keys(BUCKET);
      const whole = stub.read(BUCKET, key) ?? Buffer.alloc(0);
      for (const bytes of [whole.subarray(0, 20), Buffer.alloc(whole.length), Buffer.alloc(1e6)]) {
        stub.write(BUCKET, key, bytes);
        const error = await failure(store.get(entry));
        expect(error.retryable).toBe(false);
        expect(error.message).toContain(entry.key);
      }
    });
  });

  it("reads a chunk again whose answer was cut", async () => {
    await store.put(one);
    const entry = await onlyEntry();
    stub.fail("GetObject", "cut");
    expect(await store.get(entry, 2)).toEqual([part(2, "y")]);
    stub.fail("GetObject", "cut", 100);
    expect(await failure(store.get(entry))).toMatchObject({ retryable: true });
  });

  it("reads nothing but chunks", async () => {
    const entry = { key: "../other/main/x", closedAt: epochMs(0), buckets: [] };
    await expect(store.get(entry)).rejects.toThrow(InvariantError);
    expect(stub.seen("GetObject")).toBe(0);
  });

  it("skips what is no chunk among its keys", async () => {
    await store.put(one);
    for (const name of ["notes.txt", "2026-11-21T12/notes.txt", "zzz/2026-11-21T12/x", ""])
      stub.write(BUCKET, `${prefix}/main/${name}`, Buffer.from("mine"));
    expect(await listAll(store, DAY)).toHaveLength(1);
  });

  it("lists an hour, a day or a year of few chunks with one request", async () => {
    await store.put(one);
    for (const span of [HOUR_MS, 24 * HOUR_MS, 366 * 24 * HOUR_MS]) {
      const before = stub.seen("ListObjectsV2");
      const query = { pool: "main", from: epochMs(NOON - span / 2), to: epochMs(NOON + span / 2) };
      expect(await listAll(store, query)).toHaveLength(1);
      expect(stub.seen("ListObjectsV2") - before).toBe(1);
    }
  });

  it("asks for nothing before or after the span", async () => {
    for (let index = 0; index < 20; index += 1)
      await store.put(chunk(NOON + index * HOUR_MS, [part(1, "x")], index + 1));
    const query = { pool: "main", from: epochMs(NOON + HOUR_MS), to: epochMs(NOON + 2 * HOUR_MS) };
    expect(await listAll(store, query)).toHaveLength(1);
    const sent = stub.last("ListObjectsV2")?.query;
    expect(sent?.get("prefix")).toBe(`${prefix}/main/2026-11-21T1`);
    expect(sent?.get("start-after")).toBe(`${prefix}/main/2026-11-21T13/${NOON + HOUR_MS}`);
  });

  it("keeps stores below different prefixes apart, also below none", async () => {
    const { client } = own;
    const clock = systemClock();
    const bare = s3SampleStore({ client, bucket: BUCKET, prefix: "", clock });
    await bare.put(one);
    expect(await listAll(store, DAY)).toEqual([]);
    const entries = await listAll(bare, DAY);
    expect(stub.keys(BUCKET)).toEqual(entries.map(({ key }) => key));
    expect(stub.keys(BUCKET)[0]).toMatch(/^main\//u);
  });
});
