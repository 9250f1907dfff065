/**
 * The alarms of a deployed stack, as CloudWatch has them.
 *
 * Fails: InvalidInputError (no such stack), DependencyError (CloudWatch can't be asked).
 */
import { DescribeAlarmsCommand, type MetricAlarm } from "@aws-sdk/client-cloudwatch";
import * as z from "zod";
import { cloudWatchClient } from "#adapters/cloudwatch/client.ts";
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import { epochMs } from "#domain/units.ts";
import { awsError } from "../../connect/aws-error.ts";
import { describeDeployment } from "../../connect/deployment.ts";
import type { StackChoice } from "../../stack-choice.ts";
import type { AlarmSeen, AlarmsSeen } from "./seen.ts";

/** All of ours in one page. */
const PAGE_MAX = 100;

const alarmSchema = z.object({
  StateValue: z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]),
  StateReason: z.string().default(""),
  /** When the state became another; not there while it never has. */
  StateTransitionedTimestamp: z.date().optional(),
  StateUpdatedTimestamp: z.date(),
});

export async function deployedAlarms(choice: StackChoice): Promise<AlarmsSeen> {
  const { stack } = await describeDeployment(choice);
  const described = await describeAlarms(stack);
  const alarms = ALARM_IDS.flatMap((id): AlarmSeen[] => {
    const found = described.find(({ AlarmName }) => AlarmName === nameOf(stack, id));
    if (found === undefined) return [];
    const state = alarmSchema.parse(found);
    const { StateTransitionedTimestamp: changed, StateUpdatedTimestamp: updated } = state;
    const since = epochMs((changed ?? updated).getTime());
    return [{ id, value: state.StateValue, reason: state.StateReason, since }];
  });
  const of = `stack ${stack}`;
  const missing = ALARM_IDS.filter((id) => !alarms.some((alarm) => alarm.id === id));
  if (missing.length === 0) return { of, alarms };
  const warning = `${of} has no alarm ${missing.join(", ")}: \`npx cdk deploy\` brings it up to date`;
  return { of, alarms, warning };
}

function nameOf(stack: string, id: string): string {
  return `${stack}-${id}`;
}

async function describeAlarms(stack: string): Promise<readonly MetricAlarm[]> {
  const client = cloudWatchClient();
  try {
    const { MetricAlarms = [] } = await client.send(
      new DescribeAlarmsCommand({
        // By name: a prefix would find those of other pools' stacks too.
        AlarmNames: ALARM_IDS.map((id) => nameOf(stack, id)),
        AlarmTypes: ["MetricAlarm"],
        MaxRecords: PAGE_MAX,
      }),
    );
    return MetricAlarms;
  } catch (cause) {
    throw awsError(`reading the alarms of stack ${stack}`, cause);
  } finally {
    client.destroy();
  }
}
