/** What the stand-in says is deployed, beside the template that it was deployed from. */
import { CloudFormationClient, DescribeStackResourcesCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation"; // prettier-ignore
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { ACCOUNT, REGION } from "./environment.ts";
import { places } from "./places.ts";
import { resolved, type DeployedNames } from "./template-values.ts";

export const STACK = "Lamplighter";

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z.record(z.string(), z.unknown()).default({}),
      Metadata: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
});

export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  /** With references replaced by what is deployed. */
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface DeployedStack {
  readonly status: string;
  output(key: string): string;
  resources(type: string): readonly StackResource[];
  /** Types of the template that the stand-in made nothing of. */
  skippedTypes(): readonly string[];
  /** Folder of the function's bundle. */
  bundleOf(logicalId: string): string;
}

export async function deployedStack(): Promise<DeployedStack> {
  const file = join(places.assembly, `${STACK}.template.json`);
  const template = templateSchema.parse(JSON.parse(await readFile(file, "utf8")));
  const client = new CloudFormationClient();
  try {
    const { Stacks: [stack] = [] } = await client.send(
      new DescribeStacksCommand({ StackName: STACK }),
    );
    const { StackResources = [] } = await client.send(
      new DescribeStackResourcesCommand({ StackName: STACK }),
    );
    const outputs = new Map(stack?.Outputs?.map((each) => [each.OutputKey, each.OutputValue]));
    const physical = new Map(
      StackResources.flatMap((each): [string, string][] =>
        each.LogicalResourceId === undefined || each.PhysicalResourceId === undefined
          ? []
          : [[each.LogicalResourceId, each.PhysicalResourceId]],
      ),
    );
    const made = new Set(StackResources.map(({ ResourceType }) => ResourceType));
    const names = namesOf(template, physical);
    return {
      status: stack?.StackStatus ?? "not there",
      output(key) {
        const value = outputs.get(key);
        if (value === undefined) throw new Error(`stack ${STACK} has no output ${key}`);
        return value;
      },
      resources: (type) =>
        Object.entries(template.Resources)
          .filter(([, resource]) => resource.Type === type)
          .map(([logicalId, { Properties }]) => ({
            logicalId,
            type,
            properties: record.parse(resolved(Properties, names)),
          })),
      skippedTypes: () =>
        [...new Set(Object.values(template.Resources).map(({ Type }) => Type))]
          .filter((type) => !made.has(type))
          .sort(),
      bundleOf(logicalId) {
        const asset = template.Resources[logicalId]?.Metadata["aws:asset:path"];
        return join(places.assembly, z.string().parse(asset));
      },
    };
  } finally {
    client.destroy();
  }
}

const record = z.record(z.string(), z.unknown());
type Template = z.output<typeof templateSchema>;

function namesOf(template: Template, physical: ReadonlyMap<string, string>): DeployedNames {
  const attributes = new Map<string, ReadonlyMap<string, string>>();
  for (const [logicalId, { Type }] of Object.entries(template.Resources)) {
    const id = physical.get(logicalId);
    if (id !== undefined) attributes.set(logicalId, attributesOf(Type, id));
  }
  const pseudo: [string, string][] = [
    ["AWS::AccountId", ACCOUNT],
    ["AWS::Region", REGION],
    ["AWS::Partition", "aws"],
    ["AWS::StackName", STACK],
    ["AWS::URLSuffix", "amazonaws.com"],
  ];
  return { references: new Map([...physical, ...pseudo]), attributes };
}

/** As AWS makes them of a resource's name ("Amazon Resource Names", 2026-11). */
function attributesOf(type: string, id: string): ReadonlyMap<string, string> {
  const arn = (service: string, rest: string): [string, string] => [
    "Arn",
    `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`,
  ];
  switch (type) {
    case "AWS::Lambda::Function":
      return new Map([arn("lambda", `function:${id}`)]);
    case "AWS::DynamoDB::Table":
      return new Map([arn("dynamodb", `table/${id}`)]);
    case "AWS::Logs::LogGroup":
      return new Map([arn("logs", `log-group:${id}:*`)]);
    case "AWS::KMS::Key":
      return new Map([arn("kms", `key/${id}`)]);
    case "AWS::S3::Bucket":
      return new Map([["Arn", `arn:aws:s3:::${id}`]]);
    case "AWS::IAM::Role":
      return new Map([["Arn", `arn:aws:iam::${ACCOUNT}:role/${id}`]]);
    case "AWS::SQS::Queue": {
      // What Ref gives is the queue's address.
      const name = id.slice(id.lastIndexOf("/") + 1);
      return new Map([arn("sqs", name), ["QueueName", name]]);
    }
    default:
      return new Map();
  }
}
