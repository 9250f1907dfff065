import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { statisticOf } from "#domain/alarm/statistic.ts";
import type { Datapoint, Statistic } from "#domain/alarm/definition.ts";
import { epochMs } from "#domain/units.ts";

const at = epochMs(0);
const POINTS: readonly Datapoint[] = [
  { at, values: [2, 8], counts: [3, 1] },
  { at, values: [6] },
];

describe("a statistic", () => {
  test.each<[Statistic, number]>([
    ["SampleCount", 5],
    ["Sum", 20],
    ["Average", 4],
    ["Minimum", 2],
    ["Maximum", 8],
    ["p50", 2],
    ["p60", 2],
    ["p61", 6],
    ["p80", 6],
    ["p99", 8],
    ["p100", 8],
  ])("%s counts each value as often as it was seen", (statistic, expected) => {
    expect(statisticOf(statistic, POINTS)).toBe(expected);
  });

  test("of nothing is nothing, not zero", () => {
    expect(statisticOf("Sum", [])).toBeUndefined();
    expect(statisticOf("SampleCount", [{ at, values: [] }])).toBeUndefined();
    expect(statisticOf("p99", [{ at, values: [3], counts: [0] }])).toBeUndefined();
  });

  test("a value that counts n times is the same as n values", () => {
    const counted = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.nat({ max: 5 })));
    const statistics = fc.constantFrom<Statistic>("Sum", "SampleCount", "Minimum", "Maximum", "p50", "p90"); // prettier-ignore
    fc.assert(
      fc.property(counted, statistics, (pairs, statistic) => {
        const packed = {
          at,
          values: pairs.map(([value]) => value),
          counts: pairs.map(([, count]) => count),
        };
        const flat = pairs.flatMap(([value, count]) =>
          Array.from({ length: count }, () => ({ at, values: [value] })),
        );
        expect(statisticOf(statistic, [packed])).toBe(statisticOf(statistic, flat));
      }),
    );
  });

  test("a percentile is the smallest value that this share doesn't exceed", () => {
    const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (all, percent) => {
        const found = statisticOf(`p${percent}`, [{ at, values: all }]);
        const share = (limit: number): number => all.filter((value) => value <= limit).length * 100;
        expect(all).toContain(found);
        expect(share(found ?? -1)).toBeGreaterThanOrEqual(percent * all.length);
        expect(share((found ?? 0) - 1)).toBeLessThan(percent * all.length);
      }),
    );
  });
});
