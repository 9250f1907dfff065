import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  failuresTolerance,
  judgeFailures,
  LEARNING_MINUTES,
  NORMAL_MINUTES,
  TOLERANCE_MIN,
  type CapturedMinute,
  type FailuresNormal,
} from "#domain/failures-normal.ts";

const HOUR = 60;
const DAY = 24 * HOUR;

interface Course {
  normal: FailuresNormal | undefined;
  readonly points: number[];
}

/** So many minutes after another, each with so many captures and failures. */
function play(
  before: FailuresNormal | undefined,
  minutes: number,
  counts: (minute: number) => Omit<CapturedMinute, "minute">,
): Course {
  const course: Course = { normal: before, points: [] };
  const begin = (before?.minute ?? 0) + 1;
  for (let minute = begin; minute < begin + minutes; minute += 1) {
    const judged = judgeFailures(course.normal, { minute, ...counts(minute) });
    course.normal = judged.normal;
    course.points.push(judged.pointsAbove);
  }
  return course;
}

const steady = (captures: number, failed: number) => () => ({ captures, failed });

/** Chance, the same in every run of the test. */
function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Each of `targets` fails on its own with the same likelihood. */
function byChance(
  targets: number,
  share: number,
  seed: number,
): () => Omit<CapturedMinute, "minute"> {
  const draw = drawing(seed);
  return () => {
    let failed = 0;
    for (let n = 0; n < targets; n += 1) if (draw() < share) failed += 1;
    return { captures: targets, failed };
  };
}

function known(share = 0.03, captures = 1_000): FailuresNormal {
  const { normal } = play(undefined, DAY, steady(captures, captures * share));
  if (normal === undefined) throw new Error("nothing was learnt");
  return normal;
}

describe("what is normal", () => {
  it("is the mean of what was seen, whatever it is, and nothing of it is above normal", () => {
    for (const failed of [0, 30, 1_000]) {
      const { normal, points } = play(undefined, HOUR, steady(1_000, failed));
      expect(normal).toMatchObject({ deviation: 0, captures: 1_000, minutes: HOUR });
      expect(normal?.share).toBeCloseTo(failed / 1_000);
      expect(Math.max(...points)).toBe(0);
    }
  });

  it("is not judged by before it is known", () => {
    const calm = play(undefined, LEARNING_MINUTES - 1, steady(1_000, 0));
    expect(play(calm.normal, 1, steady(1_000, 1_000)).points).toEqual([0]);
    const learnt = play(undefined, LEARNING_MINUTES, steady(1_000, 0));
    expect(play(learnt.normal, 1, steady(1_000, 1_000)).points[0]).toBeGreaterThan(95);
  });

  it("is not touched by minutes without captures", () => {
    const normal = known();
    expect(judgeFailures(normal, { minute: 1e9, captures: 0, failed: 0 })).toEqual({
      pointsAbove: 0,
      normal,
    });
    expect(judgeFailures(undefined, { minute: 1, captures: 0, failed: 0 }).normal).toBeUndefined();
  });

  it("learns a minute once, and judges it again all the same", () => {
    const normal = known();
    const seen = { minute: normal.minute + 1, captures: 1_000, failed: 500 };
    const first = judgeFailures(normal, seen);
    if (first.normal === undefined) throw new Error("forgotten");
    const again = judgeFailures(first.normal, seen);
    expect(again.normal).toEqual(first.normal);
    expect(again.pointsAbove).toBeCloseTo(first.pointsAbove, 0);
    expect(judgeFailures(first.normal, { ...seen, minute: 7 }).normal).toEqual(first.normal);
  });

  it("follows a fleet that changes little by little, without a word", () => {
    const normal = known(0.02);
    const drift = play(normal, 20 * DAY, (minute) => ({
      captures: 10_000,
      failed: 200 + Math.round((400 * (minute - normal.minute)) / (20 * DAY)),
    }));
    expect(Math.max(...drift.points)).toBe(0);
    expect(drift.normal?.share).toBeGreaterThan(0.05);
  });
});

describe("what is above normal", () => {
  it("is told in points above normal and tolerance", () => {
    const normal = known(0.03, 10_000);
    const { pointsAbove } = judgeFailures(normal, {
      minute: normal.minute + 1,
      captures: 10_000,
      failed: 5_000,
    });
    expect(pointsAbove).toBeCloseTo(100 * (0.5 - 0.03 - failuresTolerance(normal, 10_000)));
    expect(pointsAbove).toBeGreaterThan(45);
  });

  it("is hardly learnt: after an hour nearly nothing, after eight it is still an incident", () => {
    for (const minutes of [LEARNING_MINUTES, HOUR, DAY]) {
      const calm = play(undefined, minutes, steady(1_000, 30));
      const hour = play(calm.normal, HOUR, steady(1_000, 500));
      expect(hour.normal?.share).toBeLessThan(0.03 + 0.01 * (0.5 - 0.03));
      const day = play(hour.normal, 7 * HOUR, steady(1_000, 500));
      expect(Math.min(...hour.points, ...day.points)).toBeGreaterThan(40);
    }
  });

  it("leaves no trace: afterwards the fleet is judged as before", () => {
    const normal = known();
    const { normal: hurt } = play(normal, HOUR, steady(1_000, 500));
    const { normal: healed, points } = play(hurt, HOUR, steady(1_000, 30));
    expect(Math.max(...points)).toBe(0);
    if (healed === undefined) throw new Error("forgotten");
    expect(failuresTolerance(healed, 1_000)).toBeLessThan(2 * failuresTolerance(normal, 1_000));
  });

  it("is forgotten wholly, not kept as ever smaller numbers that no store takes", () => {
    const { normal: hurt } = play(known(), 1, steady(1_000, 500));
    const { normal } = play(hurt, 60 * DAY, steady(1_000, 0));
    expect(normal).toMatchObject({ share: 0, deviation: 0 });
  });

  it("becomes normal when it stays for weeks", () => {
    const stays = play(known(), 60 * DAY, steady(1_000, 500));
    expect(stays.points.at(-1)).toBe(0);
    expect(stays.normal?.share).toBeGreaterThan(0.45);
  });
});

