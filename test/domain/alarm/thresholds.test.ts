import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alarmDefinitions } from "#domain/alarm/alarms.ts";
import type { AlarmDefinition, AlarmId, Datapoint } from "#domain/alarm/definition.ts";
import { evaluateAlarm } from "#domain/alarm/evaluate.ts";
import {
  ALARM_SETTINGS_DEFAULT,
  alarmThresholds,
  LOOK_JITTER_MAX_MS,
  type AlarmSettings,
} from "#domain/alarm/thresholds.ts";
import { limits } from "#domain/limits.ts";
import { LATENESS_BOUNDS_MS } from "#domain/progress.ts";
import { durationMs, epochMs } from "#domain/units.ts";

const MINUTE = 60_000;

const settingsArbitrary: fc.Arbitrary<AlarmSettings> = fc.record({
  cadenceMs: fc.integer({ min: 1_000, max: 86_400_000 }).map(durationMs),
  waitMultiplier: fc.double({ min: 0.5, max: 10, noNaN: true }),
  longestTimeoutMs: fc.integer({ min: 50, max: limits.timeoutMaxMs }).map(durationMs),
  chunkEveryMs: fc.integer({ min: 50, max: 60_000 }).map(durationMs),
  leaseTtlMs: fc.integer({ min: 1_000, max: 300_000 }).map(durationMs),
  skewMaxMs: fc.integer({ min: 0, max: 1_000 }).map(durationMs),
});

const alarmOf = (settings: AlarmSettings, id: AlarmId): AlarmDefinition => {
  const found = alarmDefinitions(settings).find((each) => each.id === id);
  if (found === undefined) throw new Error(`no alarm ${id}`);
  return found;
};

describe("with the usual settings", () => {
  const derived = alarmThresholds(ALARM_SETTINGS_DEFAULT);

  test("lag is alarmed after one period of the cadence and what is normally in flight", () => {
    expect(derived.inFlightMs).toBe(60_000 + 1_000 + 10_000 + 3_000);
    expect(derived.deadMs).toBe(10_000 + 100 + 2_500);
    expect(derived.lagMs).toBe(60_000 + 74_000);
    expect(derived.lagMinutes).toBe(2);
  });

  test("start lateness is alarmed beyond what a hand-over may cost, for three minutes", () => {
    expect([derived.latenessMs, derived.latenessMinutes]).toEqual([700, 3]);
  });

  test("orphaned slots are alarmed when two looks in a row find them", () => {
    expect(derived.orphanedMinutes).toBe(2);
  });
});

describe("whatever the settings", () => {
  test("lag is never alarmed for what is only in flight, nor before a crash is healed", () => {
    fc.assert(
      fc.property(settingsArbitrary, (settings) => {
        const { lagMs, inFlightMs, deadMs } = alarmThresholds(settings);
        expect(lagMs).toBeGreaterThanOrEqual(inFlightMs + deadMs);
        expect(lagMs).toBeGreaterThanOrEqual(
          inFlightMs + settings.waitMultiplier * settings.cadenceMs,
        );
      }),
    );
  });

  test("a longer cadence, time-out, chunk or lease never alarms lag earlier", () => {
    const keys = ["cadenceMs", "longestTimeoutMs", "chunkEveryMs", "leaseTtlMs"] as const;
    fc.assert(
      fc.property(settingsArbitrary, fc.constantFrom(...keys), (settings, key) => {
        const more = { ...settings, [key]: durationMs(settings[key] + 1_000) };
        expect(alarmThresholds(more).lagMs).toBeGreaterThanOrEqual(alarmThresholds(settings).lagMs);
      }),
    );
  });

  test("lateness lies between what a planned hand-over may cost and the next bound of its buckets", () => {
    const bounds = LATENESS_BOUNDS_MS.filter((bound) => bound >= 500).slice(0, 2);
    // What is later than a second isn't counted: a threshold there would never be passed.
    expect(bounds).toEqual([500, 1_000]);
    fc.assert(
      fc.property(settingsArbitrary, (settings) => {
        const { latenessMs } = alarmThresholds(settings);
        // What CloudWatch answers for a percentile may be a tenth off what was published.
        expect(latenessMs).toBeGreaterThan(1.1 * 500);
        expect(latenessMs).toBeLessThan(1_000 / 1.1);
      }),
    );
  });
});

describe("one crash of a collector, looked at each minute from any moment on", () => {
  const START = epochMs(Date.parse("2026-11-21T12:00:00Z"));
  const MINUTES = 20;

  interface Crash {
    readonly at: number;
    /** How late in its minute each look is. */
    readonly looks: readonly number[];
  }

  /** A level that is looked at once a minute, not always at the same second. */
  const seen = (level: (sinceCrashMs: number) => number, crash: Crash): Datapoint[] =>
    crash.looks.map((late, minute) => {
      const at = epochMs(START + minute * MINUTE + 5_000 + late);
      return { at, values: [level(at - crash.at)] };
    });

  const rings = (definition: AlarmDefinition, points: readonly Datapoint[]): boolean =>
    Array.from({ length: MINUTES }, (_, minute) =>
      evaluateAlarm(definition, points, epochMs(START + (minute + 1) * MINUTE)),
    ).some(({ value }) => value === "ALARM");

  const crashes: fc.Arbitrary<Crash> = fc.record({
    at: fc.integer({ min: 5 * MINUTE, max: 6 * MINUTE }).map((offset) => START + offset),
    looks: fc.array(fc.constantFrom(0, LOOK_JITTER_MAX_MS), {
      minLength: MINUTES,
      maxLength: MINUTES,
    }),
  });

  test("does not ring lag, however much was in flight and has to be captured again", () => {
    fc.assert(
      fc.property(settingsArbitrary, crashes, (settings, crash) => {
        const { inFlightMs, deadMs } = alarmThresholds(settings);
        const healed = deadMs + inFlightMs;
        const lag = (since: number): number =>
          since < 0 || since >= healed ? inFlightMs : inFlightMs + since;
        expect(rings(alarmOf(settings, "CollectionLag"), seen(lag, crash))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test("does not ring orphaned slots while they wait for the next owner", () => {
    fc.assert(
      fc.property(settingsArbitrary, crashes, (settings, crash) => {
        const { deadMs } = alarmThresholds(settings);
        const orphaned = (since: number): number => (since >= 0 && since < deadMs ? 8 : 0);
        expect(rings(alarmOf(settings, "OrphanedSlots"), seen(orphaned, crash))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test("but slots that stay without an owner ring, and so does their lag", () => {
    fc.assert(
      fc.property(settingsArbitrary, crashes, (settings, crash) => {
        const forever = (since: number): number => (since >= 0 ? 8 : 0);
        const orphans = alarmOf(settings, "OrphanedSlots");
        expect(rings(orphans, seen(forever, crash))).toBe(true);
        const { lagMs } = alarmThresholds(settings);
        const lag = (since: number): number => (since >= 0 ? lagMs + 1 : 0);
        expect(rings(alarmOf(settings, "CollectionLag"), seen(lag, crash))).toBe(true);
      }),
    );
  });
});
