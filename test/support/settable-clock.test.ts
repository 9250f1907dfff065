import { describe, expect, it } from "vitest";
import { sleep } from "#ports/clock.ts";
import { at, settableClock } from "./settable-clock.ts";

describe("the settable clock", () => {
  it("stands still until it is moved", async () => {
    const clock = settableClock("2026-11-21T12:00:00Z");
    expect(clock.now()).toBe(at("2026-11-21T12:00:00Z"));
    await clock.advance(1_500);
    expect(clock.now()).toBe(at("2026-11-21T12:00:01.500Z"));
    await clock.advanceTo("2026-11-21T13:00:00Z");
    expect(clock.now()).toBe(at("2026-11-21T13:00:00Z"));
  });

  it("fires alarms at their own moments, in order, those set first at equal ones", async () => {
    const clock = settableClock("2026-11-21T12:00:00Z");
    const start = clock.now();
    const fired: string[] = [];
    const alarm = (name: string, ms: number): (() => void) =>
      clock.after(ms, () => fired.push(`${name} ${clock.now() - start}`));
    alarm("c", 30);
    alarm("a", 10);
    alarm("b", 10);
    alarm("never", 10)();
    await clock.advance(29);
    expect(fired).toEqual(["a 10", "b 10"]);
    expect(clock.nextAlarmMs()).toBe(1);
    await clock.advance(1);
    expect(fired).toEqual(["a 10", "b 10", "c 30"]);
    expect(clock.pending).toBe(0);
  });

  it("fires what alarms and promises set on the way", async () => {
    const clock = settableClock("2026-11-21T12:00:00Z");
    const start = clock.now();
    const times: number[] = [];
    const work = async (): Promise<void> => {
      for (let count = 0; count < 3; count += 1) {
        await sleep(clock, 100);
        times.push(clock.now() - start);
      }
    };
    const done = work();
    await clock.advance(1_000);
    await done;
    expect(times).toEqual([100, 200, 300]);
  });

  it("jumps like a wall clock: alarms count the time that really passes", async () => {
    const clock = settableClock("2026-11-21T12:00:00Z");
    let fired = false;
    clock.after(1_000, () => (fired = true));
    clock.jump(-3_600_000);
    expect(clock.now()).toBe(at("2026-11-21T11:00:00Z"));
    await clock.advance(999);
    expect(fired).toBe(false);
    await clock.advance(1);
    expect(fired).toBe(true);
  });
});
