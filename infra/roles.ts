/**
 * Roles with exactly what grants.ts says, and nothing that AWS manages for us. What a role may do is
 * part of the role: whoever is started with it has all of it from the first moment.
 */
import { Stack, Validations } from "aws-cdk-lib";
import {
  CfnRole,
  Effect,
  PolicyDocument,
  PolicyStatement,
  Role,
  type IPrincipal,
  type IRole,
} from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { healthKey } from "#adapters/dynamodb/keys.ts";
import { METRIC_NAMESPACE } from "#domain/metric.ts";
import { wildcards, type Grant, type GrantTarget } from "./grants.ts";

/** ARNs (or `*`) of each target; without any the grants on it are left out. */
export type GrantResources = Readonly<Partial<Record<GrantTarget, readonly string[]>>>;

export interface RoleProps {
  readonly logicalId: string;
  readonly assumedBy: IPrincipal;
  readonly description: string;
  readonly pool: string;
  readonly grants: readonly Grant[];
  readonly resources: GrantResources;
}

/** @returns the role, closed to further grants. */
export function roleWith(scope: Construct, props: RoleProps): IRole {
  const { logicalId, assumedBy, description, pool, grants, resources } = props;
  const held = grants.filter(({ on }) => (resources[on] ?? []).length > 0);
  const role = new CfnRole(scope, logicalId, {
    description,
    assumeRolePolicyDocument: new PolicyDocument({
      statements: [new PolicyStatement({ principals: [assumedBy], actions: ["sts:AssumeRole"] })],
    }),
    policies: [
      {
        policyName: "Grants",
        policyDocument: new PolicyDocument({
          statements: held.flatMap((grant) =>
            statements(grant, resources[grant.on] ?? [], { stack: Stack.of(scope), pool }),
          ),
        }),
      },
    ],
  });
  for (const { on, resource, reason } of wildcards) {
    if (!resource.includes("*") || !held.some((grant) => grant.on === on)) continue;
    Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
  }
  return Role.fromRoleArn(scope, `${logicalId}Closed`, role.attrArn, { mutable: false });
}

interface Place {
  readonly stack: Stack;
  readonly pool: string;
}

function statements(grant: Grant, arns: readonly string[], place: Place): PolicyStatement[] {
  const conditions = conditionsOf(grant.on, place);
  const allowed = new PolicyStatement({
    sid: grant.sid,
    actions: [...grant.actions],
    resources: [...arns],
    ...(conditions === undefined ? {} : { conditions }),
  });
  return grant.on === "network-interfaces" ? [allowed, deniedToCode(grant, place)] : [allowed];
}

type Conditions = Record<string, Record<string, string | string[]>>;

function conditionsOf(on: GrantTarget, { stack, pool }: Place): Conditions | undefined {
  const via = (...services: string[]): Conditions => ({
    StringEquals: {
      "kms:ViaService": services.map((name) => `${name}.${stack.region}.${stack.urlSuffix}`),
    },
  });
  if (on === "health-record") {
    return { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": [healthKey(pool).pool.S] } };
  }
  if (on === "metrics") return { StringEquals: { "cloudwatch:namespace": METRIC_NAMESPACE } };
  if (on === "storage-key") return via("dynamodb", "s3");
  if (on === "secret-keys") return via("ssm", "secretsmanager");
  return undefined;
}

/** Lambda makes network interfaces with the function's role; the function's code has no use for it. */
function deniedToCode({ sid, actions }: Grant, { stack }: Place): PolicyStatement {
  const { partition, region, account } = stack;
  return new PolicyStatement({
    sid: `${sid}NotFromCode`,
    effect: Effect.DENY,
    actions: [...actions],
    resources: ["*"],
    conditions: {
      ArnLike: {
        "lambda:SourceFunctionArn": `arn:${partition}:lambda:${region}:${account}:function:*`,
      },
    },
  });
}
