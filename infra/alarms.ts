/** lib/domain/alarm's definitions, one AWS::CloudWatch::Alarm each: nothing is decided here. */
import { Stack } from "aws-cdk-lib";
import { CfnAlarm } from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";
import {
  alarmDescription,
  DIMENSION_NAMES,
  type AlarmDefinition,
  type AlarmMetric,
} from "#domain/alarm/definition.ts";
import type { AlarmSettings } from "#domain/alarm/thresholds.ts";
import { shortestGapMs } from "#domain/cadence.ts";
import { limits } from "#domain/limits.ts";
import type { FunctionName } from "#functions/manifest.ts";
import { alarmName } from "./names.ts";
import type { Settings } from "./settings.ts";

const MS_PER_SECOND = 1_000;

/** The names that exist only once something is deployed. */
export interface Subjects {
  readonly pool: string;
  readonly functionNames: Readonly<Record<FunctionName, string>>;
  readonly deadLetterQueueName: string;
}

export interface AlarmsProps {
  readonly definitions: readonly AlarmDefinition[];
  readonly subjects: Subjects;
  readonly topicArn: string;
}

export function alarmSettings(settings: Settings): AlarmSettings {
  return {
    cadenceMs: shortestGapMs(settings.cadence),
    waitMultiplier: settings.waitMultiplier,
    longestTimeoutMs: settings.longestTimeoutMs,
    chunkEveryMs: settings.chunkEveryMs,
    leaseTtlMs: settings.leaseTtlMs,
    skewMaxMs: limits.skewMaxMs,
  };
}

/** Who is told that it rings is told that it is over, too. */
export function alarms(
  scope: Construct,
  { definitions, subjects, topicArn }: AlarmsProps,
): readonly CfnAlarm[] {
  const { stackName } = Stack.of(scope);
  return definitions.map(
    (definition) =>
      new CfnAlarm(scope, definition.id, {
        alarmName: alarmName(stackName, definition.id),
        alarmDescription: alarmDescription(definition),
        namespace: definition.metric.namespace,
        metricName: definition.metric.name,
        dimensions: [dimensionOf(definition.metric, subjects)],
        ...statisticOf(definition),
        period: definition.periodMs / MS_PER_SECOND,
        evaluationPeriods: definition.evaluationPeriods,
        datapointsToAlarm: definition.datapointsToAlarm,
        comparisonOperator: definition.comparison,
        threshold: definition.threshold,
        treatMissingData: definition.treatMissingData,
        alarmActions: [topicArn],
        okActions: [topicArn],
      }),
  );
}

function dimensionOf({ of }: AlarmMetric, subjects: Subjects): CfnAlarm.DimensionProperty {
  const name = DIMENSION_NAMES[of.kind];
  switch (of.kind) {
    case "pool":
      return { name, value: subjects.pool };
    case "function":
      return { name, value: subjects.functionNames[of.function] };
    case "dead-letter-queue":
      return { name, value: subjects.deadLetterQueueName };
  }
}

/** Percentiles are CloudFormation's ExtendedStatistic. */
function statisticOf({
  statistic,
}: AlarmDefinition): { statistic: string } | { extendedStatistic: string } {
  return /^p\d/u.test(statistic) ? { extendedStatistic: statistic } : { statistic };
}
