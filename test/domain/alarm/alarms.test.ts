import { describe, expect, test } from "vitest";
import { alarmDefinitions, COLLECT_LIFE_MS } from "#domain/alarm/alarms.ts";
import {
  ALARM_IDS,
  alarmDescription,
  type AlarmDefinition,
  type AlarmFunction,
  type AlarmId,
} from "#domain/alarm/definition.ts";
import { evaluationRangeMs } from "#domain/alarm/evaluate.ts";
import { ALARM_SETTINGS_DEFAULT } from "#domain/alarm/thresholds.ts";
import { METRICS } from "#domain/metric.ts";
import { manifest } from "#functions/manifest.ts";

const DEFINITIONS = alarmDefinitions(ALARM_SETTINGS_DEFAULT);
const named = (id: AlarmId): AlarmDefinition => {
  const found = DEFINITIONS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no alarm ${id}`);
  return found;
};

describe("the list", () => {
  test("has each id once, in its order", () => {
    expect(DEFINITIONS.map(({ id }) => id)).toEqual(ALARM_IDS);
  });

  test("is what the operators were promised", () => {
    expect([...ALARM_IDS].sort()).toEqual(
      [
        "CollectionLag",
        "StartLateness",
        "Overload",
        "OrphanedSlots",
        "RebalancerSilent",
        "HealthCheckSilent",
        "FailuresAboveNormal",
        "DeadLetters",
        "ThrottledStore",
        "RefusedConfiguration",
        "RebalanceErrors",
        "CollectErrors",
        "HealthCheckErrors",
      ].sort(),
    );
  });

  test.each(DEFINITIONS)("$id asks for something that can happen", (each) => {
    const { evaluationPeriods, datapointsToAlarm, periodMs, threshold } = each;
    expect(datapointsToAlarm).toBeGreaterThanOrEqual(1);
    expect(datapointsToAlarm).toBeLessThanOrEqual(evaluationPeriods);
    expect(periodMs % 60_000).toBe(0);
    // CloudWatch takes no more than a day.
    expect(evaluationPeriods * periodMs).toBeLessThanOrEqual(86_400_000);
    expect(Number.isFinite(threshold)).toBe(true);
  });

  test.each(DEFINITIONS)("$id fits into a description", (each) => {
    const text = alarmDescription(each);
    expect(text.length).toBeLessThanOrEqual(1_024);
    expect(text).toContain(`docs/runbook.md#${each.id.toLowerCase()}`);
    // ASCII only: e-mail subjects and pagers mangle the rest.
    expect(text).toMatch(/^[\n\x20-\x7E]*$/u);
  });

  test.each(DEFINITIONS)(
    "$id says three whole sentences, and why missing data means that",
    (each) => {
      const { meaning, look, act } = each.text;
      for (const sentence of [meaning, look, act]) {
        expect(sentence).toMatch(/^[A-Z`].{30,}[.?]$/u);
      }
      expect(each.missingBecause.length).toBeGreaterThan(20);
    },
  );
});

describe("metrics", () => {
  test("of our own exist", () => {
    const names = DEFINITIONS.flatMap(({ metric }) =>
      metric.of.kind === "pool" ? [metric.name] : [],
    );
    expect(Object.keys(METRICS)).toEqual(expect.arrayContaining(names));
  });

  test("of functions are those of the manifest", () => {
    const names: readonly AlarmFunction[] = DEFINITIONS.flatMap(({ metric }) =>
      metric.of.kind === "function" ? [metric.of.function] : [],
    );
    expect(new Set<string>(names)).toEqual(new Set(Object.keys(manifest)));
  });

  test("every function has an alarm on its errors", () => {
    for (const { name, logicalId } of Object.values(manifest)) {
      const { metric } = named(`${logicalId}Errors`);
      expect(metric).toMatchObject({ name: "Errors", of: { kind: "function", function: name } });
    }
  });
});

describe("missing data", () => {
  test("rings where silence is the incident, and nowhere else", () => {
    const silent = DEFINITIONS.filter(({ treatMissingData }) => treatMissingData === "breaching");
    expect(silent.map(({ id }) => id)).toEqual(["RebalancerSilent", "HealthCheckSilent"]);
    for (const each of silent) {
      expect(each).toMatchObject({ evaluationPeriods: 3, datapointsToAlarm: 3, periodMs: 60_000 });
    }
  });

  test("of the platform's error counters is no error", () => {
    const counters = DEFINITIONS.filter(({ metric }) => metric.name === "Errors");
    expect(counters).toHaveLength(3);
    expect(new Set(counters.map((each) => each.treatMissingData))).toEqual(
      new Set(["notBreaching"]),
    );
  });

  test("of our levels is no knowledge: one alarm says that, the others wait", () => {
    const own = DEFINITIONS.filter(
      ({ metric, treatMissingData }) =>
        metric.of.kind === "pool" && treatMissingData !== "breaching",
    );
    expect(own).toHaveLength(7);
    for (const { treatMissingData } of own) expect(treatMissingData).toBe("missing");
  });
});

describe("what comes late", () => {
  test("a rebalancer that stays as long as it may is still in the range when it is heard of", () => {
    const rule = named("RebalancerSilent");
    const late = manifest.rebalance.timeoutMs + 60_000;
    expect(evaluationRangeMs(rule)).toBeGreaterThan(late);
  });

  test("a collector that fails at the end of its life is still looked at", () => {
    const { periodMs, evaluationPeriods } = named("CollectErrors");
    expect(COLLECT_LIFE_MS).toBe(manifest.collect.timeoutMs);
    // What is dated at a period's first moment may come when the period is over.
    expect((evaluationPeriods - 1) * periodMs).toBeGreaterThanOrEqual(manifest.collect.timeoutMs);
  });

  test("three failed runs of five are seen although the last ones are still running", () => {
    for (const id of ["RebalanceErrors", "HealthCheckErrors"] as const) {
      const rule = named(id);
      const late = Math.ceil(manifest.rebalance.timeoutMs / 60_000);
      const range = evaluationRangeMs(rule) / rule.periodMs;
      expect(range - late).toBeGreaterThanOrEqual(rule.datapointsToAlarm);
    }
  });
});

describe("what heals by itself", () => {
  test("one crash is one error and one letter: neither rings", () => {
    for (const id of ["CollectErrors", "DeadLetters"] as const) {
      expect(named(id).threshold).toBeGreaterThan(1);
    }
  });

  test("one failed run of a function rings nothing", () => {
    for (const id of ["RebalanceErrors", "HealthCheckErrors"] as const) {
      expect(named(id).datapointsToAlarm).toBeGreaterThan(1);
    }
  });
});
