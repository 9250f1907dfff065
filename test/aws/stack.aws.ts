/**
 * The deployed stack, asked for through the services' own APIs; and what the stand-in's
 * CloudFormation skips, made from the template's properties through those APIs and read back.
 */
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  PutMetricAlarmCommand,
} from "@aws-sdk/client-cloudwatch";
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  UpdateContinuousBackupsCommand,
} from "@aws-sdk/client-dynamodb";
import {
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  type LifecycleRule,
} from "@aws-sdk/client-s3";
import * as z from "zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import { manifest } from "#functions/manifest.ts";
import { deployedStack, STACK, type DeployedStack } from "./deployed-stack.ts";
import { sdkCalls } from "./sdk-calls.ts";
import { whatWeAreTold } from "./told.ts";

const { isDeployed } = whatWeAreTold();

describe.skipIf(!isDeployed)("the deployed stack", () => {
  let stack: DeployedStack;
  const cloudWatch = new CloudWatchClient();
  const dynamoDb = new DynamoDBClient();
  const lambda = new LambdaClient();
  const s3 = new S3Client();

  beforeAll(async () => {
    stack = await deployedStack();
  });
  afterAll(() => {
    for (const client of [cloudWatch, dynamoDb, lambda, s3]) client.destroy();
  });

  it("is complete, and tells where its parts are", () => {
    expect(stack.status).toBe("CREATE_COMPLETE");
    expect(stack.output("PoolName")).toBe("default");
    expect(stack.output("SamplesLocation")).toMatch(/^s3:\/\/[a-z0-9.-]+\/samples$/u);
  });

  it("has all but what the stand-in is known to skip, which is made below", () => {
    expect(stack.skippedTypes()).toEqual([
      "AWS::CloudWatch::Alarm",
      "AWS::Lambda::EventInvokeConfig",
      "AWS::S3::BucketPolicy",
      "AWS::SNS::TopicPolicy",
      "AWS::SQS::QueuePolicy",
      "AWS::Scheduler::Schedule",
    ]);
  });

  it.each(["LeaseTableName", "TargetTableName"])(
    "has a table that is paid by the request and protected: %s",
    async (output) => {
      const TableName = stack.output(output);
      const { Table } = await dynamoDb.send(new DescribeTableCommand({ TableName }));
      expect(Table).toMatchObject({
        BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
        DeletionProtectionEnabled: true,
      });
    },
  );

  it("has a bucket that is encrypted", async () => {
    const { ServerSideEncryptionConfiguration } = await s3.send(
      new GetBucketEncryptionCommand({ Bucket: bucketOf(stack) }),
    );
    expect(ServerSideEncryptionConfiguration?.Rules).toHaveLength(1);
  });

  it.each(Object.values(manifest))(
    "has the function $name as the manifest has it",
    async ({ logicalId, memoryMb, timeoutMs, environment }) => {
      const found = await lambda.send(
        new GetFunctionConfigurationCommand({
          FunctionName: stack.output(`${logicalId}FunctionName`),
        }),
      );
      expect(found).toMatchObject({
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        MemorySize: memoryMb,
        Timeout: timeoutMs / 1_000,
      });
      const variables = found.Environment?.Variables ?? {};
      for (const key of environment) expect(variables[key], key).toMatch(/./u);
    },
  );

  it("has a dashboard", async () => {
    const [resource] = stack.resources("AWS::CloudWatch::Dashboard");
    const { DashboardName } = z.object({ DashboardName: z.string() }).parse(resource?.properties);
    const { DashboardBody } = await cloudWatch.send(new GetDashboardCommand({ DashboardName }));
    const { widgets } = z
      .object({ widgets: z.array(z.unknown()).min(5) })
      .parse(JSON.parse(DashboardBody ?? ""));
    expect(widgets.length).toBeGreaterThan(5);
  });

  it("has alarms that CloudWatch takes as they are, and describes as they were meant", async () => {
    const wanted = stack
      .resources("AWS::CloudWatch::Alarm")
      .map(({ properties }) => alarmSchema.parse(properties));
    expect(wanted.map(({ AlarmName }) => AlarmName).sort()).toEqual(
      ALARM_IDS.map((id) => `${STACK}-${id}`).sort(),
    );
    for (const alarm of wanted) await cloudWatch.send(new PutMetricAlarmCommand(alarm));
    const { MetricAlarms = [] } = await cloudWatch.send(
      new DescribeAlarmsCommand({ AlarmNamePrefix: `${STACK}-`, MaxRecords: 100 }),
    );
    for (const alarm of wanted) {
      const found = MetricAlarms.find(({ AlarmName }) => AlarmName === alarm.AlarmName);
      expect(pick(found, alarm), alarm.AlarmName).toEqual(alarm);
    }
  });

  it("has schedules that the scheduler takes as they are, and keeps as they were meant", async () => {
    const wanted = stack.resources("AWS::Scheduler::Schedule").map(({ logicalId, properties }) => ({
      Name: `${STACK}-${logicalId}`,
      ...properties,
    }));
    expect(wanted.length).toBe(
      Object.values(manifest).filter((each) => "scheduleEveryMs" in each).length,
    );
    const kept = await sdkCalls(
      wanted.flatMap((parameters) => [
        { service: "scheduler", operation: "create_schedule", parameters },
        {
          service: "scheduler",
          operation: "get_schedule",
          parameters: { Name: parameters.Name },
        },
      ]),
    );
    for (const [index, schedule] of wanted.entries()) {
      expect(pick(kept[2 * index + 1], schedule)).toEqual(schedule);
    }
  });

  it("has tables that take their backups' settings: any second of 35 days", async () => {
    for (const { properties, logicalId } of stack.resources("AWS::DynamoDB::Table")) {
      const { PointInTimeRecoverySpecification } = backedUp.parse(properties);
      const TableName = stack.output(`${logicalId}Name`);
      await dynamoDb.send(
        new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }),
      );
      const found = await dynamoDb.send(new DescribeContinuousBackupsCommand({ TableName }));
      expect(found.ContinuousBackupsDescription?.PointInTimeRecoveryDescription).toMatchObject({
        PointInTimeRecoveryStatus: "ENABLED",
      });
    }
  });

  it("has a bucket that nobody can make public", async () => {
    const [resource] = stack.resources("AWS::S3::Bucket");
    const { PublicAccessBlockConfiguration } = closed.parse(resource?.properties);
    const Bucket = bucketOf(stack);
    await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    const found = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    expect(found.PublicAccessBlockConfiguration).toEqual(PublicAccessBlockConfiguration);
  });

  it("has a bucket that takes its rules: samples are forgotten in time", async () => {
    const [resource] = stack.resources("AWS::S3::Bucket");
    const Rules = lifecycle
      .parse(resource?.properties)
      .LifecycleConfiguration.Rules.map(asLifecycleRule);
    const Bucket = bucketOf(stack);
    await s3.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }),
    );
    const found = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    expect(found.Rules?.map((rule, index) => pick(rule, Rules[index] ?? {}))).toEqual(Rules);
    expect(Rules.some(({ Expiration }) => (Expiration?.Days ?? 0) > 0)).toBe(true);
  });

  it("has policies that its topic and its queue take", async () => {
    const [topic] = stack.resources("AWS::SNS::TopicPolicy");
    const [queue] = stack.resources("AWS::SQS::QueuePolicy");
    const { PolicyDocument: onTopic } = z
      .object({ PolicyDocument: policy })
      .parse(topic?.properties);
    const { PolicyDocument: onQueue, Queues } = z
      .object({ PolicyDocument: policy, Queues: z.tuple([z.string()]) })
      .parse(queue?.properties);
    const TopicArn = stack.output("AlarmTopicArn");
    const [, topicNow, , queueNow] = await sdkCalls([
      {
        service: "sns",
        operation: "set_topic_attributes",
        parameters: { TopicArn, AttributeName: "Policy", AttributeValue: JSON.stringify(onTopic) },
      },
      { service: "sns", operation: "get_topic_attributes", parameters: { TopicArn } },
      {
        service: "sqs",
        operation: "set_queue_attributes",
        parameters: { QueueUrl: Queues[0], Attributes: { Policy: JSON.stringify(onQueue) } },
      },
      {
        service: "sqs",
        operation: "get_queue_attributes",
        parameters: { QueueUrl: Queues[0], AttributeNames: ["All"] },
      },
    ]);
    expect(JSON.parse(attributes.parse(topicNow).Attributes["Policy"] ?? "")).toEqual(onTopic);
    expect(attributes.parse(topicNow).Attributes["KmsMasterKeyId"]).toMatch(/./u);
    expect(JSON.parse(attributes.parse(queueNow).Attributes["Policy"] ?? "")).toEqual(onQueue);
    expect(attributes.parse(queueNow).Attributes["SqsManagedSseEnabled"]).toBe("true");
  });

  it("has a policy that its bucket takes: no access but over TLS", async () => {
    const [resource] = stack.resources("AWS::S3::BucketPolicy");
    const { Bucket, PolicyDocument } = z
      .object({ Bucket: z.string(), PolicyDocument: z.unknown() })
      .parse(resource?.properties);
    const Policy = JSON.stringify(PolicyDocument);
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const found = await s3.send(new GetBucketPolicyCommand({ Bucket }));
    expect(JSON.parse(found.Policy ?? "")).toEqual(PolicyDocument);
  });

  it.each(Object.values(manifest))(
    "repeats invocations of $name as often, and as late, as the manifest says",
    async ({ logicalId, asyncRetriesMax, asyncMaxAgeMs }) => {
      const FunctionName = stack.output(`${logicalId}FunctionName`);
      const wanted = stack
        .resources("AWS::Lambda::EventInvokeConfig")
        .map(({ properties }) => invocationSchema.parse(properties))
        .find((each) => each.FunctionName === FunctionName);
      if (wanted === undefined) throw new Error(`${FunctionName} has no invocation settings`);
      const { Qualifier: _qualifier, FunctionName: _name, ...settings } = wanted;
      await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, ...settings }));
      const found = await lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }));
      expect(pick(found, settings)).toEqual(settings);
      expect(settings).toMatchObject({
        MaximumRetryAttempts: asyncRetriesMax,
        MaximumEventAgeInSeconds: asyncMaxAgeMs / 1_000,
      });
    },
  );
});

