import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { LEASE_TABLE_KEYS, TARGET_TABLE_KEYS } from "#adapters/dynamodb/keys.ts";
import { limits } from "#domain/limits.ts";
import { manifest } from "#functions/manifest.ts";
import { readSettings } from "../../infra/settings.ts";
import { LamplighterStack } from "../../infra/stack.ts";
import { resourceStatements, templateOf, variablesOf, WITHOUT_BUNDLING } from "./synthesised.ts";

const KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const template = templateOf();
const withKey = templateOf({ encryptionKeyArn: KEY });
const refused = { Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } };

describe("tables", () => {
  it.each([
    ["LeaseTable", LEASE_TABLE_KEYS],
    ["TargetTable", TARGET_TABLE_KEYS],
  ])("%s has the stores' keys, keeps its data and is paid by request", (logicalId, keys) => {
    const found = template.findResources("AWS::DynamoDB::Table");
    expect(Object.keys(found)).toContain(logicalId);
    expect(found[logicalId]).toMatchObject({
      DeletionPolicy: "Retain",
      UpdateReplacePolicy: "Retain",
      Properties: {
        KeySchema: [
          { AttributeName: keys.partition, KeyType: "HASH" },
          { AttributeName: keys.sort, KeyType: "RANGE" },
        ],
        BillingMode: "PAY_PER_REQUEST",
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    });
  });

  it("are two, without indexes", () => {
    template.resourceCountIs("AWS::DynamoDB::Table", 2);
    template.allResourcesProperties("AWS::DynamoDB::Table", {
      GlobalSecondaryIndexes: Match.absent(),
      LocalSecondaryIndexes: Match.absent(),
    });
  });

  it("are encrypted with a key of the operator's choice, or with one that AWS owns", () => {
    template.allResourcesProperties("AWS::DynamoDB::Table", { SSESpecification: Match.absent() });
    withKey.allResourcesProperties("AWS::DynamoDB::Table", {
      SSESpecification: { SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: KEY },
    });
  });
});

describe("bucket of chunks", () => {
  it("is private, encrypted, takes TLS only, and stays when the stack goes", () => {
    const found = template.findResources("AWS::S3::Bucket");
    expect(Object.keys(found)).toEqual(["SampleBucket"]);
    expect(found["SampleBucket"]).toMatchObject({
      DeletionPolicy: "Retain",
      UpdateReplacePolicy: "Retain",
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } },
          ],
        },
      },
    });
    expect(resourceStatements(template, "AWS::S3::BucketPolicy")).toContainEqual(
      expect.objectContaining({ ...refused, Action: ["s3:*"] }),
    );
  });

  it("uses the operator's key through a key of its own, not one call to KMS for each chunk", () => {
    withKey.hasResourceProperties("AWS::S3::Bucket", {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: KEY },
          },
        ],
      },
    });
  });

  it("drops samples after their retention, and what was never finished", () => {
    templateOf({ sampleRetentionDays: 90 }).hasResourceProperties("AWS::S3::Bucket", {
      VersioningConfiguration: Match.absent(),
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ ExpirationInDays: 90, Prefix: "samples/", Status: "Enabled" }),
          Match.objectLike({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
        ]),
      },
    });
  });
});

