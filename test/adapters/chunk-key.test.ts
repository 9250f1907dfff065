import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkKey, isBucketIn, parseChunkFile, parseChunkKey } from "#adapters/chunk-key.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { epochMs } from "#domain/units.ts";
import { at } from "#test/support/settable-clock.ts";

const name = {
  pool: "eu-west.1",
  closedAt: at("2026-11-21T13:14:15.016Z"),
  lease: leaseId(7),
  epoch: 3,
  owner: "V1-_x" as Owner, // A test's owner needs no randomness.
  sequence: 12,
};

describe("a chunk's key", () => {
  it("says pool, hour, moment, buckets, lease, epoch, sequence, size and owner", () => {
    expect(chunkKey(name, [0, 5, 63], 1_234)).toBe(
      "eu-west.1/2026-11-21T13/1795266855016-8000000000000021-0007-3-12-1234-V1-_x.jsonl.zst",
    );
  });

  it("is read as it was written", () => {
    const buckets = fc.uniqueArray(fc.nat(63)).map((some) => some.toSorted((a, b) => a - b));
    const moment = fc.integer({ min: 0, max: 4_000_000_000_000 }).map(epochMs);
    fc.assert(
      fc.property(moment, buckets, fc.nat(), (closedAt, some, bytes) => {
        const key = chunkKey({ ...name, closedAt }, some, bytes);
        expect(parseChunkKey(key)).toEqual({ key, closedAt, buckets: some });
        const file = key.split("/")[2] ?? "";
        expect(parseChunkFile(file)?.bytes).toBe(bytes);
        for (let bucket = 0; bucket < 64; bucket += 1) {
          expect(isBucketIn(file, bucket)).toBe(some.includes(bucket));
        }
      }),
    );
  });

  it("sorts by the moment of closing, and a fraction of a millisecond isn't lost below it", () => {
    const moment = fc.double({ min: 0, max: 4_000_000_000_000, noNaN: true });
    fc.assert(
      fc.property(moment, moment, (a, b) => {
        const [keyA, keyB] = [a, b].map((each) =>
          chunkKey({ ...name, closedAt: epochMs(each) }, [1], 1),
        );
        if (Math.ceil(a) < Math.ceil(b)) expect((keyA ?? "") < (keyB ?? "")).toBe(true);
        expect(parseChunkKey(keyA ?? "")?.closedAt).toBe(Math.ceil(a));
      }),
    );
  });

  it("isn't seen in other names", () => {
    const key = chunkKey(name, [1], 1);
    for (const other of [
      "",
      "a/b/c",
      `${key}.part`,
      `x/${key}`,
      key.replace("/2026", "/../2026"),
      key.replace("-0007", "-00/07"),
    ]) {
      expect(parseChunkKey(other)).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => parseChunkKey(text) === undefined));
  });
});
