import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import {
  complement,
  contains,
  cover,
  covers,
  formatRange,
  HASH_SPACE,
  intersect,
  isAligned,
  normalise,
  overlaps,
  parseRange,
  range,
  rangesOfSlots,
  sameRanges,
  slotRange,
  slotsIn,
  subtract,
  tiling,
  union,
  wholeSpace,
  width,
  type Range,
  type RangeSet,
} from "#domain/range.ts";
import { slot, slotCount, slotWidth } from "#domain/slot.ts";

const K = 4;
const SIZE = slotWidth(K);

/** Ranges as their author may give them: overlapping, touching, in any order. */
const pieces = fc.array(
  fc
    .tuple(fc.nat(slotCount(K)), fc.nat(slotCount(K)))
    .filter(([a, b]) => a !== b)
    .map(([a, b]): Range => ({ from: Math.min(a, b) * SIZE, to: Math.max(a, b) * SIZE })),
  { maxLength: 6 },
);

/** The model: which of the 16 slots are inside. */
type Bitmap = readonly boolean[];
const indices = Array.from({ length: slotCount(K) }, (_, index) => index);
const bitmap = (ranges: readonly Range[]): Bitmap =>
  indices.map((index) => ranges.some((r) => r.from <= index * SIZE && index * SIZE < r.to));
const bits = (a: Bitmap, b: Bitmap, merge: (x: boolean, y: boolean) => boolean): Bitmap =>
  indices.map((index) => merge(a[index] === true, b[index] === true));

const isCanonical = (set: RangeSet): boolean =>
  set.every((r, index) => {
    const before = set[index - 1];
    return r.from < r.to && (before === undefined || before.to < r.from);
  });

