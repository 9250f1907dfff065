import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  emptyMinute,
  emptyProgress,
  formatProgress,
  lastWholeMinute,
  latenessBucket,
  LATENESS_BOUNDS_MS,
  minuteOf,
  parseProgress,
  type MinuteCounts,
  type Progress,
} from "#domain/progress.ts";
import { epochMs } from "#domain/units.ts";
import { at, T0 } from "#test/support/leases.ts";

const count = fc.nat(2_000_000);
const tenths = fc.nat(50_000_000).map((value) => value / 10);
const minute: fc.Arbitrary<MinuteCounts> = fc.record({
  minute: fc.constant(minuteOf(T0)),
  captures: count,
  failed: count,
  missed: count,
  redone: count,
  late: count,
  readUnits: tenths,
  writeUnits: tenths,
  busyMs: tenths,
  throttled: count,
  lateness: fc.array(count, {
    minLength: LATENESS_BOUNDS_MS.length + 1,
    maxLength: LATENESS_BOUNDS_MS.length + 1,
  }),
});
const progress: fc.Arbitrary<Progress> = fc.record({
  at: fc.nat(1_000_000).map((later) => epochMs(T0 + later)),
  lagMs: tenths,
  backlogRounds: count,
  waiting: count,
  current: minute,
  previous: minute,
});

describe("as text", () => {
  test("any progress reads back as it was written", () => {
    fc.assert(
      fc.property(progress, (one) => {
        expect(parseProgress(formatProgress(one))).toEqual(one);
      }),
    );
  });

  test("a busy collector's progress is at most 400 bytes", () => {
    const lateness = LATENESS_BOUNDS_MS.map(() => 99_999);
    const busy = (number: number): MinuteCounts => ({
      minute: number,
      captures: 999_999,
      failed: 99_999,
      missed: 99_999,
      redone: 9_999,
      late: 99_999,
      readUnits: 9_999.5,
      writeUnits: 99_999.5,
      busyMs: 59_999.9,
      throttled: 99_999,
      lateness: [...lateness, 99_999],
    });
    const now = minuteOf(T0);
    const text = formatProgress({
      ...emptyProgress(T0),
      lagMs: 59_999.9,
      backlogRounds: 9_999,
      waiting: 99_999,
      current: busy(now),
      previous: busy(now - 1),
    });
    expect(text.length).toBeLessThanOrEqual(400);
  });

  test("says nothing of throttling where there was none, so that it is as older versions write it", () => {
    const quiet = formatProgress(emptyProgress(T0));
    expect(quiet.split(";").length).toBe(3);
    expect(parseProgress(quiet)).toEqual(emptyProgress(T0));
  });

  test("can be read by a version that doesn't know of throttling: the first three parts don't change", () => {
    fc.assert(
      fc.property(progress, (one) => {
        const [head, current, previous, ...more] = formatProgress(one).split(";");
        const none = { throttled: 0 };
        expect(more.length).toBeLessThanOrEqual(1);
        // That version takes the first three parts, each with exactly so many numbers.
        expect(parseProgress([head, current, previous].join(";"))).toEqual({
          ...one,
          current: { ...one.current, ...none },
          previous: { ...one.previous, ...none },
        });
        expect([current, previous].map((part) => part?.split(",").length)).toEqual([25, 25]);
      }),
    );
  });

  test("a last part of another shape is no progress", () => {
    const good = formatProgress(emptyProgress(T0));
    for (const last of ["1", "x,1", "1,x"])
      expect(parseProgress(`${good};${last}`)).toBeUndefined();
  });

  test("what is no progress is undefined, whatever it is", () => {
    const good = formatProgress(emptyProgress(T0));
    expect(parseProgress("")).toBeUndefined();
    expect(parseProgress(good.replace(",", ",x"))).toBeUndefined();
    expect(parseProgress(good.split(";").slice(0, 2).join(";"))).toBeUndefined();
    expect(parseProgress(`${good},7`)).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseProgress(text)).toBeUndefined();
      }),
    );
  });
});

describe("the last whole minute", () => {
  const now = at(0);
  const counts = { ...emptyMinute(minuteOf(now)), captures: 7 };

  test("is read from whichever half of the progress has it", () => {
    const busy = { ...emptyProgress(now), current: counts };
    expect(lastWholeMinute(busy, at(60)).captures).toBe(7);
    const later = { ...emptyProgress(at(60)), previous: counts };
    expect(lastWholeMinute(later, at(119)).captures).toBe(7);
  });

  test("is empty where the lease was silent, and before it ever spoke", () => {
    const busy = { ...emptyProgress(now), current: counts };
    expect(lastWholeMinute(busy, at(59)).captures).toBe(0);
    expect(lastWholeMinute(busy, at(120))).toEqual(emptyMinute(minuteOf(at(60))));
    expect(lastWholeMinute(undefined, now)).toEqual(emptyMinute(minuteOf(now) - 1));
  });
});

test("a lateness goes into the first bucket whose bound it doesn't exceed, the largest into the last", () => {
  expect([-5, 0, 1, 1.01, 15, 60_000, 60_001].map(latenessBucket)).toEqual([
    0,
    0,
    0,
    1,
    5,
    LATENESS_BOUNDS_MS.length - 1,
    LATENESS_BOUNDS_MS.length,
  ]);
});
