import { describe, expect, test } from "vitest";
import { isDoneBefore, isDueAfter, isDueBetween, nextInstant } from "#domain/due.ts";
import type { ScheduleKey } from "#domain/round.ts";
import { slot } from "#domain/slot.ts";
import { durationMs } from "#domain/units.ts";
import { through, upTo } from "#domain/watermark.ts";
import { at, T0 } from "#test/support/leases.ts";

/** Every 10 s, two targets: at the round's start and 4 s later. */
const key: ScheduleKey = {
  cadence: { kind: "every", periodMs: durationMs(10_000) },
  slot: slot(0, 0),
  slotsLog2: 0,
};
const first = { offset: 0, shift: 0, registeredAt: at(-100) };
const second = { offset: 1_717_986_919, shift: 4_000, registeredAt: at(-100) };
const both = [first, second];

describe("whether a target's instant is to be done", () => {
  test("it is when it lies after the watermark and not before its registration", () => {
    expect(isDueAfter(at(10), first, upTo(at(10)))).toBe(true);
    expect(isDueAfter(at(10), first, through(at(10)))).toBe(false);
    expect(isDueAfter(at(10), { ...first, registeredAt: at(11) }, upTo(at(10)))).toBe(false);
    expect(isDueAfter(at(10), { ...first, registeredAt: at(10) }, upTo(at(10)))).toBe(true);
  });
});

describe("whether any round may have an instant before a moment", () => {
  test("none, when the next round begins at that moment or later", () => {
    expect(isDoneBefore(key, through(at(9.999)), at(10))).toBe(true);
    expect(isDoneBefore(key, through(at(9.999)), at(10.001))).toBe(false);
  });

  test("a round that has begun may, whatever is done of it", () => {
    expect(isDoneBefore(key, upTo(at(5)), at(6))).toBe(false);
  });
});

describe("the next instant", () => {
  test("is the first of any target after the watermark", () => {
    expect(nextInstant(key, both, upTo(T0))).toBe(T0);
    expect(nextInstant(key, both, through(T0))).toBe(at(4));
    expect(nextInstant(key, both, through(at(4)))).toBe(at(10));
  });

  test("doesn't exist without targets", () => {
    expect(nextInstant(key, [], upTo(T0))).toBeUndefined();
  });

  test("counts from a target's registration", () => {
    expect(nextInstant(key, [{ ...first, registeredAt: at(3) }], upTo(T0))).toBe(at(10));
  });
});

describe("whether anything is due after a watermark and before a moment", () => {
  test("the moment itself is not before", () => {
    expect(isDueBetween(key, both, through(T0), at(4))).toBe(false);
    expect(isDueBetween(key, both, through(T0), at(4.001))).toBe(true);
  });

  test("the watermark itself is not after", () => {
    expect(isDueBetween(key, both, upTo(T0), at(1))).toBe(true);
    expect(isDueBetween(key, both, through(T0), at(1))).toBe(false);
  });

  test("later rounds are looked at, too", () => {
    const young = [{ ...first, registeredAt: at(25) }];
    expect(isDueBetween(key, young, upTo(T0), at(30))).toBe(false);
    expect(isDueBetween(key, young, upTo(T0), at(31))).toBe(true);
  });

  test("nothing is, without targets", () => {
    expect(isDueBetween(key, [], upTo(T0), at(100))).toBe(false);
  });

  test("so many rounds without an end in sight count as something", () => {
    const young = [{ ...first, registeredAt: at(10_000) }];
    expect(isDueBetween(key, young, upTo(T0), at(200))).toBe(true);
  });
});
