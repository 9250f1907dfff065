import { describe, expect, it } from "vitest";
import { manifest } from "#functions/manifest.ts";
import { functionGrants, keyWildcards, scheduleGrants, wildcards } from "../../infra/grants.ts";
import {
  actionsOn,
  keyStatements,
  resourceStatements,
  roleStatements,
  templateOf,
  type Statement,
} from "./synthesised.ts";

const SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-AbCdEf";
const KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const everything = {
  vpcId: "vpc-0123456789abcdef0",
  subnetIds: "subnet-0123456789abcdef0",
  secrets: `ssm:/team/token,secretsmanager:named,secretsmanager:${SECRET_ARN}`,
  secretKeyArns: KEY,
  encryptionKeyArn: KEY,
};
const template = templateOf();
const full = templateOf(everything);
const all = (found: typeof template): readonly Statement[] =>
  [...roleStatements(found).values()].flat();
const of = (found: typeof template, role: string, sid: string): Statement | undefined =>
  roleStatements(found)
    .get(role)
    ?.find(({ Sid }) => Sid === sid);

describe("roles", () => {
  it("are one for each function and one for the schedules, with nothing that AWS manages", () => {
    const found = template.findResources("AWS::IAM::Role");
    expect(Object.keys(found).toSorted()).toEqual(
      [
        ...Object.values(manifest).map(({ logicalId }) => `${logicalId}Role`),
        "ScheduleRole",
      ].toSorted(),
    );
    for (const role of Object.values(found)) {
      expect(role).not.toHaveProperty("Properties.ManagedPolicyArns");
    }
    template.resourceCountIs("AWS::IAM::Policy", 0);
    template.resourceCountIs("AWS::IAM::ManagedPolicy", 0);
  });

  it("of schedules are for schedules of this account only", () => {
    template.hasResourceProperties("AWS::IAM::Role", {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: "scheduler.amazonaws.com" },
            Condition: {
              StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } },
            },
          },
        ],
      },
    });
  });

  it("hold every grant of the list that has something to be on, and no other", () => {
    for (const { name, logicalId } of Object.values(manifest)) {
      const sids = (roleStatements(full).get(`${logicalId}Role`) ?? []).map(({ Sid }) => Sid);
      const granted = functionGrants[name].map(({ sid }) => sid);
      expect(sids.filter((sid) => sid?.endsWith("NotFromCode") !== true)).toEqual(granted);
    }
    expect(
      roleStatements(full)
        .get("ScheduleRole")
        ?.map(({ Sid }) => Sid),
    ).toEqual(scheduleGrants.map(({ sid }) => sid));
  });
});

