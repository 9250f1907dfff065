/**
 * Who may do what: every permission that the stack gives, as data, with its reason. roles.ts makes
 * statements of it; a test compares it with the calls that the adapters really make.
 *
 * `by` says who makes the call: our own code through an adapter, or a service on the function's
 * behalf (with the function's role, but not from its code).
 */
import type { FunctionName } from "#functions/manifest.ts";

/** What a permission is on; the stack knows which resources these are. */
export type GrantTarget =
  | "leases"
  | "health-record"
  | "targets"
  | "samples"
  | "collect-function"
  | "scheduled-functions"
  | "log"
  | "dead-letters"
  | "metrics"
  | "parameters"
  | "secrets"
  | "secret-keys"
  | "storage-key"
  | "network-interfaces";

export interface Grant {
  /** Name of the statement in the policy. */
  readonly sid: string;
  readonly actions: readonly string[];
  readonly on: GrantTarget;
  readonly by: "adapter" | "service";
  readonly reason: string;
}

const log: Grant = {
  sid: "WriteItsLog",
  actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
  on: "log",
  by: "service",
  reason: "Lambda writes what the function prints, to that function's own log group",
};

const deadLetter: Grant = {
  sid: "SendFailedInvocations",
  actions: ["sqs:SendMessage"],
  on: "dead-letters",
  by: "service",
  reason: "Lambda sends an asynchronous invocation that failed for good, with its error",
};

/** Only where the operator's own key encrypts tables and chunks. */
const storageKey: Grant = {
  sid: "UseStorageKey",
  actions: [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ],
  on: "storage-key",
  by: "service",
  reason: "DynamoDB and S3 use the operator's key in the name of whoever reads and writes",
};

/** What each function's role may do. Where the target has no resources, the grant isn't there. */
export const functionGrants: Readonly<Record<FunctionName, readonly Grant[]>> = {
  rebalance: [
    {
      sid: "PlanLeases",
      actions: [
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
      ],
      on: "leases",
      by: "adapter",
      reason: "makes, moves and removes leases and promises; reads requests",
    },
    {
      sid: "StartCollectors",
      actions: ["lambda:InvokeFunction"],
      on: "collect-function",
      by: "adapter",
      reason: "starts a collector for a lease with due work",
    },
    log,
    storageKey,
  ],
  collect: [
    {
      sid: "OwnLeases",
      actions: ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"],
      on: "leases",
      by: "adapter",
      reason: "owns, renews, gives and releases its lease; reads and removes requests",
    },
    {
      sid: "CommitSchedules",
      actions: ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"],
      on: "targets",
      by: "adapter",
      reason: "reads a slot's targets and moves its watermarks",
    },
    {
      sid: "KeepSamples",
      actions: ["s3:GetObject", "s3:PutObject"],
      on: "samples",
      by: "adapter",
      reason:
        "puts a chunk; on a 412 looks whether the object is its own (HeadObject is GetObject)",
    },
    {
      sid: "ReadParameters",
      actions: ["ssm:GetParameter"],
      on: "parameters",
      by: "adapter",
      reason: "secrets that targets name with $ref: ssm:…, as far as the operator listed them",
    },
    {
      sid: "ReadSecrets",
      actions: ["secretsmanager:GetSecretValue"],
      on: "secrets",
      by: "adapter",
      reason: "secrets that targets name with $ref: secretsmanager:…, as far as listed",
    },
    {
      sid: "DecryptSecrets",
      actions: ["kms:Decrypt"],
      on: "secret-keys",
      by: "service",
      reason: "SSM and Secrets Manager decrypt in the caller's name where a customer's key is used",
    },
    {
      sid: "JoinVpc",
      actions: [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
      ],
      on: "network-interfaces",
      by: "service",
      reason: "Lambda makes and removes the network interfaces that collectors share",
    },
    log,
    deadLetter,
    storageKey,
  ],
  "health-check": [
    {
      sid: "ReadLeases",
      actions: ["dynamodb:GetItem", "dynamodb:Query"],
      on: "leases",
      by: "adapter",
      reason: "reads the fleet, its leases, refused configuration and what it remembers",
    },
    {
      sid: "ReadSchedules",
      actions: ["dynamodb:Query"],
      on: "targets",
      by: "adapter",
      reason: "reads watermarks and the targets of slots to audit them",
    },
    {
      sid: "RememberHealth",
      actions: ["dynamodb:PutItem"],
      on: "health-record",
      by: "adapter",
      reason: "keeps what it found between runs, in a partition of its own beside the leases",
    },
    {
      sid: "PublishMetrics",
      actions: ["cloudwatch:PutMetricData"],
      on: "metrics",
      by: "adapter",
      reason: "publishes the pool's metrics",
    },
    log,
    storageKey,
  ],
};

/** What the role of EventBridge Scheduler may do. */
export const scheduleGrants: readonly Grant[] = [
  {
    sid: "RunOnSchedule",
    actions: ["lambda:InvokeFunction"],
    on: "scheduled-functions",
    by: "service",
    reason: "invokes rebalance and health-check",
  },
  {
    sid: "SendMissedRuns",
    actions: ["sqs:SendMessage"],
    on: "dead-letters",
    by: "service",
    reason: "keeps a run that could not be handed to Lambda",
  },
];

export interface Wildcard {
  readonly on: GrantTarget;
  /** As the AWS solutions pack writes it: references in angle brackets. */
  readonly resource: string;
  readonly reason: string;
}

/** Every pattern in the policies of the roles, and why it can't be less. */
export const wildcards: readonly Wildcard[] = [
  {
    on: "samples",
    resource: "<SampleBucket.Arn>/samples/*",
    reason:
      "A chunk's key carries its time, lease and sequence; the prefix is all that is known before.",
  },
  {
    on: "metrics",
    resource: "*",
    reason:
      "PutMetricData knows no resource; a condition limits it to the namespace of our own metrics.",
  },
  {
    on: "network-interfaces",
    resource: "*",
    reason:
      "Network interfaces have no name before they are made, and Describe calls know no resource; the function's own code is denied them.",
  },
  {
    on: "secrets",
    resource: "-??????",
    reason:
      "Secrets Manager appends a hyphen and six random characters to a secret's name; give its ARN to do without.",
  },
];

/** Patterns among the actions of the alarm topic's key: the only policy of a resource that has any. */
export const keyWildcards: readonly { readonly action: string; readonly reason: string }[] = [
  {
    action: "kms:*",
    reason: "The account's administrators: without this nobody could manage or delete the key.",
  },
  {
    action: "kms:GenerateDataKey*",
    reason: "What SNS documents for services that publish to an encrypted topic.",
  },
];