describe("a fleet whose failures come in bursts", () => {
  // Every tenth minute 4 % fail instead of none; with so many captures chance explains nothing.
  const bursts = (minute: number) => ({
    captures: 100_000,
    failed: minute % 10 === 0 ? 4_000 : 0,
  });

  it("is judged by them, not by their mean", () => {
    const { normal, points } = play(undefined, 3 * DAY, bursts);
    expect(normal?.share).toBeCloseTo(0.004, 2);
    // Never two minutes in a row, which an alarm asks for; and hardly any once it is known.
    expect(points.filter((point, n) => point > 0 && (points[n - 1] ?? 0) > 0)).toEqual([]);
    expect(Math.max(...points.slice(DAY))).toBeLessThan(1);
    expect(play(normal, 1, steady(100_000, 20_000)).points[0]).toBeGreaterThan(10);
  });
});

describe("chance", () => {
  it("alone rings in no minute of a week, however many targets there are", () => {
    for (const [targets, share] of [
      [8, 0.1],
      [50, 0.02],
      [200, 0.05],
    ] as const) {
      const { points } = play(undefined, 7 * DAY, byChance(targets, share, targets));
      expect(points.filter((point) => point > 0)).toEqual([]);
    }
  });

  it("is not taken for the reason when half of a small fleet fails", () => {
    const { normal } = play(undefined, DAY, byChance(100, 0.03, 7));
    const { points } = play(normal, HOUR, byChance(100, 0.5, 8));
    expect(Math.min(...points)).toBeGreaterThan(0);
  });

  it("is allowed for more, the fewer captures there are", () => {
    const normal = known(0);
    const tolerances = [1, 10, 100, 1_000, 1e6].map((n) => failuresTolerance(normal, n));
    expect(tolerances).toEqual(tolerances.toSorted((a, b) => b - a));
    expect(tolerances[0]).toBeGreaterThan(1);
    expect(tolerances[1]).toBeCloseTo(0.77, 2);
    expect(tolerances.at(-1)).toBe(TOLERANCE_MIN);
  });
});

describe("any course of minutes", () => {
  const minute = fc.record({
    captures: fc.oneof(fc.nat(20), fc.nat(1_000_000)),
    failedShare: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const course = fc.array(minute, { minLength: 1, maxLength: 60 });
  const playAll = (all: readonly { captures: number; failedShare: number }[]): Course =>
    play(undefined, all.length, (n) => {
      const { captures = 0, failedShare = 0 } = all[n - 1] ?? {};
      return { captures, failed: Math.round(captures * failedShare) };
    });

  it("leaves shares between 0 and 1 and points between 0 and 100", () => {
    fc.assert(
      fc.property(course, (all) => {
        const { normal, points } = playAll(all);
        for (const point of points) expect(point >= 0 && point <= 100).toBe(true);
        if (normal === undefined) return;
        for (const share of [normal.share, normal.deviation])
          expect(share >= 0 && share <= 1).toBe(true);
        expect(normal.minutes).toBeLessThanOrEqual(NORMAL_MINUTES);
      }),
    );
  });

  it("never makes a minute with more failures look better", () => {
    fc.assert(
      fc.property(course, fc.nat(10_000), fc.nat(10_000), (all, a, b) => {
        const { normal } = playAll(all);
        const points = (failed: number): number =>
          judgeFailures(normal, { minute: 1e6, captures: 10_000, failed }).pointsAbove;
        expect(points(Math.max(a, b))).toBeGreaterThanOrEqual(points(Math.min(a, b)));
      }),
    );
  });

  it("moves the normal toward what was seen and never past it", () => {
    fc.assert(
      fc.property(course, minute, (all, { captures, failedShare }) => {
        const { normal } = playAll(all);
        if (normal === undefined || captures === 0) return;
        const failed = Math.round(captures * failedShare);
        const { normal: next } = judgeFailures(normal, { minute: 1e6, captures, failed });
        const share = failed / captures;
        const [low, high] = [Math.min(normal.share, share), Math.max(normal.share, share)];
        expect(next?.share).toBeGreaterThanOrEqual(low - 1e-12);
        expect(next?.share).toBeLessThanOrEqual(high + 1e-12);
      }),
    );
  });
});