function bucketOf(stack: DeployedStack): string {
  return new URL(stack.output("SamplesLocation")).host;
}

/** All that our alarms say; one more property and this refuses it. */
const alarmSchema = z.strictObject({
  AlarmName: z.string(),
  AlarmDescription: z.string(),
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.strictObject({ Name: z.string(), Value: z.string() })),
  Statistic: z.enum(["Maximum", "Minimum", "Sum", "Average", "SampleCount"]).exactOptional(),
  ExtendedStatistic: z.string().exactOptional(),
  Period: z.number(),
  EvaluationPeriods: z.number(),
  DatapointsToAlarm: z.number(),
  ComparisonOperator: z.enum([
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
  ]),
  Threshold: z.number(),
  TreatMissingData: z.string(),
  AlarmActions: z.array(z.string()),
  OKActions: z.array(z.string()),
});

const invocationSchema = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal("$LATEST"),
  MaximumRetryAttempts: z.number(),
  MaximumEventAgeInSeconds: z.number(),
  DestinationConfig: z
    .strictObject({ OnFailure: z.strictObject({ Destination: z.string() }) })
    .exactOptional(),
});

const lifecycle = z.object({
  LifecycleConfiguration: z.strictObject({
    Rules: z.array(
      z.strictObject({
        Id: z.string(),
        Status: z.literal("Enabled"),
        Prefix: z.string().default(""),
        ExpirationInDays: z.number().optional(),
        AbortIncompleteMultipartUpload: z
          .strictObject({ DaysAfterInitiation: z.number() })
          .optional(),
      }),
    ),
  }),
});
type TemplateRule = z.output<typeof lifecycle>["LifecycleConfiguration"]["Rules"][number];

