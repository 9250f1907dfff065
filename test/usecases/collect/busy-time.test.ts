import { describe, expect, it } from "vitest";
import { busyTime } from "#usecases/collect/busy-time.ts";

describe("busy time", () => {
  it("is what the platform says, since it was last asked", () => {
    let total = 1_000;
    const busy = busyTime(() => total);
    total += 7;
    expect(busy.taken(2)).toBe(7);
    expect(busy.taken(2)).toBe(0);
    total += 3;
    expect(busy.taken(2)).toBe(3);
  });

  it("is that of ticks where nobody can tell", () => {
    const busy = busyTime(undefined);
    expect([busy.taken(2), busy.taken(0.5)]).toEqual([2, 0.5]);
  });

  it("is never negative, also when a clock jumps back", () => {
    const totals = [10, 5].values();
    expect(busyTime(() => totals.next().value ?? 0).taken(2)).toBe(0);
    expect(busyTime(undefined).taken(-3_600_000)).toBe(0);
  });
});
