import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatLoads,
  joinLoads,
  loadIn,
  loadPiece,
  LOAD_PARTS_MAX,
  packLoad,
  parseLoads,
  restrictLoads,
  unpackLoad,
  withoutLoads,
} from "#domain/load.ts";
import { HASH_SPACE } from "#domain/range.ts";
import { Q } from "#test/support/leases.ts";

const WHOLE = { from: 0, to: HASH_SPACE };

describe("one byte for a load", () => {
  test("zero, nonsense and less than nothing are zero", () => {
    expect([0, -1, Number.NaN].map(packLoad)).toEqual([0, 0, 0]);
    expect(unpackLoad(0)).toBe(0);
  });

  test("one a second is exact, and every load from 0.001 to 900,000 within 4.5 %", () => {
    expect(unpackLoad(packLoad(1))).toBe(1);
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 900_000, noNaN: true }), (load) => {
        const packed = packLoad(load);
        expect(packed).toBeGreaterThanOrEqual(1);
        expect(packed).toBeLessThanOrEqual(255);
        expect(Math.abs(unpackLoad(packed) / load - 1)).toBeLessThan(0.045);
      }),
    );
  });

  test("what is larger than any is the largest, what is smaller than any is not nothing", () => {
    expect(packLoad(1e12)).toBe(255);
    expect(packLoad(1e-12)).toBe(1);
  });
});

describe("pieces", () => {
  test("a piece tells the load of any part of its range", () => {
    const pieces = [loadPiece(WHOLE, [1, 2, 4, 8])];
    expect(loadIn(pieces, Q[2])).toBeCloseTo(4);
    expect(loadIn(pieces, { from: Q[1].from, to: Q[2].to })).toBeCloseTo(6);
    expect(loadIn(pieces, { from: Q[3].from, to: Q[3].from + 2 ** 29 })).toBeCloseTo(4);
  });

  test("what was not measured is unknown, not zero", () => {
    expect(loadIn([loadPiece(Q[0], [5])], Q[1])).toBeUndefined();
    expect(loadIn([loadPiece(Q[0], [0])], Q[0])).toBe(0);
  });

  test("more slots than parts are merged, and keep their sum", () => {
    const piece = loadPiece(
      WHOLE,
      Array.from({ length: 4_096 }, () => 0.25),
    );
    expect(piece.perPart.length).toBe(LOAD_PARTS_MAX);
    expect(loadIn([piece], WHOLE)).toBeCloseTo(1_024, -1);
    expect(
      loadPiece(
        WHOLE,
        Array.from({ length: 999 }, () => 1),
      ).perPart.length,
    ).toBe(1);
  });

  test("cutting pieces apart keeps what each part says", () => {
    const pieces = [loadPiece(WHOLE, [1, 2, 4, 8])];
    const middle = [{ from: Q[1].from, to: Q[2].to }];
    expect(loadIn(restrictLoads(pieces, middle), WHOLE)).toBeCloseTo(6);
    expect(loadIn(withoutLoads(pieces, middle), WHOLE)).toBeCloseTo(9);
  });

  test("a newer measurement replaces an older one where both speak", () => {
    const joined = joinLoads([loadPiece(WHOLE, [1, 1, 1, 1])], [loadPiece(Q[1], [16])]);
    expect(loadIn(joined, Q[1])).toBeCloseTo(16);
    expect(loadIn(joined, WHOLE)).toBeCloseTo(19);
  });
});

describe("as text", () => {
  test("pieces read back as they were written, without any there is nothing", () => {
    const pieces = [loadPiece(Q[0], [1, 2]), loadPiece(Q[3], [0, 300])];
    expect(parseLoads(formatLoads(pieces))).toEqual(pieces);
    expect(parseLoads(formatLoads([]))).toEqual([]);
  });

  test("what can't be read is left out, whatever it is: it is measured again", () => {
    const good = formatLoads([loadPiece(Q[0], [1])]);
    expect(parseLoads(`nonsense,${good},00000000-40000000:`)).toEqual([loadPiece(Q[0], [1])]);
    expect(parseLoads("40000000-00000000:AAAA")).toEqual([]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Array.isArray(parseLoads(text))).toBe(true);
      }),
    );
  });

  test("64 slots are a hundred characters", () => {
    const text = formatLoads([
      loadPiece(
        WHOLE,
        Array.from({ length: 64 }, (_, slot) => slot),
      ),
    ]);
    expect(text.length).toBeLessThanOrEqual(110);
  });
});
