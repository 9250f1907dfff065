import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  failuresTolerance,
  judgeFailures,
  LEARNING_MINUTES,
  NORMAL_MINUTES,
  TOLERANCE_MIN,
  type FailuresJudged,
  type FailuresKnown,
  type FailuresNormal,
} from "#domain/failures-normal.ts";
import { WINDOW_CAPTURES, WINDOW_MINUTES, type CapturedMinute } from "#domain/failures-window.ts";

const HOUR = 60;
const DAY = 24 * HOUR;

interface Course {
  known: FailuresKnown | undefined;
  normal: FailuresNormal | undefined;
  readonly points: number[];
}

type Counts = Omit<CapturedMinute, "minute">;

/** So many minutes after another, each with so many captures and failures. */
function play(
  before: FailuresKnown | undefined,
  minutes: number,
  counts: (minute: number) => Counts,
): Course {
  const course: Course = { known: before, normal: before?.normal, points: [] };
  const begin = newestOf(before) + 1;
  for (let minute = begin; minute < begin + minutes; minute += 1) {
    const judged = judgeFailures(course.known, { minute, ...counts(minute) });
    course.known = judged.known;
    course.normal = judged.known.normal;
    course.points.push(judged.pointsAbove);
  }
  return course;
}

function newestOf(known: FailuresKnown | undefined): number {
  return known?.recent.at(-1)?.minute ?? 0;
}

function next(known: FailuresKnown, counts: Counts): FailuresJudged {
  return judgeFailures(known, { minute: newestOf(known) + 1, ...counts });
}

