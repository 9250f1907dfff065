/** Everything that one pool needs, and nothing that two pools share. */
import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Function } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { alarmDefinitions } from "#domain/alarm/alarms.ts";
import { METRIC_NAMESPACE } from "#domain/metric.ts";
import type { FunctionName } from "#functions/manifest.ts";
import { acknowledge } from "./acknowledgements.ts";
import { alarms, alarmSettings, type Subjects } from "./alarms.ts";
import { dashboard } from "./dashboard.ts";
import {
  collectEnvironment,
  healthCheckEnvironment,
  rebalanceEnvironment,
  type EnvironmentSource,
} from "./environment.ts";
import { nodeFunction } from "./functions.ts";
import { SAMPLES_PREFIX, stackId } from "./names.ts";
import { network } from "./network.ts";
import { alarmTopic, deadLetterQueue } from "./notifications.ts";
import { collectConcurrency } from "./quota.ts";
import type { GrantResources } from "./roles.ts";
import { schedules } from "./schedules.ts";
import { parameterArns, secretArns } from "./secrets.ts";
import type { Settings } from "./settings.ts";
import { storage, type Storage } from "./storage.ts";

export interface LamplighterStackProps extends StackProps {
  readonly settings: Settings;
}

type Functions = Readonly<Record<FunctionName, Function>>;

export class LamplighterStack extends Stack {
  constructor(scope: Construct, { settings, ...props }: LamplighterStackProps) {
    super(scope, stackId(settings.pool), {
      description: "Lamplighter: captures every registered target on time, once per round.",
      ...props,
    });
    const kept = storage(this, settings);
    const deadLetters = deadLetterQueue(this);
    const functions = threeFunctions(this, { settings, kept, deadLetters });
    schedules(this, { pool: settings.pool, functions, deadLetters });

    const topic = alarmTopic(this, settings);
    const definitions = alarmDefinitions(alarmSettings(settings));
    const subjects: Subjects = {
      pool: settings.pool,
      functionNames: {
        rebalance: functions.rebalance.functionName,
        collect: functions.collect.functionName,
        "health-check": functions["health-check"].functionName,
      },
      deadLetterQueueName: deadLetters.queueName,
    };
    const made = alarms(this, { definitions, subjects, topicArn: topic.topicArn });
    dashboard(this, { settings, definitions, alarms: made, subjects });
    acknowledge({ samples: kept.samples, deadLetters });

    outputs(this, {
      PoolName: settings.pool,
      LeaseTableName: kept.leases.tableName,
      TargetTableName: kept.targets.tableName,
      SamplesLocation: kept.samplesLocation,
      MetricsNamespace: METRIC_NAMESPACE,
      RebalanceFunctionName: functions.rebalance.functionName,
      CollectFunctionName: functions.collect.functionName,
      HealthCheckFunctionName: functions["health-check"].functionName,
      AlarmTopicArn: topic.topicArn,
    });
  }
}

interface FunctionsProps {
  readonly settings: Settings;
  readonly kept: Storage;
  readonly deadLetters: Queue;
}

function threeFunctions(scope: Stack, { settings, kept, deadLetters }: FunctionsProps): Functions {
  const source: EnvironmentSource = {
    settings,
    leaseTable: kept.leases.tableName,
    targetTable: kept.targets.tableName,
    samplesLocation: kept.samplesLocation,
  };
  const resources: GrantResources = {
    leases: [kept.leases.tableArn],
    targets: [kept.targets.tableArn],
    metrics: ["*"],
    ...(settings.encryptionKeyArn === undefined
      ? {}
      : { "storage-key": [settings.encryptionKeyArn] }),
  };
  const joined = network(scope, settings);
  const collect = nodeFunction(scope, {
    name: "collect",
    settings,
    environment: collectEnvironment(source),
    resources: {
      ...resources,
      samples: [kept.samples.arnForObjects(`${SAMPLES_PREFIX}/*`)],
      parameters: parameterArns(scope, settings.secrets),
      secrets: secretArns(scope, settings.secrets),
      "secret-keys": settings.secretKeyArns,
      ...(joined === undefined ? {} : { "network-interfaces": ["*"] }),
    },
    deadLetters,
    ...(settings.reserveConcurrency ? { reservedConcurrency: collectConcurrency(settings) } : {}),
    ...(joined === undefined ? {} : { network: joined }),
  });
  const rebalance = nodeFunction(scope, {
    name: "rebalance",
    settings,
    environment: rebalanceEnvironment(source, collect.functionName),
    resources: { ...resources, "collect-function": [collect.functionArn] },
    deadLetters,
  });
  const healthCheck = nodeFunction(scope, {
    name: "health-check",
    settings,
    environment: healthCheckEnvironment(source),
    resources: { ...resources, "health-record": [kept.leases.tableArn] },
    deadLetters,
  });
  return { collect, rebalance, "health-check": healthCheck };
}

function outputs(scope: Stack, values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) new CfnOutput(scope, name, { value });
}
