import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import {
  assertSlotsLog2,
  bitReverse,
  offsetInSlot,
  slot,
  slotCount,
  slotOf,
  slotWidth,
  SLOTS_LOG2_MAX,
} from "#domain/slot.ts";
import vectors from "./slots.vectors.json" with { type: "json" };

const slotsLog2 = fc.integer({ min: 0, max: SLOTS_LOG2_MAX });
const hash32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe("slots", () => {
  it.each(vectors.vectors)("puts $hash32 where the formula says, k = $slotsLog2", (vector) => {
    const hash = Number.parseInt(vector.hash32, 16);
    expect(slotOf(hash, vector.slotsLog2)).toBe(vector.slot);
    expect(offsetInSlot(hash, vector.slotsLog2)).toBe(vector.offset);
    expect(bitReverse(vector.slot, vector.slotsLog2)).toBe(vector.bitReversed);
  });

  it("splits a hash into slot and offset without loss", () => {
    fc.assert(
      fc.property(hash32, slotsLog2, (hash, k) => {
        const index = slotOf(hash, k);
        expect(index).toBeLessThan(slotCount(k));
        expect(index * slotWidth(k) + offsetInSlot(hash, k)).toBe(hash);
      }),
    );
  });

  it("reverses bits one to one, and twice is once too often", () => {
    for (const k of [0, 1, 4, 10]) {
      const all = Array.from({ length: slotCount(k) }, (_, index) => bitReverse(index, k));
      expect(new Set(all).size).toBe(all.length);
      expect(all.map((reversed) => bitReverse(reversed, k))).toEqual([...all.keys()]);
    }
  });

  it("spreads any run of 2^j neighbours evenly over the reversed indices", () => {
    fc.assert(
      fc.property(fc.nat(8), fc.nat(255), (j, seed) => {
        const k = 8;
        const run = 2 ** j;
        const first = Math.floor(seed / run) * run;
        const reversed = Array.from({ length: run }, (_, i) => bitReverse(first + i, k));
        const gap = slotCount(k) / run;
        const sorted = reversed.toSorted((a, b) => a - b);
        for (const [i, value] of sorted.entries()) {
          expect(value - (sorted[0] ?? 0)).toBe(i * gap);
        }
      }),
    );
  });

  it("refuses a slot that the pool doesn't have", () => {
    expect(slot(63, 6)).toBe(63);
    for (const bad of [-1, 64, 1.5, Number.NaN]) {
      expect(() => slot(bad, 6)).toThrow(InvalidInputError);
    }
  });

  it("refuses a number of slots outside 2^0 to 2^16", () => {
    for (const good of [0, 16]) {
      expect(() => {
        assertSlotsLog2(good);
      }).not.toThrow();
    }
    for (const bad of [-1, 17, 6.5, Number.NaN]) {
      expect(() => {
        assertSlotsLog2(bad);
      }).toThrow(InvalidInputError);
    }
  });
});
