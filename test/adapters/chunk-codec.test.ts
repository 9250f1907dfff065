import { execFileSync } from "node:child_process";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeChunk, encodeChunk } from "#adapters/chunk-codec.ts";
import { InvariantError } from "#domain/errors.ts";

const many = Array.from(
  { length: 300 },
  (_, index) => `{"t":"service-${index}","s":3,"ok":true,"d":${index * 0.3}}\n`,
).join("");
const parts = [
  { bucket: 0, lines: '{"t":"ä"}\n' },
  { bucket: 7, lines: many },
  { bucket: 8, lines: many + many + many + many },
  { bucket: 63, lines: '{"t":"last"}\n' },
];

function hasZstd(): boolean {
  try {
    execFileSync("zstd", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("the chunk codec", () => {
  it("gives back what it was given, whole and by bucket", async () => {
    const file = await encodeChunk(parts);
    expect(await decodeChunk(file)).toEqual({ kind: "parts", parts });
    for (const part of parts) {
      expect(await decodeChunk(file, part.bucket)).toEqual({ kind: "parts", parts: [part] });
    }
    expect(await decodeChunk(file, 5)).toEqual({ kind: "parts", parts: [] });
  });

  it("gives equal bytes for equal parts, in whatever order they come", async () => {
    const file = await encodeChunk(parts);
    expect(await encodeChunk(parts.toReversed())).toEqual(file);
    const halves = [{ bucket: 0, lines: "" }, ...parts, { bucket: 9, lines: "" }];
    expect(await encodeChunk(halves)).toEqual(file);
  });

  it.runIf(hasZstd())("is JSON Lines for any zstd tool", async () => {
    const text = execFileSync("zstd", ["-dc"], { input: await encodeChunk(parts) }).toString();
    expect(text).toBe(parts.map(({ lines }) => lines).join(""));
  });

  it("is one index and ordinary zstd frames", async () => {
    const file = await encodeChunk([{ bucket: 4, lines: many }]);
    expect(file.readUInt32LE(0)).toBe(0x184d2a5d);
    expect(zstdDecompressSync(file.subarray(8 + file.readUInt32LE(4))).toString()).toBe(many);
  });

  it("puts small parts together: 64 of them are far smaller than 64 files", async () => {
    const small = Array.from({ length: 64 }, (_, bucket) => ({
      bucket,
      lines: many.slice(0, 400),
    }));
    const together = await encodeChunk(small);
    const alone = small.map(
      ({ lines }) =>
        zstdCompressSync(lines, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }).length,
    );
    expect(together.length).toBeLessThan(alone.reduce((sum, bytes) => sum + bytes) / 4);
  });

  it("opens one part although another frame is broken", async () => {
    const file = await encodeChunk(parts);
    const altered = Buffer.from(file);
    altered.fill(0xff, altered.length - 12);
    expect(await decodeChunk(altered, 7)).toEqual({ kind: "parts", parts: [parts[1]] });
    expect(await decodeChunk(altered, 63)).toMatchObject({ kind: "broken" });
  });

  it("notices any single altered byte, or isn't misled by it", async () => {
    const file = await encodeChunk(parts);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(file.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const altered = Buffer.from(file);
          altered.writeUInt8((altered.readUInt8(at) ^ change) & 0xff, at);
          const decoded = await decodeChunk(altered);
          if (decoded.kind === "parts") expect(decoded.parts).toEqual(parts);
          else expect(decoded.reason).not.toBe("");
        },
      ),
      { numRuns: 300 },
    );
  });

  it("isn't misled by any altered byte of its index", async () => {
    const file = await encodeChunk(parts);
    const indexEnd = 8 + file.readUInt32LE(4);
    for (let at = 0; at < indexEnd; at += 1) {
      const altered = Buffer.from(file);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      expect(await decodeChunk(altered)).toMatchObject({ kind: "broken" });
    }
  });

  it("has an answer for any bytes at all", async () => {
    const known = await encodeChunk(parts);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(known.length).map((length) => known.subarray(0, length)),
      fc.uint8Array({ maxLength: 60 }).map((tail) => Buffer.concat([known.subarray(0, 14), tail])),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.option(fc.nat(63), { nil: undefined }), async (some, bucket) => {
        const decoded = await decodeChunk(Buffer.from(some), bucket);
        expect(["parts", "broken"]).toContain(decoded.kind);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses a bucket that can't be one", async () => {
    await expect(encodeChunk([{ bucket: 64, lines: "x\n" }])).rejects.toThrow(InvariantError);
    await expect(encodeChunk([{ bucket: -1, lines: "x\n" }])).rejects.toThrow(InvariantError);
  });
});