describe("grants", () => {
  it("name their actions", () => {
    for (const { Action } of all(full)) {
      for (const action of Action) expect(action).not.toMatch(/[*?]/u);
    }
  });

  it("have patterns only where the list says why", () => {
    const patterns = all(full)
      .filter(({ Effect }) => Effect === "Allow")
      .flatMap(({ Resource }) => Resource)
      .map(flattened)
      .filter((resource) => /[*?]/u.test(resource));
    expect(patterns.length).toBeGreaterThanOrEqual(wildcards.length);
    for (const pattern of patterns) {
      expect(wildcards.some(({ resource }) => pattern.endsWith(resource))).toBe(true);
    }
    for (const { resource } of wildcards) {
      expect(patterns.some((pattern) => pattern.endsWith(resource))).toBe(true);
    }
  });

  it("let nobody scan, drop or reconfigure a table, list or delete in the bucket", () => {
    const allowed =
      /^(?:dynamodb:(?:GetItem|Query|PutItem|UpdateItem|DeleteItem|ConditionCheckItem)|s3:(?:Get|Put)Object)$/u;
    for (const { Action } of all(full)) {
      for (const action of Action.filter((name) => /^(?:dynamodb|s3):/u.test(name))) {
        expect(action).toMatch(allowed);
      }
    }
  });

  it("let only the rebalancer invoke collectors, and schedules only what has a schedule", () => {
    const invokers = [...roleStatements(template)].filter(([, statements]) =>
      statements.some(({ Action }) => Action.includes("lambda:InvokeFunction")),
    );
    expect(invokers.map(([role]) => role).toSorted()).toEqual(["RebalanceRole", "ScheduleRole"]);
    expect(actionsOn(template, "RebalanceRole", "Collect")).toEqual(["lambda:InvokeFunction"]);
    expect(actionsOn(template, "ScheduleRole", "Collect")).toEqual([]);
    expect(actionsOn(template, "ScheduleRole", "Rebalance")).toEqual(["lambda:InvokeFunction"]);
    expect(actionsOn(template, "ScheduleRole", "HealthCheck")).toEqual(["lambda:InvokeFunction"]);
  });

  it("keep the rebalancer away from targets and samples, and the health check from both", () => {
    expect(actionsOn(template, "RebalanceRole", "TargetTable")).toEqual([]);
    expect(actionsOn(template, "RebalanceRole", "SampleBucket")).toEqual([]);
    expect(actionsOn(template, "HealthCheckRole", "SampleBucket")).toEqual([]);
    expect(actionsOn(template, "HealthCheckRole", "TargetTable")).toEqual(["dynamodb:Query"]);
  });

  it("let a collector change schedules, but not make or remove targets or leases", () => {
    expect(actionsOn(template, "CollectRole", "TargetTable")).toEqual([
      "dynamodb:GetItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]);
    expect(actionsOn(template, "CollectRole", "LeaseTable")).not.toContain("dynamodb:PutItem");
  });

  it("let the health check write its own record only, not the leases beside it", () => {
    const found = templateOf({ pool: "edge" });
    const writes = (roleStatements(found).get("HealthCheckRole") ?? []).filter(({ Action }) =>
      Action.some((action) => /^dynamodb:(?!Get|Query)/u.test(action)),
    );
    expect(writes).toMatchObject([
      {
        Action: ["dynamodb:PutItem"],
        Resource: [{ "Fn::GetAtt": ["LeaseTable", "Arn"] }],
        Condition: {
          "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["edge#health"] },
        },
      },
    ]);
  });

  it("let each function write its own log only", () => {
    for (const { logicalId } of Object.values(manifest)) {
      for (const { logicalId: other } of Object.values(manifest)) {
        expect(actionsOn(template, `${logicalId}Role`, `${other}Log`)).toEqual(
          logicalId === other ? ["logs:CreateLogStream", "logs:PutLogEvents"] : [],
        );
      }
    }
  });

  it("let only the health check publish metrics, in our namespace only", () => {
    const publishers = [...roleStatements(template)].filter(([, statements]) =>
      statements.some(({ Action }) => Action.includes("cloudwatch:PutMetricData")),
    );
    expect(publishers.map(([role]) => role)).toEqual(["HealthCheckRole"]);
    expect(of(template, "HealthCheckRole", "PublishMetrics")?.Condition).toEqual({
      StringEquals: { "cloudwatch:namespace": "Lamplighter" },
    });
  });
});

describe("secrets", () => {
  it("are those that the operator named, for collectors only", () => {
    expect(of(full, "CollectRole", "ReadParameters")?.Resource.map(flattened)).toEqual([
      "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/team/token",
    ]);
    expect(of(full, "CollectRole", "ReadSecrets")?.Resource.map(flattened)).toEqual([
      "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:named-??????",
      SECRET_ARN,
    ]);
    for (const { Action } of all(template)) {
      expect(Action.filter((action) => /^(?:ssm|secretsmanager|kms):/u.test(action))).toEqual([]);
    }
  });

  it("are decrypted through their service only", () => {
    expect(of(full, "CollectRole", "DecryptSecrets")).toMatchObject({
      Action: ["kms:Decrypt"],
      Resource: [KEY],
      Condition: { StringEquals: { "kms:ViaService": expect.any(Array) as unknown } },
    });
  });
});

describe("the operator's key", () => {
  it("is used through DynamoDB and S3 only", () => {
    for (const { logicalId } of Object.values(manifest)) {
      expect(of(full, `${logicalId}Role`, "UseStorageKey")).toMatchObject({
        Resource: [KEY],
        Condition: { StringEquals: { "kms:ViaService": [anyJoin("dynamodb"), anyJoin("s3")] } },
      });
    }
  });
});

describe("the alarm topic", () => {
  it("is encrypted with a key that lets CloudWatch publish, for this account only", () => {
    template.hasResourceProperties("AWS::SNS::Topic", {
      KmsMasterKeyId: { "Fn::GetAtt": ["AlarmTopicKey", "Arn"] },
    });
    template.hasResourceProperties("AWS::KMS::Key", { EnableKeyRotation: true });
    const cloudwatch = { Service: "cloudwatch.amazonaws.com" };
    const fromHere = { "aws:SourceAccount": { Ref: "AWS::AccountId" } };
    expect(keyStatements(template)).toContainEqual(
      expect.objectContaining({
        Effect: "Allow",
        Principal: cloudwatch,
        Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
        Condition: { StringEquals: fromHere },
      }),
    );
    expect(resourceStatements(template, "AWS::SNS::TopicPolicy")).toContainEqual(
      expect.objectContaining({
        Effect: "Allow",
        Principal: cloudwatch,
        Action: ["sns:Publish"],
        Condition: expect.objectContaining({ StringEquals: fromHere }) as unknown,
      }),
    );
  });

  it("has patterns in its key's policy only where the list says why, and other policies none", () => {
    const patterns = (statements: readonly Statement[]): readonly string[] =>
      statements
        .filter(({ Effect }) => Effect === "Allow")
        .flatMap(({ Action }) => Action)
        .filter((action) => action.includes("*"));
    expect(patterns(keyStatements(full)).toSorted()).toEqual(
      keyWildcards.map(({ action }) => action).toSorted(),
    );
    for (const type of [
      "AWS::S3::BucketPolicy",
      "AWS::SQS::QueuePolicy",
      "AWS::SNS::TopicPolicy",
    ]) {
      expect(patterns(resourceStatements(full, type))).toEqual([]);
    }
  });

  it("lets nobody publish who isn't named", () => {
    const publishers = resourceStatements(template, "AWS::SNS::TopicPolicy").filter(
      ({ Effect }) => Effect === "Allow",
    );
    expect(publishers.map(({ Principal }) => Principal)).toEqual([
      { Service: "cloudwatch.amazonaws.com" },
    ]);
  });
});

function anyJoin(service: string): unknown {
  return {
    "Fn::Join": ["", [`${service}.`, { Ref: "AWS::Region" }, ".", { Ref: "AWS::URLSuffix" }]],
  };
}

/** References in angle brackets. */
function flattened(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const [[kind, given] = []] = Object.entries(value) as [string, unknown][];
  if (kind === "Ref") return `<${String(given)}>`;
  if (kind === "Fn::GetAtt") return `<${(given as string[]).join(".")}>`;
  if (kind === "Fn::Join") return (given as [string, unknown[]])[1].map(flattened).join("");
  return JSON.stringify(value);
}