/** Whether the alarm rings: at least ten points in three minutes in a row. */
function ringsAt(points: readonly number[]): number | undefined {
  const at = points.findIndex((_, n) => n >= 2 && points.slice(n - 2, n + 1).every((p) => p >= 10));
  return at === -1 ? undefined : at + 1;
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
function byChance(targets: number, share: number, seed: number): () => Counts {
  const draw = drawing(seed);
  return () => {
    let failed = 0;
    for (let n = 0; n < targets; n += 1) if (draw() < share) failed += 1;
    return { captures: targets, failed };
  };
}

function known(share = 0.03, captures = 1_000): FailuresKnown & { normal: FailuresNormal } {
  const { known: learnt } = play(undefined, DAY, steady(captures, captures * share));
  if (learnt?.normal === undefined) throw new Error("nothing was learnt");
  return { ...learnt, normal: learnt.normal };
}

describe("what is normal", () => {
  it("is the mean of what was seen, whatever it is, and nothing of it is above normal", () => {
    for (const failed of [0, 30, 1_000]) {
      const { normal, points } = play(undefined, HOUR + 1, steady(1_000, failed));
      expect(normal).toMatchObject({ deviation: 0, captures: 1_000, minutes: HOUR });
      expect(normal?.share).toBeCloseTo(failed / 1_000);
      expect(Math.max(...points)).toBe(0);
    }
  });

  it("is not judged by before it is known", () => {
    const calm = play(undefined, LEARNING_MINUTES - 1, steady(1_000, 0));
    expect(play(calm.known, 1, steady(1_000, 1_000)).points).toEqual([0]);
    const learnt = play(undefined, LEARNING_MINUTES, steady(1_000, 0));
    expect(play(learnt.known, 1, steady(1_000, 1_000)).points[0]).toBeGreaterThan(95);
  });

  it("is not touched by minutes without captures", () => {
    const learnt = known();
    const judged = judgeFailures(learnt, { minute: 1e9, captures: 0, failed: 0 });
    expect(judged).toEqual({ pointsAbove: 0, known: { normal: learnt.normal, recent: [] } });
    const nothing = judgeFailures(undefined, { minute: 1, captures: 0, failed: 0 });
    expect(nothing.known).toEqual({ normal: undefined, recent: [] });
  });

  it("learns a minute once, and judges it again all the same", () => {
    const learnt = known();
    const seen = { minute: newestOf(learnt) + 1, captures: 1_000, failed: 500 };
    const first = judgeFailures(learnt, seen);
    const again = judgeFailures(first.known, seen);
    expect(again.known).toEqual(first.known);
    expect(again.pointsAbove).toBeCloseTo(first.pointsAbove, 0);
    const before = judgeFailures(first.known, { ...seen, minute: 7 });
    expect(before.known.normal).toEqual(first.known.normal);
  });

  it("takes the fuller count of a minute that is looked at twice", () => {
    const learnt = known();
    const early = next(learnt, { captures: 200, failed: 100 });
    const minute = newestOf(early.known);
    const whole = judgeFailures(early.known, { minute, captures: 1_000, failed: 30 });
    expect(whole.pointsAbove).toBe(0);
    expect(judgeFailures(whole.known, { minute, captures: 200, failed: 100 })).toEqual(whole);
  });

  it("follows a fleet that changes little by little, without a word", () => {
    const learnt = known(0.02);
    const from = newestOf(learnt);
    const drift = play(learnt, 20 * DAY, (minute) => ({
      captures: 10_000,
      failed: 200 + Math.round((400 * (minute - from)) / (20 * DAY)),
    }));
    expect(Math.max(...drift.points)).toBe(0);
    expect(drift.normal?.share).toBeGreaterThan(0.05);
  });
});

describe("what is above normal", () => {
  it("is told in points above normal and tolerance", () => {
    const learnt = known(0.03, 10_000);
    const { pointsAbove } = next(learnt, { captures: 10_000, failed: 5_000 });
    const tolerance = failuresTolerance(learnt.normal, 10_000);
    expect(pointsAbove).toBeCloseTo(100 * (0.5 - 0.03 - tolerance));
    expect(pointsAbove).toBeGreaterThan(45);
  });

  it("is hardly learnt: after an hour nearly nothing, after eight it is still an incident", () => {
    for (const minutes of [LEARNING_MINUTES, HOUR, DAY]) {
      const calm = play(undefined, minutes, steady(1_000, 30));
      const hour = play(calm.known, HOUR, steady(1_000, 500));
      expect(hour.normal?.share).toBeLessThan(0.03 + 0.01 * (0.5 - 0.03));
      const day = play(hour.known, 7 * HOUR, steady(1_000, 500));
      expect(Math.min(...hour.points, ...day.points)).toBeGreaterThan(40);
    }
  });

  it("leaves no trace: afterwards the fleet is judged as before", () => {
    const learnt = known();
    const hurt = play(learnt, HOUR, steady(1_000, 500));
    const { normal: healed, points } = play(hurt.known, HOUR, steady(1_000, 30));
    expect(Math.max(...points)).toBe(0);
    if (healed === undefined) throw new Error("forgotten");
    const tolerance = failuresTolerance(learnt.normal, 1_000);
    expect(failuresTolerance(healed, 1_000)).toBeLessThan(2 * tolerance);
  });

  it("is forgotten wholly, not kept as ever smaller numbers that no store takes", () => {
    const hurt = play(known(), 1, steady(1_000, 500));
    const { normal } = play(hurt.known, 60 * DAY, steady(1_000, 0));
    expect(normal).toMatchObject({ share: 0, deviation: 0 });
  });

  it("becomes normal when it stays for weeks", () => {
    const stays = play(known(), 60 * DAY, steady(1_000, 500));
    expect(stays.points.at(-1)).toBe(0);
    expect(stays.normal?.share).toBeGreaterThan(0.45);
  });
});

describe("a pool with few captures", () => {
  const WINDOWS_LEARNT = 2 * WINDOW_MINUTES + LEARNING_MINUTES;

  it("rings within a quarter of an hour when all its targets fail, and soon when it has many", () => {
    for (const [targets, withinMin] of [
      [1, 14],
      [3, 8],
      [7, 6],
      [10, 5],
      [64, 3],
      [1_000, 3],
    ] as const) {
      for (const learntMin of [WINDOWS_LEARNT, DAY, 7 * DAY]) {
        const calm = play(undefined, learntMin, steady(targets, 0));
        const { points } = play(calm.known, 4 * HOUR, steady(targets, targets));
        expect([targets, ringsAt(points) ?? Infinity]).toEqual([targets, expect.toSatisfy((at: number) => at <= withinMin)]); // prettier-ignore
        // And goes on ringing.
        expect(Math.min(...points.slice(withinMin))).toBeGreaterThanOrEqual(10);
      }
    }
  });

  it("rings for one of three, three of six, five of ten that fail", () => {
    for (const [targets, failed] of [
      [3, 1],
      [6, 3],
      [10, 5],
    ] as const) {
      const calm = play(undefined, DAY, steady(targets, 0));
      const { points } = play(calm.known, HOUR, steady(targets, failed));
      expect(ringsAt(points) ?? Infinity).toBeLessThanOrEqual(20);
    }
  });

  it("doesn't ring for a minute or two in which everything fails, whatever its size", () => {
    for (let targets = 1; targets < 2 * WINDOW_CAPTURES; targets += 1) {
      const calm = play(undefined, DAY, steady(targets, 0));
      for (const minutes of [1, 2]) {
        const bad = play(calm.known, minutes, steady(targets, targets));
        const after = play(bad.known, HOUR, steady(targets, 0));
        expect([targets, ringsAt([...bad.points, ...after.points])]).toEqual([targets, undefined]);
      }
    }
  });

  it("is over soon after it works again", () => {
    for (const [targets, withinMin] of [
      [1, 8],
      [3, 3],
      [10, 1],
      [1_000, 1],
    ] as const) {
      const calm = play(undefined, DAY, steady(targets, 0));
      const bad = play(calm.known, HOUR, steady(targets, targets));
      const { points } = play(bad.known, HOUR, steady(targets, 0));
      expect(Math.max(...points.slice(withinMin))).toBeLessThan(10);
    }
  });

  it("rings when it captures every five minutes only, in the third round that fails", () => {
    const everyFive = (targets: number, failed: number) => (minute: number) =>
      minute % 5 === 0 ? { captures: targets, failed } : { captures: 0, failed: 0 };
    for (const targets of [20, 1_000]) {
      const calm = play(undefined, DAY, everyFive(targets, 0));
      const from = newestOf(calm.known);
      // After a round, so that what follows has full rounds.
      const one = play(calm.known, 9, (n) => everyFive(targets, n - from < 6 ? targets : 0)(n));
      expect(ringsAt(one.points)).toBeUndefined();
      const { points } = play(calm.known, HOUR, everyFive(targets, targets));
      expect(ringsAt(points)).toBeGreaterThan(10);
      expect(ringsAt(points)).toBeLessThanOrEqual(17);
    }
  });

  it("is known after three quarters of an hour at most", () => {
    const early = play(undefined, WINDOWS_LEARNT - 2, steady(3, 0));
    expect(early.normal?.minutes).toBeLessThan(LEARNING_MINUTES);
    expect(play(undefined, WINDOWS_LEARNT, steady(3, 0)).normal?.minutes).toBeGreaterThanOrEqual(
      LEARNING_MINUTES,
    );
  });

  it("never rings in a week in which captures fail one by one, by chance", () => {
    const seeds = fc.record({
      targets: fc.integer({ min: 1, max: 40 }),
      share: fc.double({ min: 0, max: 0.3, noNaN: true }),
      every: fc.constantFrom(1, 1, 1, 2, 5),
      seed: fc.nat(1e9),
    });
    fc.assert(
      fc.property(seeds, ({ targets, share, every, seed }) => {
        const draw = byChance(targets, share, seed);
        const { points } = play(undefined, 7 * DAY, (minute) =>
          minute % every === 0 ? draw() : { captures: 0, failed: 0 },
        );
        expect(ringsAt(points)).toBeUndefined();
      }),
      { numRuns: 40, seed: 20_261_121 },
    );
  });

  it("keeps few minutes in mind, whatever comes", () => {
    const few = play(undefined, DAY, steady(1, 0));
    expect(few.known?.recent).toHaveLength(2 * WINDOW_MINUTES + 1);
    expect(play(few.known, HOUR, steady(WINDOW_CAPTURES, 0)).known?.recent).toHaveLength(3);
  });
});

describe("a fleet whose failures come in bursts", () => {
  // Every tenth minute 4 % fail instead of none; with so many captures chance explains nothing.
  const bursts = (minute: number) => ({
    captures: 100_000,
    failed: minute % 10 === 0 ? 4_000 : 0,
  });

  it("is judged by them, not by their mean", () => {
    const { known, normal, points } = play(undefined, 3 * DAY, bursts);
    expect(normal?.share).toBeCloseTo(0.004, 2);
    // Never two minutes in a row, which an alarm asks for; and hardly any once it is known.
    expect(points.filter((point, n) => point > 0 && (points[n - 1] ?? 0) > 0)).toEqual([]);
    expect(Math.max(...points.slice(DAY))).toBeLessThan(1);
    expect(play(known, 1, steady(100_000, 20_000)).points[0]).toBeGreaterThan(10);
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
    const { known } = play(undefined, DAY, byChance(100, 0.03, 7));
    const { points } = play(known, HOUR, byChance(100, 0.5, 8));
    expect(Math.min(...points)).toBeGreaterThan(0);
  });

  it("is allowed for more, the fewer captures there are", () => {
    const { normal } = known(0);
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
        const { known } = playAll(all);
        const points = (failed: number): number =>
          judgeFailures(known, { minute: all.length + 1, captures: 10_000, failed }).pointsAbove;
        expect(points(Math.max(a, b))).toBeGreaterThanOrEqual(points(Math.min(a, b)));
      }),
    );
  });

  it("keeps the normal within what was seen, and its memory within its limit", () => {
    fc.assert(
      fc.property(course, (all) => {
        const { known } = playAll(all);
        const seen = all.filter(({ captures }) => captures > 0);
        expect(known?.recent.length).toBeLessThanOrEqual(2 * WINDOW_MINUTES + 1);
        if (known?.normal === undefined) return;
        const shares = seen.map(({ captures, failedShare }) =>
          Math.round(captures * failedShare) / captures); // prettier-ignore
        expect(known.normal.share).toBeGreaterThanOrEqual(Math.min(...shares) - 1e-12);
        expect(known.normal.share).toBeLessThanOrEqual(Math.max(...shares) + 1e-12);
      }),
    );
  });
});
