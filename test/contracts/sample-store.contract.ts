/**
 * What every sample store does, whatever it keeps chunks in.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import type { Chunk, ChunkEntry, ChunkPart, ChunkQuery, SampleStore } from "#ports/sample-store.ts";
import { at } from "#test/support/settable-clock.ts";

export interface SampleStoreUnderTest {
  readonly store: SampleStore;
  /** Removes a chunk, as retention does. */
  remove(key: string): Promise<void>;
}

const NOON = at("2026-11-21T12:00:00Z");

export function chunk(closedAt: number, parts: readonly ChunkPart[], sequence = 1): Chunk {
  const owner = "owner-1" as Owner; // A test's owner needs no randomness.
  return {
    name: {
      pool: "main",
      closedAt: epochMs(closedAt),
      lease: leaseId(7),
      epoch: 3,
      owner,
      sequence,
    },
    parts,
  };
}

export function part(bucket: number, ...lines: readonly string[]): ChunkPart {
  return { bucket, lines: lines.map((line) => `{"t":${JSON.stringify(line)}}\n`).join("") };
}

/** All entries of a query, page after page. */
export async function listAll(
  store: SampleStore,
  query: ChunkQuery,
): Promise<readonly ChunkEntry[]> {
  const entries: ChunkEntry[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < 1_000; page += 1) {
    const found = await store.list({ ...query, ...(cursor !== undefined && { cursor }) });
    entries.push(...found.entries);
    cursor = found.cursor;
    if (cursor === undefined) return entries;
  }
  throw new Error("a listing doesn't end");
}

