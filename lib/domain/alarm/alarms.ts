/**
 * Every alarm of a pool, with its numbers, the treatment of missing data and what to tell a person.
 *
 * What one alarm says no other repeats: while the health check is silent, those on its metrics have
 * no data and say so (INSUFFICIENT_DATA) instead of ringing too. None rings for what heals by itself:
 * one crash of a collector, a hand-over, a deploy, a run that failed and whose successor didn't.
 *
 * Metrics of functions come late: a point is dated when its invocation began, and is published when
 * it ended: two minutes later for the rebalancer, fifteen for a collector (AWS Lambda, "Types of
 * metrics", 2026-11: "the timestamp … reflects when the function was invoked"). So RebalancerSilent
 * lives on the evaluation range's older periods, and CollectErrors looks at quarters of an hour: over
 * minutes it would never see a collector that failed at the end of its life.
 *
 * In:    AlarmSettings                                     Out: AlarmDefinition of every AlarmId
 * Holds: one definition per id, in the order of ALARM_IDS; relations in test/domain/alarm.
 * Fails: never (pure).
 */
import type { MetricName } from "../metric.ts";
import { durationMs, type DurationMs } from "../units.ts";
import {
  ALARM_IDS,
  OWN_NAMESPACE,
  type AlarmDefinition,
  type AlarmFunction,
  type AlarmId,
  type AlarmMetric,
  type AlarmRule,
} from "./definition.ts";
import { ALARM_TEXTS } from "./texts.ts";
import { alarmThresholds, METRIC_EVERY_MS, type AlarmSettings } from "./thresholds.ts";

/** How long an invocation of `collect` may last: functions/manifest.ts (a test compares them). */
export const COLLECT_LIFE_MS = durationMs(900_000);

/** Minutes in a row without any that are silence: publication jitters by seconds. */
const SILENT_MINUTES = 3;
/** Of this many minutes, */
const LATELY_MINUTES = 5;
/** so many must breach: one that failed is followed by one that didn't. */
const LATELY_BREACHING = 3;
/** A tenth of all captures fail that usually don't. */
const FAILURES_POINTS = 10;
/** One crash is one error, and may leave one letter; three are a pattern. */
const CRASHES = 3;

type Rule = Omit<
  AlarmRule,
  "id" | "periodMs" | "metric" | "evaluationPeriods" | "datapointsToAlarm"
>;
type Shape = Rule & {
  readonly metric: AlarmMetric;
  /** M and N. */
  readonly of: readonly [datapointsToAlarm: number, evaluationPeriods: number];
  readonly periodMs?: DurationMs;
  readonly missingBecause: string;
};

const own = (name: MetricName): AlarmMetric => ({
  namespace: OWN_NAMESPACE,
  name,
  of: { kind: "pool" },
});
const ofFunction = (name: "Errors" | "Invocations", its: AlarmFunction): AlarmMetric => ({
  namespace: "AWS/Lambda",
  name,
  of: { kind: "function", function: its },
});

/** A level of our own above its threshold, for so many minutes in a row. */
const above = (
  name: MetricName,
  threshold: number,
  of: Shape["of"],
): Pick<Shape, "metric" | "statistic" | "comparison" | "threshold" | "of"> => ({
  metric: own(name),
  statistic: "Maximum",
  comparison: "GreaterThanThreshold",
  threshold,
  of,
});

/** Published every minute, also when all is well. */
const WHILE_SILENT = {
  treatMissingData: "missing",
  missingBecause:
    "it is published every minute, 0 included: without it nothing is known, and HealthCheckSilent says so",
} as const;

const inARow = (minutes: number): Shape["of"] => [minutes, minutes];
const LATELY: Shape["of"] = [LATELY_BREACHING, LATELY_MINUTES];

const failing = (its: AlarmFunction): Shape => ({
  metric: ofFunction("Errors", its),
  statistic: "Sum",
  comparison: "GreaterThanOrEqualToThreshold",
  threshold: 1,
  of: LATELY,
  treatMissingData: "notBreaching",
  missingBecause: "no invocation is no error; that there is none at all is what silence alarms say",
});

function shapes(settings: AlarmSettings): Record<AlarmId, Shape> {
  const derived = alarmThresholds(settings);
  return {
    CollectionLag: {
      ...above("CollectionLag", derived.lagMs, inARow(derived.lagMinutes)),
      ...WHILE_SILENT,
    },
    OrphanedSlots: {
      ...above("OrphanedSlots", 0, inARow(derived.orphanedMinutes)),
      ...WHILE_SILENT,
    },
    RebalancerSilent: {
      metric: ofFunction("Invocations", "rebalance"),
      statistic: "Sum",
      comparison: "LessThanThreshold",
      threshold: 1,
      of: inARow(SILENT_MINUTES),
      treatMissingData: "breaching",
      missingBecause: "a function that is not invoked publishes nothing: absence is the incident",
    },
    HealthCheckSilent: {
      metric: own("CollectionLag"),
      statistic: "SampleCount",
      comparison: "LessThanThreshold",
      threshold: 1,
      of: inARow(SILENT_MINUTES),
      treatMissingData: "breaching",
      missingBecause:
        "whoever would tell of trouble is the one that is silent: absence is the incident",
    },
    Overload: { ...above("Overload", 0, LATELY), ...WHILE_SILENT },
    StartLateness: {
      ...above("StartLateness", derived.latenessMs, inARow(derived.latenessMinutes)),
      statistic: "p99",
      ...WHILE_SILENT,
    },
    // A burst of a minute is told of in three or four: each function counts for itself, and the
    // rebalancers' count comes with the next run (seen in the rehearsal's healthy days).
    ThrottledStore: { ...above("ThrottledCalls", 0, inARow(LATELY_MINUTES)), ...WHILE_SILENT },
    FailuresAboveNormal: {
      ...above("FailuresAboveNormal", FAILURES_POINTS, inARow(SILENT_MINUTES)),
      comparison: "GreaterThanOrEqualToThreshold",
      ...WHILE_SILENT,
    },
    RefusedConfiguration: {
      ...above("RefusedConfiguration", 0, inARow(SILENT_MINUTES)),
      ...WHILE_SILENT,
    },
    DeadLetters: {
      metric: {
        namespace: "AWS/SQS",
        name: "ApproximateNumberOfMessagesVisible",
        of: { kind: "dead-letter-queue" },
      },
      statistic: "Maximum",
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: CRASHES,
      of: [1, 1],
      treatMissingData: "notBreaching",
      missingBecause: "an empty queue that nobody touches publishes nothing after a while",
    },
    RebalanceErrors: failing("rebalance"),
    CollectErrors: {
      ...failing("collect"),
      threshold: CRASHES,
      // A point comes up to a collector's life after its date: the one before the last is full.
      of: [1, 2],
      periodMs: COLLECT_LIFE_MS,
    },
    HealthCheckErrors: failing("health-check"),
  };
}

/** In order of urgency. */
export function alarmDefinitions(settings: AlarmSettings): readonly AlarmDefinition[] {
  const all = shapes(settings);
  return ALARM_IDS.map((id) => {
    const shape = all[id];
    const [datapointsToAlarm, evaluationPeriods] = shape.of;
    return {
      id,
      metric: shape.metric,
      statistic: shape.statistic,
      periodMs: shape.periodMs ?? METRIC_EVERY_MS,
      evaluationPeriods,
      datapointsToAlarm,
      comparison: shape.comparison,
      threshold: shape.threshold,
      treatMissingData: shape.treatMissingData,
      text: ALARM_TEXTS[id],
      missingBecause: shape.missingBecause,
    };
  });
}
