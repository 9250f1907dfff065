/** EventBridge Scheduler runs what the manifest gives a cadence. */
import { Stack } from "aws-cdk-lib";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Function } from "aws-cdk-lib/aws-lambda";
import { CfnSchedule } from "aws-cdk-lib/aws-scheduler";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { scheduleGrants } from "./grants.ts";
import { roleWith } from "./roles.ts";

const MS_PER_MINUTE = 60_000;
/** The least that the service takes. */
const EVENT_AGE_MAX_SECONDS = 60;

export interface SchedulesProps {
  readonly pool: string;
  readonly functions: Readonly<Record<FunctionName, Function>>;
  readonly deadLetters: Queue;
}

export function schedules(
  scope: Construct,
  { pool, functions, deadLetters }: SchedulesProps,
): void {
  const scheduled = Object.values(manifest).flatMap((described) =>
    "scheduleEveryMs" in described
      ? [{ ...described, arn: functions[described.name].functionArn }]
      : [],
  );
  const role = roleWith(scope, {
    logicalId: "ScheduleRole",
    assumedBy: new ServicePrincipal("scheduler.amazonaws.com", { conditions: ownSchedules(scope) }),
    description: `What the schedules of pool ${pool} may do`,
    pool,
    grants: scheduleGrants,
    resources: {
      "scheduled-functions": scheduled.map(({ arn }) => arn),
      "dead-letters": [deadLetters.queueArn],
    },
  });
  for (const { name, logicalId, scheduleEveryMs, arn } of scheduled) {
    new CfnSchedule(scope, `${logicalId}Schedule`, {
      description: `Lamplighter, pool ${pool}: runs ${name}`,
      scheduleExpression: rate(scheduleEveryMs / MS_PER_MINUTE),
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn,
        roleArn: role.roleArn,
        input: "{}",
        // A run that could not be started is not made up for: the next one does all there is to do.
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: EVENT_AGE_MAX_SECONDS },
        deadLetterConfig: { arn: deadLetters.queueArn },
      },
    });
  }
}

/** Only schedules of this account, in the group where ours are, may use the role. */
function ownSchedules(scope: Construct): Record<string, Record<string, string>> {
  const { partition, region, account } = Stack.of(scope);
  return {
    StringEquals: {
      "aws:SourceAccount": account,
      "aws:SourceArn": `arn:${partition}:scheduler:${region}:${account}:schedule-group/default`,
    },
  };
}

function rate(minutes: number): string {
  return `rate(${minutes} ${minutes === 1 ? "minute" : "minutes"})`;
}
