import { describe, expect, test } from "vitest";
import {
  cutToWaitFor,
  cutVerdict,
  isGivers,
  takeOverOf,
  whose,
  type Standing,
} from "#domain/taking-over.ts";
import { epochMs } from "#domain/units.ts";
import { through, upTo } from "#domain/watermark.ts";
import { at, openEntry, Q, SKEW_MS } from "#test/support/leases.ts";

const cut = { cut: at(4), until: at(9) };
const target = { offset: 7, registeredAt: at(-100) };

describe("a slot that is taken up", () => {
  const open = [openEntry(Q[0], at(4))];

  test("waits for what is open over it, and only for that", () => {
    expect(cutToWaitFor(open, Q[0].from, at(1), SKEW_MS)).toEqual(cut);
    expect(cutToWaitFor(open, Q[1].from, at(1), SKEW_MS)).toBeUndefined();
  });

  test("waits for nothing once until and skewMax have passed", () => {
    expect(cutToWaitFor(open, 0, epochMs(at(9) + SKEW_MS), SKEW_MS)).toEqual(cut);
    expect(cutToWaitFor(open, 0, epochMs(at(9) + SKEW_MS + 1), SKEW_MS)).toBeUndefined();
  });
});

describe("an instant of a round that is taken up", () => {
  const standing: Standing = { committed: upTo(at(0)), position: upTo(at(4)), cut };

  test("before the cut is the giver's, at the cut ours", () => {
    expect(whose(standing, epochMs(at(4) - 1), target)).toBe("the giver's");
    expect(whose(standing, at(4), target)).toBe("ours");
    expect(isGivers(cut, epochMs(at(4) - 1))).toBe(true);
    expect(isGivers(cut, at(4))).toBe(false);
  });

  test("without a cut none is the giver's", () => {
    expect(isGivers(undefined, at(0))).toBe(false);
    expect(whose({ ...standing, cut: undefined }, at(3), target)).toBe("nobody's");
    expect(whose({ ...standing, cut: undefined }, at(5), target)).toBe("ours");
  });

  test("is nobody's when it is committed, or was before the target's registration", () => {
    expect(whose({ ...standing, committed: through(at(2)) }, at(2), target)).toBe("nobody's");
    expect(whose(standing, at(5), { ...target, registeredAt: at(6) })).toBe("nobody's");
  });
});

describe("a read of a schedule with an open cut", () => {
  const read = { beganAt: at(1), endedAt: at(1), isDueBeforeCut: true };
  const late = epochMs(cut.until + SKEW_MS + 1);

  test("that shows nothing due before the cut ends it at once", () => {
    expect(cutVerdict(cut, { ...read, isDueBeforeCut: false }, SKEW_MS)).toBe("finished");
  });

  test("that shows something due is waited on until until and skewMax have passed", () => {
    expect(cutVerdict(cut, read, SKEW_MS)).toBe("wait");
    const last = epochMs(cut.until + SKEW_MS);
    expect(cutVerdict(cut, { ...read, beganAt: last, endedAt: last }, SKEW_MS)).toBe("wait");
    expect(cutVerdict(cut, { ...read, beganAt: late, endedAt: late }, SKEW_MS)).toBe("take over");
  });

  test("that began before until shows nothing for good, however late its answer is looked at", () => {
    expect(cutVerdict(cut, { ...read, endedAt: late }, SKEW_MS)).toBe("wait");
  });

  test("that ended before it began, because the clock was set back, doesn't either", () => {
    expect(cutVerdict(cut, { ...read, beganAt: late }, SKEW_MS)).toBe("wait");
  });
});

describe("taking over what a giver left", () => {
  test("begins at the watermark where nothing was taken up since the cut", () => {
    expect(takeOverOf(upTo(at(4)), cut, undefined)).toEqual({ kind: "from the watermark" });
  });

  test("leaves what is due before our own oldest round, or before the cut, as missed", () => {
    expect(takeOverOf(through(at(4)), cut, at(3))).toEqual({
      kind: "what was left",
      missedBefore: at(3),
    });
    expect(takeOverOf(through(at(8)), cut, at(8))).toEqual({
      kind: "what was left",
      missedBefore: at(4),
    });
    expect(takeOverOf(through(at(8)), cut, undefined)).toEqual({
      kind: "what was left",
      missedBefore: at(4),
    });
  });
});
