import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durationByte, failureByte, LATEST_BYTES, unpackLatest } from "#domain/latest.ts";
import type { FailureCode } from "#domain/sample.ts";

// The format, written down: a byte that is stored means this for ever.
const BYTES: Readonly<Record<FailureCode, number>> = {
  dns: 1,
  connect: 2,
  "connect-timeout": 3,
  tls: 4,
  certificate: 5,
  send: 6,
  "headers-timeout": 7,
  "body-timeout": 8,
  timeout: 9,
  "body-too-large": 10,
  "body-encoding": 11,
  redirects: 12,
  "forbidden-address": 13,
  assertion: 14,
  "not-json": 15,
  secret: 16,
  configuration: 17,
  reset: 18,
  stopped: 19,
  internal: 20,
};
const CODES = Object.keys(BYTES) as FailureCode[];

function packed(
  resultKey: number,
  failure: number,
  duration: number,
  sinceSeconds: number,
): Uint8Array {
  const bytes = new Uint8Array(LATEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, resultKey);
  view.setUint8(4, failure);
  view.setUint8(5, duration);
  view.setUint32(6, sinceSeconds);
  return bytes;
}

describe("packed results", () => {
  test("each failure has its byte, for ever, and up is 0", () => {
    expect(Object.fromEntries(CODES.map((code) => [code, failureByte(code)]))).toEqual(BYTES);
    expect(failureByte(undefined)).toBe(0);
  });

  test("a result reads back: key, failure, duration within 9 %, second of its last change", () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 32 - 1),
        fc.option(fc.constantFrom(...CODES), { nil: undefined }),
        fc.double({ min: 1, max: 60_000, noNaN: true }),
        fc.nat(2 ** 32 - 1),
        (resultKey, failure, duration, seconds) => {
          const bytes = packed(resultKey, failureByte(failure), durationByte(duration), seconds);
          const [result, ...more] = unpackLatest(bytes);
          expect(more).toEqual([]);
          expect(result).toMatchObject({ resultKey, since: seconds * 1_000 });
          expect(result?.failure).toBe(failure);
          expect(Math.abs((result?.durationMs ?? 0) / duration - 1)).toBeLessThan(0.09);
        },
      ),
    );
  });

  test("less than a millisecond is none, and the longest duration fits", () => {
    expect(durationByte(0.99)).toBe(0);
    expect(durationByte(Number.MAX_SAFE_INTEGER)).toBe(255);
    expect(unpackLatest(packed(1, 0, 0, 0))[0]?.durationMs).toBe(0);
  });

  test("a failure of a newer version is some failure, not up", () => {
    expect(unpackLatest(packed(1, 200, 0, 0))[0]?.failure).toBe("internal");
  });

  test("many lie one after the other, also inside a larger buffer; an unfinished one is left out", () => {
    const buffer = new Uint8Array(3 * LATEST_BYTES + 5);
    buffer.set(packed(7, 0, 0, 0), 3);
    buffer.set(packed(8, 1, 0, 0), 3 + LATEST_BYTES);
    const view = buffer.subarray(3, 3 + 2 * LATEST_BYTES + 4);
    expect(unpackLatest(view).map((result) => result.resultKey)).toEqual([7, 8]);
    expect(unpackLatest(new Uint8Array(0))).toEqual([]);
  });
});
