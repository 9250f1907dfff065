/**
 * What an alarm is, as CloudWatch means it, without a cloud: the stack, the local cloud, the
 * rehearsal, the dashboard and the runbook all read these.
 *
 * Names of functions and queues exist only once something is deployed, so a metric says *whose* it
 * is: the pool's, a function's, or the dead-letter queue's. Whoever uses it fills in the name.
 *
 * Holds: pure values; an alarm has one metric, one statistic and no arithmetic.
 * Source: CloudWatch User Guide, "Using Amazon CloudWatch alarms"; CloudFormation,
 *         `AWS::CloudWatch::Alarm` (read 2026-11).
 */
import { METRIC_DIMENSION, METRIC_NAMESPACE, type MetricName } from "../metric.ts";
import type { DurationMs, EpochMs } from "../units.ts";

/** Logical ids in the template, headings of docs/runbook.md: a contract. In order of urgency. */
export const ALARM_IDS = [
  "CollectionLag",
  "OrphanedSlots",
  "RebalancerSilent",
  "HealthCheckSilent",
  "Overload",
  "StartLateness",
  "ThrottledStore",
  "FailuresAboveNormal",
  "RefusedConfiguration",
  "DeadLetters",
  "RebalanceErrors",
  "CollectErrors",
  "HealthCheckErrors",
] as const;

export type AlarmId = (typeof ALARM_IDS)[number];

/** The functions of functions/manifest.ts (a test compares them). */
export type AlarmFunction = "rebalance" | "collect" | "health-check";

/** The namespace of our own metrics. */
export const OWN_NAMESPACE = METRIC_NAMESPACE;

/** A metric, and whose: the one dimension that it is looked up by. */
export type AlarmMetric =
  | {
      readonly namespace: typeof OWN_NAMESPACE;
      readonly name: MetricName;
      readonly of: { readonly kind: "pool" };
    }
  | {
      readonly namespace: "AWS/Lambda";
      readonly name: "Errors" | "Invocations";
      readonly of: { readonly kind: "function"; readonly function: AlarmFunction };
    }
  | {
      readonly namespace: "AWS/SQS";
      readonly name: "ApproximateNumberOfMessagesVisible";
      readonly of: { readonly kind: "dead-letter-queue" };
    };

/** Name of the dimension that each kind of subject is looked up by. */
export const DIMENSION_NAMES = {
  pool: METRIC_DIMENSION,
  function: "FunctionName",
  "dead-letter-queue": "QueueName",
} as const satisfies Record<AlarmMetric["of"]["kind"], string>;

export type PercentileStatistic = `p${number}`;
export type SimpleStatistic = "Minimum" | "Maximum" | "Average" | "Sum" | "SampleCount";
/** Percentiles are `p99`, `p99.9`: CloudFormation's ExtendedStatistic. */
export type Statistic = SimpleStatistic | PercentileStatistic;

export type Comparison =
  | "GreaterThanThreshold"
  | "GreaterThanOrEqualToThreshold"
  | "LessThanThreshold"
  | "LessThanOrEqualToThreshold";

export type MissingData = "missing" | "notBreaching" | "breaching" | "ignore";

/** Everything that decides the state. */
export interface AlarmRule {
  readonly id: AlarmId;
  readonly metric: AlarmMetric;
  readonly statistic: Statistic;
  /** Whole minutes: our metrics are of standard resolution. */
  readonly periodMs: DurationMs;
  /** N: how many of the latest periods are looked at. */
  readonly evaluationPeriods: number;
  /** M: how many of these must breach; 1 to N. */
  readonly datapointsToAlarm: number;
  readonly comparison: Comparison;
  readonly threshold: number;
  readonly treatMissingData: MissingData;
}

/** Three sentences for somebody who has just been woken up. */
export interface AlarmText {
  /** What is so when it rings. */
  readonly meaning: string;
  /** What to look at first. */
  readonly look: string;
  /** What to do. */
  readonly act: string;
}

export interface AlarmDefinition extends AlarmRule {
  readonly text: AlarmText;
  /** Why missing data is treated so. */
  readonly missingBecause: string;
}

export type AlarmStateValue = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export interface AlarmState {
  readonly value: AlarmStateValue;
  /** One sentence: the data points that decided, or that there were too few. */
  readonly reason: string;
  /** When it became so. */
  readonly since: EpochMs;
}

/** What was published at a moment: values, each as often as its count says (default once). */
export interface Datapoint {
  readonly at: EpochMs;
  readonly values: readonly number[];
  readonly counts?: readonly number[];
}

/** Where the runbook tells more: GitHub's anchor of the heading. */
export function runbookLink(id: AlarmId): string {
  return `docs/runbook.md#${id.toLowerCase()}`;
}

/**
 * The alarm's description where it is deployed: what the message to the on-call person carries.
 * At most 1,024 characters (CloudWatch's limit; a test holds every alarm to it).
 */
export function alarmDescription({ id, text }: Pick<AlarmDefinition, "id" | "text">): string {
  return [text.meaning, `Look: ${text.look}`, `Do: ${text.act}`, `More: ${runbookLink(id)}`].join(
    "\n",
  );
}
