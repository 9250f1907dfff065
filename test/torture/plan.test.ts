import { describe, expect, it } from "vitest";
import { KINDS, planBlows } from "./plan.ts";

const HALF_AN_HOUR = { seed: 7, durationMs: 30 * 60_000, gapMs: 6_000 };
const A_MINUTE = { seed: 7, durationMs: 60_000, gapMs: 6_000 };

describe("planBlows", () => {
  it("lets the same blows fall at the same moments for one seed, and others for another", () => {
    expect(planBlows(HALF_AN_HOUR)).toEqual(planBlows(HALF_AN_HOUR));
    expect(planBlows({ ...HALF_AN_HOUR, seed: 8 })).not.toEqual(planBlows(HALF_AN_HOUR));
  });

  it("has every kind of blow at least once, however short the run is", () => {
    for (const request of [HALF_AN_HOUR, A_MINUTE, { ...A_MINUTE, durationMs: 30_000 }]) {
      const kinds = new Set(planBlows(request).map(({ kind }) => kind));
      expect([...kinds].sort()).toEqual([...KINDS].sort());
    }
  });

  it("lets blows fall in order, all within the run, with a calm at the end of each cycle", () => {
    const moments = planBlows(HALF_AN_HOUR).map(({ at }) => at);
    expect(moments).toEqual([...moments].sort((a, b) => a - b));
    expect(moments.at(-1)).toBeLessThan(0.99 * HALF_AN_HOUR.durationMs);
    const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? 0));
    expect(Math.max(...gaps)).toBeGreaterThan(15_000);
    expect(moments.length).toBeGreaterThan(150);
  });

  it("has cycles in which blows to the store fall one after the other, apart from the rest", () => {
    const store = planBlows(HALF_AN_HOUR).map(({ kind }) => kind.startsWith("store-"));
    const run = Math.max(
      ...store
        .join()
        .split("false")
        .map((part) => part.split("true").length - 1),
    );
    expect(run).toBeGreaterThanOrEqual(4);
    const alone = Math.max(
      ...store
        .join()
        .split("true")
        .map((part) => part.split("false").length - 1),
    );
    expect(alone).toBeGreaterThanOrEqual(15);
  });

  it("begins each cycle with what needs owners that have lived for a while", () => {
    const kinds = planBlows(HALF_AN_HOUR).map(({ kind }) => kind);
    const cycles = kinds.filter((kind) => kind === "pause-past-until").length;
    expect(kinds[0]).toBe("pause-past-until");
    expect(
      kinds.slice(1, kinds.lastIndexOf("pause-past-until")).length / (cycles - 1),
    ).toBeGreaterThan(20);
  });

  it("kills everything last in its cycle: whatever came after it would hit nobody", () => {
    expect(planBlows(A_MINUTE).at(-1)?.kind).toBe("kill-everything");
  });
});
