import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startSchedules, type Schedules } from "#local/schedules.ts";
import { testManifest } from "#test/support/local-invoker.ts";
import { durationMs } from "#domain/units.ts";

let schedules: Schedules | undefined;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  schedules?.stop();
  vi.useRealTimers();
});

it("runs each function that has a schedule at once, then at its rate, and the others never", () => {
  const runs: string[] = [];
  const manifest = testManifest({
    rebalance: { scheduleEveryMs: durationMs(60_000) },
    "health-check": { scheduleEveryMs: durationMs(150_000) },
  });
  const invoker = {
    invokeAsync: (name: string) => {
      runs.push(name);
      return { kind: "accepted", requestId: "" } as const;
    },
  };
  schedules = startSchedules(manifest, invoker, "{}");
  expect(runs).toEqual(["rebalance", "health-check"]);
  vi.advanceTimersByTime(59_999);
  expect(runs).toHaveLength(2);
  vi.advanceTimersByTime(240_001);
  expect(runs.filter((name) => name === "rebalance")).toHaveLength(6);
  expect(runs.filter((name) => name === "health-check")).toHaveLength(3);
  schedules.stop();
  vi.advanceTimersByTime(600_000);
  expect(runs).toHaveLength(9);
});
