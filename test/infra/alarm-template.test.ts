/** The list of alarms, turned into a template and read back: nothing is lost or added on the way. */
import { App, CfnResource, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { alarmDefinitions } from "#domain/alarm/alarms.ts";
import { ALARM_SETTINGS_DEFAULT } from "#domain/alarm/thresholds.ts";
import { durationMs } from "#domain/units.ts";
import { manifest } from "#functions/manifest.ts";
import { alarmFromTemplate, alarmsFromTemplate } from "#test/support/alarm-template.ts";
import { alarms } from "../../infra/alarms.ts";

const TOPIC = "arn:aws:sns:eu-central-1:123456789012:topic";
const SETTINGS = { ...ALARM_SETTINGS_DEFAULT, cadenceMs: durationMs(600_000) };
const DEFINITIONS = alarmDefinitions(SETTINGS);

/** Only what alarms refer to, without bundles. */
function templateOf(): { readonly Resources: Record<string, { Properties: object }> } {
  const stack = new Stack(new App(), "Lamplighter");
  // Anything that a name can be taken from; what it is doesn't matter here.
  const nameOf = (logicalId: string): string =>
    new CfnResource(stack, logicalId, { type: "AWS::CloudFormation::WaitConditionHandle" }).ref;
  const { rebalance, collect } = manifest;
  alarms(stack, {
    definitions: DEFINITIONS,
    subjects: {
      pool: "default",
      functionNames: {
        rebalance: nameOf(rebalance.logicalId),
        collect: nameOf(collect.logicalId),
        "health-check": nameOf(manifest["health-check"].logicalId),
      },
      deadLetterQueueName: nameOf("DeadLetterQueue"),
    },
    topicArn: TOPIC,
  });
  // The template's own type is any.
  const { Resources } = Template.fromStack(stack).toJSON() as ReturnType<typeof templateOf>;
  return { Resources };
}

describe("the alarms of a template", () => {
  const found = alarmsFromTemplate(templateOf());

  test("are the list's, word for word", () => {
    const rules = found.map(
      ({ name: _n, subject: _s, actions: _a, okActions: _o, ...rest }) => rest,
    );
    expect(rules).toEqual(DEFINITIONS.map(({ missingBecause: _, ...rest }) => rest));
  });

  test("carry the stack's name, and tell the topic that they ring and that it is over", () => {
    for (const { id, name, actions, okActions } of found) {
      expect({ name, actions, okActions }).toEqual({
        name: `Lamplighter-${id}`,
        actions: [TOPIC],
        okActions: [TOPIC],
      });
    }
  });
});

describe("what is not an alarm of ours is refused", () => {
  const { Properties: lag = {} } = templateOf().Resources["CollectionLag"] ?? {};

  test.each([
    ["another id", "Collection", lag],
    ["a metric that nobody publishes", "CollectionLag", { ...lag, MetricName: "Lag" }],
    ["another namespace", "CollectionLag", { ...lag, Namespace: "Other" }],
    ["a dimension more", "CollectionLag", { ...lag, Dimensions: [{}, {}] }],
    ["two statistics", "CollectionLag", { ...lag, ExtendedStatistic: "p99" }],
    ["no statistic", "CollectionLag", { ...lag, Statistic: undefined }],
    ["a word of its own for missing data", "CollectionLag", { ...lag, TreatMissingData: "x" }],
    ["a property that the list doesn't know", "CollectionLag", { ...lag, Unit: "Count" }],
    ["another description", "CollectionLag", { ...lag, AlarmDescription: "Lag." }],
  ])("%s", (_, id, properties) => {
    expect(() => alarmFromTemplate(id, properties)).toThrow();
    expect(() => alarmFromTemplate("CollectionLag", lag)).not.toThrow();
  });
});
