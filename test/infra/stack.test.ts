import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { LEASE_TABLE_KEYS, TARGET_TABLE_KEYS } from "#adapters/dynamodb/keys.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { LamplighterStack } from "../../infra/stack.ts";

const LOGICAL_IDS = {
  rebalance: "Rebalance",
  collect: "Collect",
  "health-check": "HealthCheck",
} satisfies Record<FunctionName, string>;

// Without bundling: what is in the bundles is bundles.test.ts.
const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
const template = Template.fromStack(new LamplighterStack(app, "Lamplighter", { pool: "default" }));

const statement = z.object({
  Action: z.union([z.string(), z.array(z.string())]).transform((found) => [found].flat()),
  Resource: z.unknown(),
});
const policies = z
  .record(
    z.string(),
    z.object({
      Properties: z.object({ PolicyDocument: z.object({ Statement: z.array(statement) }) }),
    }),
  )
  .parse(template.findResources("AWS::IAM::Policy"));
const statements = Object.entries(policies).flatMap(([id, policy]) =>
  policy.Properties.PolicyDocument.Statement.map((found) => ({ id, ...found })),
);
const actionsOf = (logicalId: string, resource: string): string[] =>
  statements
    .filter(
      ({ id, Resource }) =>
        id.startsWith(logicalId) && JSON.stringify(Resource).includes(`"${resource}"`),
    )
    .flatMap(({ Action }) => Action)
    .toSorted();

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
});

describe.each(Object.values(manifest))("function $name", (described) => {
  const logicalId = LOGICAL_IDS[described.name];
  const found = template.findResources("AWS::Lambda::Function")[logicalId];

  it("is what the manifest says", () => {
    expect(found).toMatchObject({
      Properties: {
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
        MemorySize: described.memoryMb,
        Timeout: described.timeoutMs / 1_000,
      },
    });
    template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      FunctionName: { Ref: logicalId },
      MaximumRetryAttempts: described.asyncRetriesMax,
    });
  });

  it("has every variable it must have", () => {
    const variables = z
      .object({
        Properties: z.object({
          Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
        }),
      })
      .parse(found).Properties.Environment.Variables;
    expect(Object.keys(variables).toSorted()).toEqual(
      [...described.environment, "NODE_OPTIONS"].toSorted(),
    );
  });

  it("is invoked as often as the manifest says, and by nobody else's clock", () => {
    const rules = template.findResources("AWS::Events::Rule", {
      Properties: { Targets: [{ Arn: { "Fn::GetAtt": [logicalId, "Arn"] } }] },
    });
    const expected =
      "scheduleEveryMs" in described ? [`rate(${minutes(described.scheduleEveryMs)})`] : [];
    const found = Object.values(
      z
        .record(z.string(), z.object({ Properties: z.object({ ScheduleExpression: z.string() }) }))
        .parse(rules),
    ).map((rule) => rule.Properties.ScheduleExpression);
    expect(found).toEqual(expected);
  });

  it("keeps its logs for a limited time", () => {
    expect(found).toMatchObject({
      Properties: {
        LoggingConfig: {
          LogGroup: { Ref: expect.stringMatching(new RegExp(`^${logicalId}Log`, "u")) as unknown },
        },
      },
    });
    template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
  });
});

describe("grants", () => {
  it("name actions and resources, without wildcards", () => {
    for (const { Action, Resource } of statements) {
      for (const action of Action) expect(action).not.toContain("*");
      expect(JSON.stringify(Resource)).not.toContain("*");
    }
  });

  it("let nobody scan, drop or reconfigure a table", () => {
    const allowed = new Set(
      ["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"].map(
        (name) => `dynamodb:${name}`,
      ),
    );
    for (const { Action } of statements) {
      for (const action of Action.filter((name) => name.startsWith("dynamodb:"))) {
        expect(allowed).toContain(action);
      }
    }
  });

  it("let only the rebalancer invoke, and only collect", () => {
    const invokers = statements.filter(({ Action }) => Action.includes("lambda:InvokeFunction"));
    expect(invokers.map(({ id }) => id.startsWith("Rebalance"))).toEqual([true]);
    expect(actionsOf("Rebalance", "Collect")).toEqual(["lambda:InvokeFunction"]);
  });

  it("keep the rebalancer away from targets, and the health check from writing", () => {
    expect(actionsOf("Rebalance", "TargetTable")).toEqual([]);
    for (const table of ["LeaseTable", "TargetTable"]) {
      expect(actionsOf("HealthCheck", table)).toEqual(["dynamodb:GetItem", "dynamodb:Query"]);
    }
  });

  it("let the rebalancer make and remove leases, and collectors own them only", () => {
    expect(actionsOf("Rebalance", "LeaseTable")).toContain("dynamodb:PutItem");
    expect(actionsOf("Collect", "LeaseTable")).toEqual([
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]);
  });

  it("let a collector change schedules, but not make or remove targets", () => {
    expect(actionsOf("Collect", "TargetTable")).toEqual([
      "dynamodb:GetItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]);
  });
});

function minutes(spanMs: number): string {
  return spanMs === 60_000 ? "1 minute" : `${spanMs / 60_000} minutes`;
}