export function sampleStoreContract(name: string, make: () => Promise<SampleStoreUnderTest>): void {
  describe(`${name} keeps chunks of samples`, () => {
    const day = (bucket?: number): ChunkQuery => ({
      pool: "main",
      from: at("2026-11-21T00:00:00Z"),
      to: at("2026-11-22T00:00:00Z"),
      ...(bucket !== undefined && { bucket }),
    });
    const closedAts = (entries: readonly ChunkEntry[]): readonly EpochMs[] =>
      entries.map((entry) => entry.closedAt);

    it("lists a chunk once it is put, with its buckets, and gives back its lines", async () => {
      const { store } = await make();
      const parts = [part(5, "a", "b"), part(63, "ünï\n cödé"), part(0, "zero")];
      await store.put(chunk(NOON, parts));
      const [entry, ...others] = await listAll(store, day());
      expect(others).toEqual([]);
      if (entry === undefined) throw new Error("it isn't listed");
      expect(entry.closedAt).toBe(NOON);
      expect(entry.buckets).toEqual([0, 5, 63]);
      expect(await store.get(entry)).toEqual([
        part(0, "zero"),
        part(5, "a", "b"),
        part(63, "ünï\n cödé"),
      ]);
    });

    it("gives only the bucket asked for", async () => {
      const { store } = await make();
      await store.put(chunk(NOON, [part(1, "one"), part(2, "two"), part(3, "three")]));
      const [entry] = await listAll(store, day());
      if (entry === undefined) throw new Error("it isn't listed");
      expect(await store.get(entry, 2)).toEqual([part(2, "two")]);
      expect(await store.get(entry, 4)).toEqual([]);
    });

    it("lists by time, from the start inclusive to the end exclusive, across hours and days", async () => {
      const { store } = await make();
      const hour = 3_600_000;
      const moments = [NOON + 25 * hour, NOON, NOON + 1, NOON - 1, NOON + hour, NOON - 13 * hour];
      for (const [index, moment] of moments.entries())
        await store.put(chunk(moment, [part(1, "x")], index + 1));
      const query = (from: number, to: number): ChunkQuery => ({
        pool: "main",
        from: epochMs(from),
        to: epochMs(to),
      });
      const all = await listAll(store, query(0, NOON + 100 * hour));
      expect(closedAts(all)).toEqual(moments.toSorted((a, b) => a - b));
      expect(all.map(({ key }) => key)).toEqual(all.map(({ key }) => key).sort());
      expect(closedAts(await listAll(store, query(NOON, NOON + hour)))).toEqual([NOON, NOON + 1]);
      expect(await listAll(store, query(NOON, NOON))).toEqual([]);
      expect(await listAll(store, query(NOON + hour, NOON))).toEqual([]);
    });

    it("lists only chunks that hold the bucket", async () => {
      const { store } = await make();
      await store.put(chunk(NOON, [part(1, "x"), part(40, "y")], 1));
      await store.put(chunk(NOON + 1, [part(2, "x")], 2));
      await store.put(chunk(NOON + 2, [part(40, "x")], 3));
      expect(closedAts(await listAll(store, day(40)))).toEqual([NOON, NOON + 2]);
      expect(await listAll(store, day(3))).toEqual([]);
    });

    it("pages through more chunks than one page holds, each once", async () => {
      const { store } = await make();
      const count = 1_100;
      const puts = Array.from({ length: count }, (_, index) =>
        store.put(chunk(NOON + index * 4_000, [part(index % 2, "x")], index + 1)),
      );
      await Promise.all(puts);
      const entries = await listAll(store, day());
      expect(closedAts(entries)).toEqual(
        Array.from({ length: count }, (_, index) => NOON + index * 4_000),
      );
      expect(await listAll(store, day(1))).toHaveLength(count / 2);
    });

    it("changes nothing when the same chunk is put again, also at the same time", async () => {
      const { store } = await make();
      const same = chunk(NOON, [part(9, "x")]);
      await Promise.all([store.put(same), store.put(same)]);
      await store.put(same);
      const entries = await listAll(store, day());
      expect(entries).toHaveLength(1);
      expect(await Promise.all(entries.map((entry) => store.get(entry)))).toEqual([[part(9, "x")]]);
    });

    it("keeps chunks of one moment from several owners and leases apart", async () => {
      const { store } = await make();
      const { name } = chunk(NOON, []);
      const names = [
        name,
        { ...name, owner: "owner-2" as Owner },
        { ...name, lease: leaseId(8) },
        { ...name, epoch: 4 },
        { ...name, sequence: 2 },
      ];
      for (const each of names) await store.put({ name: each, parts: [part(1, "x")] });
      expect(await listAll(store, day())).toHaveLength(names.length);
    });

    it("keeps pools apart, and has nothing of a pool that never was", async () => {
      const { store } = await make();
      await store.put(chunk(NOON, [part(1, "x")]));
      expect(await listAll(store, { ...day(), pool: "mai" })).toEqual([]);
      expect(await listAll(store, { ...day(), pool: "other" })).toEqual([]);
    });

    it("has no content of a chunk that retention removed after it was listed", async () => {
      const { store, remove } = await make();
      await store.put(chunk(NOON, [part(1, "x")]));
      const [entry] = await listAll(store, day());
      if (entry === undefined) throw new Error("it isn't listed");
      await remove(entry.key);
      expect(await store.get(entry, 1)).toBeUndefined();
      expect(await listAll(store, day())).toEqual([]);
    });

    it("refuses names that lead out of its folder", async () => {
      const { store } = await make();
      const { name, parts } = chunk(NOON, [part(1, "x")]);
      for (const pool of ["..", "a/b", "", ".hidden", "a\u0000b", "a\nb"]) {
        await expect(store.put({ name: { ...name, pool }, parts })).rejects.toThrow(
          InvalidInputError,
        );
        await expect(store.list({ ...day(), pool })).rejects.toThrow(InvalidInputError);
      }
      const owner = "../../x" as Owner; // What an owner must not be.
      await expect(store.put({ name: { ...name, owner }, parts })).rejects.toThrow(
        InvalidInputError,
      );
    });

    it("gives back any lines in any buckets", async () => {
      const { store } = await make();
      let sequence = 0;
      const line = fc.string({ unit: "grapheme", maxLength: 40 });
      const anyParts = fc.dictionary(
        fc.integer({ min: 0, max: 63 }).map(String),
        fc.array(line, { minLength: 1, maxLength: 30 }),
        { maxKeys: 12 },
      );
      await fc.assert(
        fc.asyncProperty(anyParts, async (byBucket) => {
          sequence += 1;
          const parts = Object.entries(byBucket).map(([bucket, lines]) =>
            part(Number(bucket), ...lines),
          );
          await store.put(chunk(NOON + sequence, parts, sequence));
          const to = epochMs(NOON + sequence + 1);
          const [entry] = await listAll(store, {
            pool: "main",
            from: epochMs(NOON + sequence),
            to,
          });
          if (entry === undefined) throw new Error("it isn't listed");
          const expected = parts.toSorted((a, b) => a.bucket - b.bucket);
          expect(entry.buckets).toEqual(expected.map(({ bucket }) => bucket));
          expect(await store.get(entry)).toEqual(expected);
        }),
        { numRuns: 30 },
      );
    });
  });
}