describe.each(Object.values(manifest))("function $name", (described) => {
  const { logicalId, environment, optional } = described;
  const found = template.findResources("AWS::Lambda::Function")[logicalId];

  it("is what the manifest says", () => {
    expect(found).toMatchObject({
      Properties: {
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
        MemorySize: described.memoryMb,
        Timeout: described.timeoutMs / 1_000,
        Handler: "index.handler",
      },
    });
    const flags = String(variablesOf(template, logicalId)["NODE_OPTIONS"]).split(" ");
    expect(flags).toEqual(["--enable-source-maps", ...described.nodeOptions]);
  });

  it("declares every variable that it knows: what isn't declared can't be replaced by hand", () => {
    expect(Object.keys(variablesOf(template, logicalId)).toSorted()).toEqual(
      [...environment, ...optional, "NODE_OPTIONS"].toSorted(),
    );
  });

  it("names its code, so that it can be run by hand", () => {
    expect(found).toMatchObject({
      Metadata: {
        "aws:asset:path": expect.stringMatching(/./u) as unknown,
        "aws:asset:property": "Code",
      },
    });
  });

  it("is repeated and kept waiting as the manifest says, and what was repeated in vain is kept", () => {
    const configs = template.findResources("AWS::Lambda::EventInvokeConfig", {
      Properties: { FunctionName: { Ref: logicalId } },
    });
    expect(Object.keys(configs)).toEqual([`${logicalId}Invocation`]);
    expect(configs[`${logicalId}Invocation`]).toMatchObject({
      Properties: {
        Qualifier: "$LATEST",
        MaximumRetryAttempts: described.asyncRetriesMax,
        MaximumEventAgeInSeconds: described.asyncMaxAgeMs / 1_000,
      },
    });
    const destinations = template.findResources("AWS::Lambda::EventInvokeConfig", {
      Properties: {
        FunctionName: { Ref: logicalId },
        DestinationConfig: {
          OnFailure: { Destination: { "Fn::GetAtt": ["DeadLetterQueue", "Arn"] } },
        },
      },
    });
    expect(Object.keys(destinations)).toHaveLength(described.asyncRetriesMax > 0 ? 1 : 0);
    expect(found).not.toHaveProperty("Properties.DeadLetterConfig");
  });

  it("is invoked as often as the manifest says, and by nobody else's clock", () => {
    const schedules = template.findResources("AWS::Scheduler::Schedule", {
      Properties: { Target: { Arn: { "Fn::GetAtt": [logicalId, "Arn"] } } },
    });
    const expected =
      "scheduleEveryMs" in described
        ? [[`${logicalId}Schedule`, `rate(${minutes(described.scheduleEveryMs)})`]]
        : [];
    expect(
      Object.entries(schedules).map(([id, { Properties }]: [string, { Properties?: unknown }]) => [
        id,
        (Properties as { ScheduleExpression: unknown }).ScheduleExpression,
      ]),
    ).toEqual(expected);
    template.resourceCountIs("AWS::Events::Rule", 0);
  });

  it("keeps its logs for a limited time", () => {
    expect(found).toMatchObject({
      Properties: { LoggingConfig: { LogGroup: { Ref: `${logicalId}Log` } } },
    });
    expect(templateOf({ logRetentionDays: 7 }).findResources("AWS::Logs::LogGroup")).toMatchObject({
      [`${logicalId}Log`]: { Properties: { RetentionInDays: 7 }, DeletionPolicy: "Delete" },
    });
  });
});

describe("time-outs and schedules", () => {
  it("retry nothing that the next minute does anyway, and collectors only shortly", () => {
    for (const logicalId of ["Rebalance", "HealthCheck"]) {
      template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
        FunctionName: { Ref: logicalId },
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: 60,
      });
    }
    template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      FunctionName: { Ref: "Collect" },
      MaximumRetryAttempts: 2,
      // A collector that ran to its time-out is not begun again: its successor has its lease.
      MaximumEventAgeInSeconds: Match.not(manifest.collect.timeoutMs / 1_000),
    });
  });

  it("make up for no missed run: a minute late is the next run's", () => {
    template.allResourcesProperties("AWS::Scheduler::Schedule", {
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: Match.objectLike({
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
        DeadLetterConfig: { Arn: { "Fn::GetAtt": ["DeadLetterQueue", "Arn"] } },
        Input: "{}",
      }),
    });
  });

  it("let a rebalancer stay past the next run, and end before its time-out", () => {
    const timeoutMs = timeoutOf("Rebalance");
    expect(limits.rebalancerStayMaxMs).toBeLessThan(timeoutMs);
    expect(limits.rebalancerStayMaxMs).toBeGreaterThan(2 * 60_000);
  });

  it("give collectors many leases' time, and heartbeats three tries in the shortest lease", () => {
    expect(timeoutOf("Collect")).toBeGreaterThan(10 * limits.leaseTtlMs);
    const shortest = readSettings({ leaseTtl: "5s" }).leaseTtlMs;
    // Heartbeats come every third of the lease or more often, and one may take all its attempts.
    const heartbeatMs = limits.storeAttemptsMax * limits.requestTimeoutMs;
    expect(shortest / 3 + heartbeatMs).toBeLessThan(shortest);
    expect(() => readSettings({ leaseTtl: "4s" })).toThrow(/leaseTtl/u);
  });

  it("hand the settings to the functions that need them", () => {
    const set = templateOf({
      slots: 256,
      collectors: 3,
      leaseTtl: "20s",
      longestTimeout: "30s",
      chunkEvery: "5s",
    });
    expect(variablesOf(set, "Rebalance")).toMatchObject({
      COLLECTORS: "3",
      SLOTS_LOG2: "8",
      LEASE_TTL_MS: "20000",
      LONGEST_TIMEOUT_MS: "30000",
      STORE_ENDPOINT: "",
      INVOKE_ENDPOINT: "",
    });
    expect(variablesOf(set, "Collect")).toMatchObject({
      LEASE_TTL_MS: "20000",
      LONGEST_TIMEOUT_MS: "30000",
      CHUNK_EVERY_MS: "5000",
      STORE_ENDPOINT: "",
      SAMPLES_LOCATION: { "Fn::Join": ["", ["s3://", { Ref: "SampleBucket" }, "/samples"]] },
    });
    expect(variablesOf(set, "HealthCheck")).toMatchObject({
      METRICS_LOCATION: "cloudwatch:Lamplighter",
      STORE_ENDPOINT: "",
    });
  });
});

