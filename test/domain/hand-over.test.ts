import { describe, expect, test } from "vitest";
import {
  cutEntries,
  isPast,
  restrictOpen,
  sameOpen,
  slotCut,
  withoutOpen,
  withoutPast,
  type CutRequest,
} from "#domain/hand-over.ts";
import { epochMs } from "#domain/units.ts";
import { at, openEntry, Q, T0 } from "#test/support/leases.ts";

const request: CutRequest = {
  now: T0,
  startedThrough: undefined,
  aheadMs: 3_500,
  longestTimeoutMs: 10_000,
  slackMs: 1_000,
  commitTimeMs: 3_000,
};

describe("naming a cut", () => {
  test("it lies as far ahead as the taker needs to learn of it", () => {
    expect(cutEntries([Q[0]], [], request)).toEqual([
      { range: Q[0], cut: T0 + 3_500, until: T0 + 3_500 + 14_000 },
    ]);
  });

  test("it lies after everything that was started, not at it", () => {
    const startedThrough = at(20);
    const [entry] = cutEntries([Q[0]], [], { ...request, startedThrough });
    expect(entry?.cut).toBe(startedThrough + 1);
    const [early] = cutEntries([Q[0]], [], { ...request, startedThrough: at(1) });
    expect(early?.cut).toBe(T0 + 3_500);
  });

  test("it is a whole millisecond, never before now", () => {
    const [entry] = cutEntries([Q[0]], [], { ...request, now: epochMs(T0 + 0.25), aheadMs: 0 });
    expect(entry?.cut).toBe(T0 + 1);
  });

  test("until counts from the latest until that is still open there, and from nowhere else", () => {
    const open = [openEntry(Q[1], at(1), 60_000), openEntry(Q[2], at(1), 600_000)];
    const [first, second] = cutEntries([Q[0], Q[1]], open, request);
    expect(second?.until).toBe(at(61) + 14_000);
    expect(first?.until).toBe(second?.until);
    const [apart] = cutEntries([Q[0]], open, request);
    expect(apart?.until).toBe(T0 + 3_500 + 14_000);
  });
});

describe("several open entries over one slot", () => {
  test("ask for the latest cut and the latest until together", () => {
    const open = [
      openEntry(Q[0], at(1), 50_000),
      openEntry(Q[0], at(9), 5_000),
      openEntry(Q[1], at(99)),
    ];
    expect(slotCut(open, 5)).toEqual({ cut: at(9), until: at(51) });
    expect(slotCut(open, Q[1].from)).toEqual({ cut: at(99), until: at(104) });
  });

  test("none over a slot asks for nothing", () => {
    expect(slotCut([openEntry(Q[0], at(1))], Q[3].from)).toBeUndefined();
    expect(slotCut([], 0)).toBeUndefined();
  });
});

describe("an open entry", () => {
  const entry = openEntry(Q[0], at(1), 5_000);

  test("is past only when until and skewMax have passed", () => {
    expect(isPast(entry, at(6), 100)).toBe(false);
    expect(isPast(entry, epochMs(at(6) + 100), 100)).toBe(false);
    expect(isPast(entry, epochMs(at(6) + 101), 100)).toBe(true);
    expect(withoutPast([entry, openEntry(Q[1], at(9))], at(7), 100)).toEqual([
      openEntry(Q[1], at(9)),
    ]);
  });

  test("is cut at the bounds of what moves, and nothing of it is lost", () => {
    const whole = { ...entry, range: { from: Q[0].from, to: Q[2].to } };
    expect(restrictOpen([whole], [Q[1]])).toEqual([{ ...entry, range: Q[1] }]);
    expect(withoutOpen([whole], [Q[1]])).toEqual([
      { ...entry, range: Q[0] },
      { ...entry, range: Q[2] },
    ]);
  });

  test("equals another with the same range, cut and until", () => {
    const same = { ...entry, range: { ...entry.range } };
    expect(sameOpen([entry], [same])).toBe(true);
    expect(sameOpen([entry], [])).toBe(false);
    for (const other of [
      { ...same, cut: at(2) },
      { ...same, until: at(7) },
      { ...same, range: Q[1] },
    ]) {
      expect(sameOpen([entry], [other])).toBe(false);
    }
  });
});
