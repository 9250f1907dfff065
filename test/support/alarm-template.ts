/**
 * Alarms as a synthesised template has them, read back into what they were made of: so that a test
 * can say that nothing was lost, and a rehearsal rings what is deployed.
 *
 * Names exist only once something is deployed: a function is known by the logical id that its
 * dimension refers to, the queue by being a reference at all.
 *
 * Fails: throws (zod, or Error) with the resource and what was found, where it isn't one of ours.
 */
import * as z from "zod";
import {
  ALARM_IDS,
  DIMENSION_NAMES,
  OWN_NAMESPACE,
  runbookLink,
  type AlarmDefinition,
  type AlarmFunction,
  type AlarmId,
  type AlarmMetric,
  type AlarmText,
  type Statistic,
} from "#domain/alarm/definition.ts";
import { METRIC_NAMES } from "#domain/metric.ts";
import { durationMs } from "#domain/units.ts";
import { manifest } from "#functions/manifest.ts";

/** Why missing data is treated so isn't told to CloudWatch. */
export interface TemplateAlarm extends Omit<AlarmDefinition, "missingBecause"> {
  readonly name: string;
  /** Value of the dimension: a name, or a reference. */
  readonly subject: unknown;
  readonly actions: readonly unknown[];
  readonly okActions: readonly unknown[];
}

const referenceSchema = z.union([
  z.strictObject({ Ref: z.string() }).transform(({ Ref }) => Ref),
  z
    .strictObject({ "Fn::GetAtt": z.tuple([z.string(), z.string()]) })
    .transform((found) => found["Fn::GetAtt"][0]),
]);

const propertiesSchema = z.strictObject({
  AlarmName: z.string(),
  AlarmDescription: z.string(),
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.tuple([z.strictObject({ Name: z.string(), Value: z.unknown() })]),
  Statistic: z.enum(["Minimum", "Maximum", "Average", "Sum", "SampleCount"]).optional(),
  ExtendedStatistic: z.templateLiteral(["p", z.number()]).optional(),
  Period: z.int().positive(),
  EvaluationPeriods: z.int().positive(),
  DatapointsToAlarm: z.int().positive(),
  ComparisonOperator: z.enum([
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
  ]),
  Threshold: z.number(),
  TreatMissingData: z.enum(["missing", "notBreaching", "breaching", "ignore"]),
  AlarmActions: z.array(z.unknown()).default([]),
  OKActions: z.array(z.unknown()).default([]),
});

type Properties = z.infer<typeof propertiesSchema>;

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.unknown().optional() }),
  ),
});

/**
 * In the order of ALARM_IDS.
 * @param template the JSON of a synthesised template.
 */
export function alarmsFromTemplate(template: unknown): readonly TemplateAlarm[] {
  const found = Object.entries(templateSchema.parse(template).Resources)
    .filter(([, { Type }]) => Type === "AWS::CloudWatch::Alarm")
    .map(([logicalId, { Properties }]) => alarmFromTemplate(logicalId, Properties));
  return found.sort((a, b) => ALARM_IDS.indexOf(a.id) - ALARM_IDS.indexOf(b.id));
}

export function alarmFromTemplate(logicalId: string, properties: unknown): TemplateAlarm {
  const id = ALARM_IDS.find((each) => each === logicalId);
  if (id === undefined) throw new Error(`found alarm ${logicalId}, expected one of ${ALARM_IDS.join(", ")}`); // prettier-ignore
  const read = propertiesSchema.parse(properties);
  return {
    id,
    name: read.AlarmName,
    metric: metricOf(id, read),
    subject: read.Dimensions[0].Value,
    statistic: statisticOf(id, read),
    periodMs: durationMs(read.Period * 1_000),
    evaluationPeriods: read.EvaluationPeriods,
    datapointsToAlarm: read.DatapointsToAlarm,
    comparison: read.ComparisonOperator,
    threshold: read.Threshold,
    treatMissingData: read.TreatMissingData,
    text: textOf(id, read.AlarmDescription),
    actions: read.AlarmActions,
    okActions: read.OKActions,
  };
}

function statisticOf(id: AlarmId, { Statistic: simple, ExtendedStatistic }: Properties): Statistic {
  const [only, second] = [simple, ExtendedStatistic].filter((each) => each !== undefined);
  if (only !== undefined && second === undefined) return only;
  throw new Error(`${id}: found ${simple} and ${ExtendedStatistic}, expected one statistic`);
}

function metricOf(id: AlarmId, { Namespace, MetricName, Dimensions }: Properties): AlarmMetric {
  const [{ Name, Value }] = Dimensions;
  const odd = (what: string): Error =>
    new Error(`${id}: found ${what} of ${Namespace}/${MetricName} by ${Name}=${JSON.stringify(Value)}`); // prettier-ignore
  switch (Name) {
    case DIMENSION_NAMES.pool: {
      const name = METRIC_NAMES.find((each) => each === MetricName);
      if (name === undefined || Namespace !== OWN_NAMESPACE) throw odd("no metric");
      if (typeof Value !== "string") throw odd("no pool's name");
      return { namespace: OWN_NAMESPACE, name, of: { kind: "pool" } };
    }
    case DIMENSION_NAMES.function: {
      const name = (["Errors", "Invocations"] as const).find((each) => each === MetricName);
      if (name === undefined || Namespace !== "AWS/Lambda") throw odd("no metric");
      const its = functionOf(referenceSchema.parse(Value));
      if (its === undefined) throw odd("no function");
      return { namespace: "AWS/Lambda", name, of: { kind: "function", function: its } };
    }
    case DIMENSION_NAMES["dead-letter-queue"]: {
      const name = "ApproximateNumberOfMessagesVisible";
      if (MetricName !== name || Namespace !== "AWS/SQS") throw odd("no metric");
      if (referenceSchema.parse(Value) !== "DeadLetterQueue") throw odd("no dead-letter queue");
      return { namespace: "AWS/SQS", name, of: { kind: "dead-letter-queue" } };
    }
    default:
      throw odd("no dimension");
  }
}

function functionOf(logicalId: string): AlarmFunction | undefined {
  return Object.values(manifest).find((each) => each.logicalId === logicalId)?.name;
}

function textOf(id: AlarmId, description: string): AlarmText {
  const lines = /^(?<meaning>.+)\nLook: (?<look>.+)\nDo: (?<act>.+)\nMore: (?<link>\S+)$/u.exec(
    description,
  );
  const { meaning = "", look = "", act = "", link } = lines?.groups ?? {};
  if (link !== runbookLink(id)) throw new Error(`${id}: found description ${description}`);
  return { meaning, look, act };
}
