import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leaseId, newLease } from "#domain/lease.ts";
import {
  busyOfMinute,
  FULL_SHARE,
  LAG_BEFORE_AGE_MAX_MS,
  LAG_GROWTH_MIN_MS,
  LAG_USUAL_MS,
  overload,
  type LoadOfMinute,
} from "#domain/overload.ts";
import { emptyMinute, emptyProgress, minuteOf } from "#domain/progress.ts";
import { epochMs } from "#domain/units.ts";

const now = epochMs(Date.UTC(2026, 10, 21, 13, 0, 30));
const MINUTE_MS = 60_000;
const FULL_MS = FULL_SHARE * MINUTE_MS;

const load = (change: Partial<LoadOfMinute>): LoadOfMinute => ({
  busyMs: [0, 0],
  desired: 2,
  lag: { at: now, lagMs: 0 },
  before: { at: epochMs(now - MINUTE_MS), lagMs: 0 },
  ...change,
});
const isOverloaded = (change: Partial<LoadOfMinute>): boolean =>
  overload(load(change)).isOverloaded;

describe("overload", () => {
  it("is none in a fleet that is idle, or whose loops are all full and no more", () => {
    expect(overload(load({}))).toEqual({ isOverloaded: false, needed: 0, busiest: 0 });
    expect(overload(load({ busyMs: [FULL_MS, FULL_MS] }))).toEqual({
      isOverloaded: false,
      needed: 2,
      busiest: FULL_SHARE,
    });
  });

  it("is there when more collectors would be needed than are wanted", () => {
    expect(overload(load({ busyMs: [FULL_MS, FULL_MS + 1] }))).toMatchObject({
      isOverloaded: true,
      needed: 3,
    });
    // One that is full beside one that has little to do: the planner's business, not a larger fleet's.
    expect(isOverloaded({ busyMs: [59_000, 10_000] })).toBe(false);
    expect(isOverloaded({ busyMs: [59_000], desired: 1 })).toBe(true);
  });

  it("is there when lag grows while a loop is full", () => {
    const busyMs = [FULL_MS, 0];
    const grown = LAG_USUAL_MS + LAG_GROWTH_MIN_MS;
    const before = { at: epochMs(now - MINUTE_MS), lagMs: LAG_USUAL_MS };
    expect(isOverloaded({ busyMs, lag: { at: now, lagMs: grown }, before })).toBe(true);
    expect(isOverloaded({ busyMs, lag: { at: now, lagMs: grown - 1 }, before })).toBe(false);
    expect(isOverloaded({ busyMs: [FULL_MS - 1, 0], lag: { at: now, lagMs: grown }, before })).toBe(
      false,
    );
  });

  it("takes the saw-tooth of commits for no growth", () => {
    const lag = { at: now, lagMs: LAG_USUAL_MS };
    expect(isOverloaded({ busyMs: [FULL_MS, 0], lag })).toBe(false);
  });

  it("compares with the run before, not with one of long ago, or with one that is yet to come", () => {
    const lag = { at: now, lagMs: 600_000 };
    const seen = (agoMs: number): boolean => {
      const before = { at: epochMs(now - agoMs), lagMs: 0 };
      return isOverloaded({ busyMs: [FULL_MS, 0], lag, before });
    };
    expect([seen(LAG_BEFORE_AGE_MAX_MS), seen(1)]).toEqual([true, true]);
    expect([seen(LAG_BEFORE_AGE_MAX_MS + 1), seen(0), seen(-1_000)]).toEqual([false, false, false]);
    expect(isOverloaded({ busyMs: [FULL_MS, 0], lag, before: undefined })).toBe(false);
  });

  it("is never ended by more load, nor begun by more collectors", () => {
    const busy = fc.array(fc.nat(MINUTE_MS), { minLength: 1, maxLength: 8 });
    const lagged = fc.nat(600_000);
    fc.assert(
      fc.property(busy, fc.integer({ min: 1, max: 8 }), lagged, lagged, (busyMs, desired, a, b) => {
        const one = load({
          busyMs,
          desired,
          lag: { at: now, lagMs: a },
          before: { at: epochMs(now - MINUTE_MS), lagMs: b },
        });
        const { isOverloaded: is, busiest } = overload(one);
        expect(busiest).toBeLessThanOrEqual(1);
        const more = overload({ ...one, busyMs: busyMs.map((ms) => Math.min(MINUTE_MS, 2 * ms)) });
        expect(is && !more.isOverloaded).toBe(false);
        expect(overload({ ...one, desired: desired + 1 }).isOverloaded && !is).toBe(false);
      }),
    );
  });

  it("reads the last whole minute of each lease, and none of one that was silent in it", () => {
    const minute = { ...emptyMinute(minuteOf(now) - 1), busyMs: 1_234 };
    const told = { ...emptyProgress(now), previous: minute };
    const old = { ...emptyProgress(now), previous: { ...minute, minute: 5 } };
    const leases = [told, old, undefined].map((progress, index) => ({
      ...newLease("p", leaseId(index + 1), [], now),
      ...(progress && { progress }),
    }));
    expect(busyOfMinute(leases, now)).toEqual([1_234, 0, 0]);
  });
});
