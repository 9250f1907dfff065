import { describe, expect, it } from "vitest";
import { InvariantError } from "#domain/errors.ts";
import { after, between, durationMs, earliest, epochMs, latestOf } from "#domain/units.ts";

describe("units", () => {
  it("are finite numbers, or somebody of ours made a mistake", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      expect(() => epochMs(bad)).toThrow(InvariantError);
      expect(() => durationMs(bad)).toThrow(InvariantError);
    }
    expect(epochMs(-0.5)).toBe(-0.5);
    expect(durationMs(-3)).toBe(-3);
  });

  it("add up: the span between two moments leads from one to the other", () => {
    const [a, b] = [epochMs(1_000), epochMs(400)];
    expect(between(a, b)).toBe(-600);
    expect(after(a, between(a, b))).toBe(b);
  });

  it("have an order", () => {
    const [a, b] = [epochMs(1), epochMs(2)];
    expect([earliest(a, b), earliest(b, a), latestOf(a, b), latestOf(b, a)]).toEqual([a, a, b, b]);
  });
});