/** S3's own API has other names for the same. */
function asLifecycleRule(rule: TemplateRule): LifecycleRule {
  const { Id, Status, Prefix, ExpirationInDays, AbortIncompleteMultipartUpload } = rule;
  return {
    ID: Id,
    Status,
    Filter: { Prefix },
    ...(ExpirationInDays !== undefined && { Expiration: { Days: ExpirationInDays } }),
    ...(AbortIncompleteMultipartUpload !== undefined && { AbortIncompleteMultipartUpload }),
  };
}

const policy = z.record(z.string(), z.unknown());
const attributes = z.object({ Attributes: z.record(z.string(), z.string()) });

const backedUp = z.object({
  PointInTimeRecoverySpecification: z.strictObject({
    PointInTimeRecoveryEnabled: z.literal(true),
  }),
});

const closed = z.object({
  PublicAccessBlockConfiguration: z.strictObject({
    BlockPublicAcls: z.literal(true),
    BlockPublicPolicy: z.literal(true),
    IgnorePublicAcls: z.literal(true),
    RestrictPublicBuckets: z.literal(true),
  }),
});

/** What was found, of what was wanted. */
function pick(found: object | undefined, wanted: object): unknown {
  return Object.fromEntries(
    Object.entries(found ?? {}).filter(([key]) => Object.hasOwn(wanted, key)),
  );
}