describe("range arithmetic agrees with a bitmap of slots", () => {
  it("normalise keeps what is inside, sorted and merged, and does no more the second time", () => {
    fc.assert(
      fc.property(pieces, (a) => {
        const set = normalise(a);
        expect(bitmap(set)).toEqual(bitmap(a));
        expect(isCanonical(set)).toBe(true);
        expect(normalise(set)).toEqual(set);
      }),
    );
  });

  it("union, intersect, subtract and complement are or, and, and-not, not", () => {
    fc.assert(
      fc.property(pieces, pieces, (a, b) => {
        const cases: readonly (readonly [RangeSet, Bitmap])[] = [
          [union(a, b), bits(bitmap(a), bitmap(b), (x, y) => x || y)],
          [intersect(a, b), bits(bitmap(a), bitmap(b), (x, y) => x && y)],
          [subtract(a, b), bits(bitmap(a), bitmap(b), (x, y) => x && !y)],
          [complement(a), bitmap(a).map((x) => !x)],
        ];
        for (const [found, expected] of cases) {
          expect(bitmap(found)).toEqual(expected);
          expect(isCanonical(found)).toBe(true);
        }
      }),
    );
  });

  it("covers, overlaps, sameRanges, contains and width too", () => {
    fc.assert(
      fc.property(pieces, pieces, fc.nat(slotCount(K) - 1), (a, b, index) => {
        const [x, y] = [bitmap(a), bitmap(b)];
        expect(covers(a, b)).toBe(indices.every((i) => y[i] !== true || x[i] === true));
        expect(overlaps(a, b)).toBe(indices.some((i) => x[i] === true && y[i] === true));
        expect(sameRanges(a, b)).toBe(indices.every((i) => x[i] === y[i]));
        expect(contains(a, index * SIZE)).toBe(x[index]);
        expect(contains(a, index * SIZE + SIZE - 1)).toBe(x[index]);
        expect(width(a)).toBe(x.filter(Boolean).length * SIZE);
      }),
    );
  });

  it("turns slots into ranges and back", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(slotCount(K) - 1)), (chosen) => {
        const slots = chosen.map((index) => slot(index, K));
        expect(slotsIn(rangesOfSlots(slots, K), K)).toEqual(chosen.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe("slotsIn", () => {
  it("names only slots that lie wholly inside", () => {
    expect(slotsIn([{ from: 1, to: 3 * SIZE + 1 }], K)).toEqual([1, 2]);
    expect(slotsIn([{ from: 1, to: SIZE }], K)).toEqual([]);
    expect(slotsIn(wholeSpace(), 0)).toEqual([0]);
    expect(slotsIn(wholeSpace(), 16)).toHaveLength(65_536);
  });
});

describe("isAligned", () => {
  it("holds where both bounds are slot bounds", () => {
    expect(isAligned(slotRange(slot(15, K), K), K)).toBe(true);
    expect(isAligned({ from: 0, to: SIZE + 1 }, K)).toBe(false);
    expect(isAligned({ from: 1, to: SIZE }, K)).toBe(false);
  });
});

describe("cover", () => {
  it("tiles the space with parts that differ by one slot at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 10 }), (parts, k) => {
        const lists = cover(parts, k);
        expect(lists).toHaveLength(parts);
        expect(tiling(lists)).toEqual({ kind: "tiles" });
        const sizes = lists.map((list) => slotsIn(list, k).length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("tiling", () => {
  it("says what is missing and what is there twice", () => {
    const lists = [[range(0, 4 * SIZE)], [range(3 * SIZE, 8 * SIZE), range(9 * SIZE, HASH_SPACE)]];
    expect(tiling(lists)).toEqual({
      kind: "broken",
      missing: [range(8 * SIZE, 9 * SIZE)],
      doubled: [range(3 * SIZE, 4 * SIZE)],
    });
    expect(tiling([])).toEqual({ kind: "broken", missing: wholeSpace(), doubled: [] });
    expect(tiling([wholeSpace(), wholeSpace()])).toEqual({
      kind: "broken",
      missing: [],
      doubled: wholeSpace(),
    });
  });

  it("counts each hash, as a bitmap would", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 5 }), (lists) => {
        const counts = indices.map(
          (index) => lists.filter((list) => contains(list, index * SIZE)).length,
        );
        const found = tiling(lists);
        if (counts.every((count) => count === 1)) {
          expect(found).toEqual({ kind: "tiles" });
        } else {
          const where = (wanted: (count: number) => boolean): RangeSet =>
            rangesOfSlots(
              indices.filter((index) => wanted(counts[index] ?? 0)).map((index) => slot(index, K)),
              K,
            );
          expect(found).toEqual({
            kind: "broken",
            missing: where((count) => count === 0),
            doubled: where((count) => count > 1),
          });
        }
      }),
    );
  });

  it("survives any sequence of splits, merges and moves", () => {
    const change = fc.oneof(
      fc.record({ kind: fc.constant("split" as const), list: fc.nat(), at: fc.nat() }),
      fc.record({ kind: fc.constant("merge" as const), list: fc.nat(), into: fc.nat() }),
      fc.record({
        kind: fc.constant("move" as const),
        list: fc.nat(),
        into: fc.nat(),
        what: pieces,
      }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(change, { maxLength: 40 }),
        (parts, changes) => {
          const lists = cover(parts, K);
          for (const step of changes) {
            const from = step.list % lists.length;
            const held = lists[from] ?? [];
            if (step.kind === "split") {
              const slots = slotsIn(held, K);
              const kept = rangesOfSlots(slots.slice(0, step.at % (slots.length + 1)), K);
              lists[from] = kept;
              lists.push(subtract(held, kept));
            } else if (step.into % lists.length !== from) {
              const into = step.into % lists.length;
              const moved = step.kind === "merge" ? held : intersect(held, step.what);
              lists[into] = union(lists[into] ?? [], moved);
              lists[from] = subtract(held, moved);
            }
            expect(tiling(lists)).toEqual({ kind: "tiles" });
            expect(
              lists.every((list) => isCanonical(list) && list.every((r) => isAligned(r, K))),
            ).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("text of a range", () => {
  it("reads back as written", () => {
    expect(formatRange(range(0, HASH_SPACE))).toBe("00000000-100000000");
    expect(formatRange(range(0x1c000000, 0x20000000))).toBe("1c000000-20000000");
    fc.assert(
      fc.property(fc.nat(HASH_SPACE - 1), fc.nat(HASH_SPACE - 1), (a, b) => {
        const r = range(Math.min(a, b), Math.max(a, b) + 1);
        expect(parseRange(formatRange(r))).toEqual(r);
      }),
    );
  });

  it("is a range or InvalidInputError, whatever the text", () => {
    const likely = fc.stringMatching(/^[0-9a-f]{7,9}-[0-9a-f]{7,9}$/u);
    fc.assert(
      fc.property(fc.oneof(fc.string(), likely), (text) => {
        try {
          expect(formatRange(parseRange(text))).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError);
        }
      }),
    );
  });

  it.each([
    ["empty", "00000000-00000000"],
    ["backwards", "20000000-10000000"],
    ["too far", "00000000-100000001"],
    ["in capitals", "0000000A-0000000B"],
    ["with 9 digits first", "100000000-100000000"],
  ])("refuses one that is %s", (_why, text) => {
    expect(() => parseRange(text)).toThrow(InvalidInputError);
  });

  it.each([
    [0, 0],
    [-1, 1],
    [0, HASH_SPACE + 1],
    [0.5, 1],
    [0, Number.NaN],
  ])("refuses bounds %s and %s", (from, to) => {
    expect(() => range(from, to)).toThrow(InvalidInputError);
  });
});
