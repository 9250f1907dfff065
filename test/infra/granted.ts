/**
 * What the roles of a synthesised template may do, as pairs of an action and what it is on, apart by
 * who uses them: our own code, or a service in the function's name.
 */
import type { Template } from "aws-cdk-lib/assertions";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import type { Call } from "#test/support/record-calls.ts";
import { roleStatements } from "./synthesised.ts";

export interface Granted {
  readonly action: string;
  /** As calls are recorded; else the resource as the template names it. */
  readonly on: string;
  /** nobody: neither an adapter's kind of action nor in the list of services. */
  readonly by: "code" | "service" | "nobody";
}

export interface ServiceActions {
  readonly actions: readonly string[];
  /** The resource, as the template names it. */
  readonly on: RegExp;
  readonly reason: string;
}

/** Grants that no adapter asks for, because a service acts in the function's name. */
export const SERVICE_ACTIONS: readonly ServiceActions[] = [
  {
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    on: /^<(?:Rebalance|Collect|HealthCheck)Log\.Arn>/u,
    reason: "Lambda writes the function's log",
  },
  {
    actions: ["sqs:SendMessage"],
    on: /^<DeadLetterQueue\.Arn>$/u,
    reason: "Lambda keeps an invocation that failed for good",
  },
  {
    actions: [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ],
    on: /^arn:aws:kms:/u,
    reason: "services that keep data use the operator's key in the caller's name",
  },
  {
    actions: [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ],
    on: /^\*$/u,
    reason: "Lambda makes the network interfaces of a pool in a VPC",
  },
];

/** Resources that our own code is let to, by how the template names them. */
const OWN: readonly (readonly [on: string, resource: RegExp])[] = [
  ["leases", /^<LeaseTable\.Arn>$/u],
  ["targets", /^<TargetTable\.Arn>$/u],
  ["samples", /^<SampleBucket\.Arn>\/samples\/\*$/u],
  ["collect-function", /^<Collect\.Arn>$/u],
  ["parameters", /^arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter\//u],
  ["secrets", /^arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:/u],
];

export function granted(template: Template, name: FunctionName): readonly Granted[] {
  const statements = roleStatements(template).get(roleOf(template, name)) ?? [];
  return statements
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action, Resource }) =>
      Resource.map(resourceName).flatMap((resource) =>
        Action.map((action) => grantOf(action, resource)),
      ),
    );
}

function grantOf(action: string, resource: string): Granted {
  if (SERVICE_ACTIONS.some((known) => known.actions.includes(action) && known.on.test(resource)))
    return { action, on: resource, by: "service" };
  // The one action of ours that knows no resource.
  if (action === "cloudwatch:PutMetricData" && resource === "*")
    return { action, on: "metrics", by: "code" };
  const on = OWN.find(([, pattern]) => pattern.test(resource))?.[0];
  return on === undefined ? { action, on: resource, by: "nobody" } : { action, on, by: "code" };
}

/** The role that the function itself names. */
function roleOf(template: Template, name: FunctionName): string {
  const made = template.findResources("AWS::Lambda::Function")[manifest[name].logicalId];
  const role = /"Role":\{"Fn::GetAtt":\["(?<id>\w+)","Arn"\]\}/u.exec(JSON.stringify(made));
  const id = role?.groups?.["id"];
  if (id === undefined) throw new Error(`${name} has no role of the template's`);
  return id;
}

/** References in angle brackets. */
function resourceName(value: unknown): string {
  if (typeof value === "string") return value;
  const text = JSON.stringify(value);
  const ref = /^\{"Ref":"([\w:]+)"\}$/u.exec(text)?.[1];
  if (ref !== undefined) return `<${ref}>`;
  const [, of, attribute] = /^\{"Fn::GetAtt":\["(\w+)","(\w+)"\]\}$/u.exec(text) ?? [];
  if (of !== undefined) return `<${of}.${attribute ?? ""}>`;
  if (typeof value === "object" && value !== null && "Fn::Join" in value) {
    const join = value["Fn::Join"];
    if (Array.isArray(join) && Array.isArray(join[1])) return join[1].map(resourceName).join("");
  }
  return text;
}

type Asked = ReadonlyMap<FunctionName, ReadonlyMap<string, readonly Call[]>>;

/** Function, action, resource, and who needs it: a line each. */
export function grantTable(
  names: readonly FunctionName[],
  template: Template,
  asked: Asked,
): string {
  const rows = names.flatMap((name) =>
    granted(template, name).map(({ action, on, by }) => {
      const methods = [...(asked.get(name) ?? [])]
        .filter(([, calls]) => calls.some((call) => call.action === action && call.on === on))
        .map(([method]) => method);
      const service = SERVICE_ACTIONS.find((known) => known.actions.includes(action))?.reason;
      const why = by === "code" ? methods.toSorted().join(" ") : (service ?? "nobody");
      return [name, action, on, why] as const;
    }),
  );
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "))
    .join("\n");
}
