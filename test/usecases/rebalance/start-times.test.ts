import { describe, expect, it } from "vitest";
import { START_TIME_DEFAULT_MS, startTimes } from "#usecases/rebalance/start-times.ts";

describe("startTimes", () => {
  it("begins with what is usual", () => {
    expect(startTimes().aheadMs()).toBe(START_TIME_DEFAULT_MS);
  });

  it("comes to what starts take, and starts earlier where they vary", () => {
    const [steady, varying] = [startTimes(), startTimes()];
    for (let n = 0; n < 100; n += 1) {
      steady.learn(900);
      varying.learn(n % 2 === 0 ? 700 : 1_100);
    }
    expect(steady.aheadMs()).toBeCloseTo(900, 0);
    expect(varying.aheadMs()).toBeGreaterThan(1_100);
  });

  it("counts on a cold start, however quick the warm ones were", () => {
    const [learnt, adopted] = [startTimes(), startTimes()];
    for (let n = 0; n < 100; n += 1) learnt.learn(60);
    adopted.adopt(60);
    expect(learnt.meanMs()).toBeCloseTo(60, 0);
    expect([learnt.aheadMs(), adopted.aheadMs()]).toEqual([
      START_TIME_DEFAULT_MS,
      START_TIME_DEFAULT_MS,
    ]);
  });

  it("knows nothing at first, then what others have learnt, then what it has learnt itself", () => {
    const times = startTimes();
    expect(times.meanMs()).toBeUndefined();
    times.adopt(900);
    expect([times.meanMs(), times.aheadMs()]).toEqual([900, 900]);
    times.adopt(1_000);
    expect(times.meanMs()).toBe(1_000);
    times.learn(200);
    expect(times.meanMs()).toBe(900);
    times.adopt(5_000);
    expect(times.meanMs()).toBe(900);
  });

  it("adopts nothing that is no time", () => {
    const times = startTimes();
    times.adopt(Number.NaN);
    times.adopt(-1);
    expect(times.meanMs()).toBeUndefined();
  });

  it("stays within bounds, whatever it is told", () => {
    const times = startTimes();
    for (let n = 0; n < 100; n += 1) times.learn(1e9);
    expect(times.aheadMs()).toBe(10_000);
    for (let n = 0; n < 1_000; n += 1) times.learn(0);
    expect(times.aheadMs()).toBe(START_TIME_DEFAULT_MS);
  });
});