describe("dead letters and messages", () => {
  it("are encrypted, kept for an hour, and taken over TLS only", () => {
    template.hasResourceProperties("AWS::SQS::Queue", {
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 3_600,
    });
    for (const type of ["AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"]) {
      expect(resourceStatements(template, type)).toContainEqual(expect.objectContaining(refused));
    }
  });

  it("go to an e-mail address only where one is given", () => {
    template.resourceCountIs("AWS::SNS::Subscription", 0);
    templateOf({ alarmEmail: "on-call@example.com" }).hasResourceProperties(
      "AWS::SNS::Subscription",
      { Protocol: "email", Endpoint: "on-call@example.com", TopicArn: { Ref: "AlarmTopic" } },
    );
  });
});

describe("architecture and concurrency", () => {
  it("is x86 where sam runs on x86", () => {
    templateOf({ architecture: "x86_64" }).allResourcesProperties("AWS::Lambda::Function", {
      Architectures: ["x86_64"],
    });
  });

  it("reserves, when asked, room for each collector's successor", () => {
    template.allResourcesProperties("AWS::Lambda::Function", {
      ReservedConcurrentExecutions: Match.absent(),
    });
    const reserved = templateOf({ reserveConcurrency: true, collectors: 5 });
    expect(reserved.findResources("AWS::Lambda::Function")).toMatchObject({
      Collect: { Properties: { ReservedConcurrentExecutions: 12 } },
    });
    reserved.resourcePropertiesCountIs(
      "AWS::Lambda::Function",
      { ReservedConcurrentExecutions: Match.anyValue() },
      1,
    );
  });
});

describe("pools", () => {
  it("are a stack each, and two in one account name nothing alike", () => {
    const app = new App({ context: WITHOUT_BUNDLING });
    const stacks = ["default", "edge"].map(
      (pool) => new LamplighterStack(app, { settings: readSettings({ pool }) }),
    );
    expect(stacks.map(({ stackName }) => stackName)).toEqual(["Lamplighter", "Lamplighter-edge"]);
    const [ours, theirs] = stacks.map((stack) => physicalNames(Template.fromStack(stack)));
    expect(ours?.length).toBeGreaterThan(10);
    expect(new Set([...(ours ?? []), ...(theirs ?? [])]).size).toBe(
      (ours?.length ?? 0) + (theirs?.length ?? 0),
    );
  });

  it("keep the names of what holds data or is known elsewhere: another name is another resource", () => {
    const { Resources } = template.toJSON() as { Resources: Record<string, unknown> };
    expect(Object.keys(Resources)).toEqual(
      expect.arrayContaining([
        "LeaseTable",
        "TargetTable",
        "SampleBucket",
        "DeadLetterQueue",
        "AlarmTopic",
        "AlarmTopicKey",
        "Dashboard",
        "Rebalance",
        "Collect",
        "HealthCheck",
        "RebalanceLog",
        "CollectLog",
        "HealthCheckLog",
      ]),
    );
  });

  it("tell what tools need as outputs of their stack", () => {
    expect(Object.keys(template.findOutputs("*")).toSorted()).toEqual(
      [
        "PoolName",
        "LeaseTableName",
        "TargetTableName",
        "SamplesLocation",
        "MetricsNamespace",
        "RebalanceFunctionName",
        "CollectFunctionName",
        "HealthCheckFunctionName",
        "AlarmTopicArn",
      ].toSorted(),
    );
  });
});

/** The names that we give, rather than CloudFormation. */
function physicalNames(found: Template): string[] {
  const { Resources } = found.toJSON() as {
    Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
  };
  return Object.values(Resources).flatMap(({ Type, Properties = {} }) =>
    Object.entries(Properties).flatMap(([key, value]) =>
      /^(?:AlarmName|DashboardName|Name|TableName|BucketName|FunctionName|QueueName|TopicName|RoleName|LogGroupName)$/u.test(
        key,
      ) && typeof value === "string"
        ? [`${Type} ${value}`]
        : [],
    ),
  );
}

function timeoutOf(logicalId: string): number {
  const found = template.findResources("AWS::Lambda::Function")[logicalId] as {
    Properties: { Timeout: number };
  };
  return found.Properties.Timeout * 1_000;
}

function minutes(spanMs: number): string {
  return spanMs === 60_000 ? "1 minute" : `${spanMs / 60_000} minutes`;
}
