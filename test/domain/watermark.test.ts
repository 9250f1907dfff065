import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochMs } from "#domain/units.ts";
import {
  compareWatermarks,
  formatWatermark,
  furthest,
  isAfter,
  OFFSET_ALL,
  parseWatermark,
  through,
  upTo,
  type Watermark,
} from "#domain/watermark.ts";

const at = fc.integer({ min: -1_000, max: 4e12 }).map(epochMs);
const offset = fc.oneof(
  fc.integer({ min: -1, max: OFFSET_ALL }),
  fc.constantFrom(-1, 0, OFFSET_ALL),
);
const watermark: fc.Arbitrary<Watermark> = fc.record({ at, offset });
const near = fc.record({ at: fc.nat(2).map(epochMs), offset: fc.integer({ min: -1, max: 2 }) });

describe("watermarks", () => {
  it("say which captures are still to be done, ties broken by offset", () => {
    const mark = { at: epochMs(1_000), offset: 7 };
    expect(isAfter(epochMs(999), 9, mark)).toBe(false);
    expect(isAfter(epochMs(1_000), 7, mark)).toBe(false);
    expect(isAfter(epochMs(1_000), 8, mark)).toBe(true);
    expect(isAfter(epochMs(1_001), 0, mark)).toBe(true);
  });

  it("`upTo` leaves what is due at the moment itself, `through` doesn't", () => {
    fc.assert(
      fc.property(at, fc.integer({ min: 0, max: OFFSET_ALL - 1 }), (moment, place) => {
        expect(isAfter(moment, place, upTo(moment))).toBe(true);
        expect(isAfter(moment, place, through(moment))).toBe(false);
        expect(isAfter(epochMs(moment - 1), place, upTo(moment))).toBe(false);
        expect(isAfter(epochMs(moment + 1), place, through(moment))).toBe(true);
      }),
    );
  });

  it("mean the same for a moment with a fraction, and stay writable", () => {
    const between = epochMs(1_000.5);
    for (const mark of [upTo(between), through(between)]) {
      expect(isAfter(epochMs(1_000), 5, mark)).toBe(false);
      expect(isAfter(epochMs(1_001), 0, mark)).toBe(true);
      expect(parseWatermark(formatWatermark(mark))).toEqual(mark);
    }
  });

  it("are totally ordered, and isAfter agrees with the order", () => {
    fc.assert(
      fc.property(near, near, near, (a, b, c) => {
        expect(Math.sign(compareWatermarks(a, b))).toBe(0 - Math.sign(compareWatermarks(b, a)));
        expect(compareWatermarks(a, b) === 0).toBe(a.at === b.at && a.offset === b.offset);
        if (compareWatermarks(a, b) <= 0 && compareWatermarks(b, c) <= 0) {
          expect(compareWatermarks(a, c)).toBeLessThanOrEqual(0);
        }
        expect(isAfter(a.at, a.offset, b)).toBe(compareWatermarks(a, b) > 0);
      }),
    );
  });

  it("never go back by taking the furthest", () => {
    fc.assert(
      fc.property(near, near, (a, b) => {
        const far = furthest(a, b);
        expect([a, b]).toContainEqual(far);
        expect(Math.min(compareWatermarks(far, a), compareWatermarks(far, b))).toBe(0);
      }),
    );
  });

  it("read back as written", () => {
    fc.assert(
      fc.property(watermark, (mark) => {
        expect(parseWatermark(formatWatermark(mark))).toEqual(mark);
      }),
    );
  });

  it("are a watermark or undefined, whatever the text", () => {
    const digits = fc.stringMatching(/^-?\d{1,400}\.-?\d{1,12}$/u);
    fc.assert(
      fc.property(fc.oneof(fc.string(), digits), (text) => {
        const mark = parseWatermark(text);
        expect(mark === undefined || Number.isFinite(mark.at)).toBe(true);
      }),
    );
    for (const bad of ["", "1", "1.", ".1", "1.5.3", "1.-2", `${"9".repeat(400)}.1`]) {
      expect(parseWatermark(bad)).toBeUndefined();
    }
  });
});
