/**
 * Which actions the adapters ask AWS for, as IAM names them, by the method of the port that was
 * called: every client's `send` is listened to, whoever made the client.
 *
 * Holds: a call counts for the method whose promise it was made in; calls outside of any (a test
 *        that prepares something) don't count. A command that isn't known here is an error.
 * Source: Service Authorization Reference (read 2026-11): TransactWriteItems is authorised by the
 *         actions of its items, BatchWriteItem by itself; HeadObject is s3:GetObject.
 */
import { DynamoDBClient, type TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { AsyncLocalStorage } from "node:async_hooks";

/** What an action is on; the tests say which tables, buckets and functions are which. */
export type CallTarget =
  | "leases"
  | "targets"
  | "samples"
  | "collect-function"
  | "rebalance-function"
  | "metrics"
  | "parameters"
  | "secrets";

export interface Call {
  readonly action: string;
  readonly on: CallTarget;
}

export interface CallRecorder {
  /** Resources by name: of tables, buckets and functions. */
  readonly names: Map<string, CallTarget>;
  /** The same object, its methods listened to as `<port>.<method>`. */
  port<Port extends object>(name: string, port: Port): Port;
  /** Runs `work`; calls in it that are in no port's method count for `during`. */
  run<Out>(during: string, work: () => Promise<Out>): Promise<Out>;
  /** By what they were made during, sorted, each once. */
  calls(): ReadonlyMap<string, readonly Call[]>;
  /** What could not be understood. */
  readonly problems: readonly string[];
  stop(): void;
}

type Input = Readonly<Record<string, unknown>>;

const ITEM_ACTIONS: readonly (readonly [keyof TransactWriteItem, string])[] = [
  ["ConditionCheck", "dynamodb:ConditionCheckItem"],
  ["Put", "dynamodb:PutItem"],
  ["Update", "dynamodb:UpdateItem"],
  ["Delete", "dynamodb:DeleteItem"],
];

interface Command {
  readonly action: string;
  /** The field of its input that names the resource. */
  readonly field?: string;
  /** Where there is only one of its kind. */
  readonly on?: CallTarget;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  GetItemCommand: { action: "dynamodb:GetItem", field: "TableName" },
  PutItemCommand: { action: "dynamodb:PutItem", field: "TableName" },
  UpdateItemCommand: { action: "dynamodb:UpdateItem", field: "TableName" },
  DeleteItemCommand: { action: "dynamodb:DeleteItem", field: "TableName" },
  QueryCommand: { action: "dynamodb:Query", field: "TableName" },
  PutObjectCommand: { action: "s3:PutObject", field: "Bucket" },
  GetObjectCommand: { action: "s3:GetObject", field: "Bucket" },
  HeadObjectCommand: { action: "s3:GetObject", field: "Bucket" },
  ListObjectsV2Command: { action: "s3:ListBucket", field: "Bucket" },
  InvokeCommand: { action: "lambda:InvokeFunction", field: "FunctionName" },
  PutMetricDataCommand: { action: "cloudwatch:PutMetricData", on: "metrics" },
  GetParameterCommand: { action: "ssm:GetParameter", on: "parameters" },
  GetSecretValueCommand: { action: "secretsmanager:GetSecretValue", on: "secrets" },
};

interface Sender {
  send(command: { readonly input: unknown }, ...rest: unknown[]): unknown;
}

/** All clients of the SDK inherit `send` from one class. */
function senderOf(): Sender {
  const base: unknown = Object.getPrototypeOf(DynamoDBClient.prototype);
  // The class isn't exported by anything that we depend on.
  if (typeof base === "object" && base !== null && Object.hasOwn(base, "send"))
    return base as Sender;
  throw new Error("the SDK's clients have no common send any more");
}

export function recordCalls(): CallRecorder {
  const during = new AsyncLocalStorage<string>();
  const names = new Map<string, CallTarget>();
  const recorded = new Map<string, Map<string, Call>>();
  const problems: string[] = [];
  const base = senderOf();
  const original = base.send;

  function record(method: string, command: { readonly input: unknown }): void {
    const known = recorded.get(method) ?? new Map<string, Call>();
    recorded.set(method, known);
    for (const { action, resource, on = names.get(resource) } of actionsOf(command)) {
      if (on === undefined) problems.push(`${method}: ${action} on ${resource}, which is unknown`);
      else known.set(`${on} ${action}`, { action, on });
    }
  }

  base.send = function listening(command, ...rest): unknown {
    const method = during.getStore();
    if (method !== undefined) record(method, command);
    return original.call(this, command, ...rest);
  };

  return {
    names,
    problems,
    port: (name, port) =>
      new Proxy(port, {
        get(target, property) {
          const member: unknown = Reflect.get(target, property);
          if (typeof member !== "function") return member;
          return (...args: unknown[]): unknown =>
            during.run(
              `${name}.${String(property)}`,
              (): unknown => Reflect.apply(member, target, args) as unknown,
            );
        },
      }),
    run: (name, work) => during.run(name, work),
    calls: () =>
      new Map([...recorded].map(([method, calls]) => [method, [...calls.values()]] as const)),
    stop() {
      base.send = original;
    },
  };
}

interface Action {
  readonly action: string;
  readonly resource: string;
  readonly on?: CallTarget;
}

function actionsOf(command: { readonly input: unknown }): readonly Action[] {
  const name = command.constructor.name;
  // Every command's input is an object.
  const input = command.input as Input;
  if (name === "TransactWriteItemsCommand") return transacted(input["TransactItems"]);
  if (name === "BatchWriteItemCommand") {
    const tables = Object.keys(input["RequestItems"] as Input); // By table name.
    return tables.map((resource) => ({ action: "dynamodb:BatchWriteItem", resource }));
  }
  const known = COMMANDS[name];
  if (known === undefined) return [{ action: name, resource: "a command that isn't in the list" }];
  const { action, field, on } = known;
  const resource = field === undefined ? "" : String(input[field]);
  return [{ action, resource, ...(on !== undefined && { on }) }];
}

/** @param items made by an adapter, and checked by its types there. */
function transacted(items: unknown): readonly Action[] {
  return (items as readonly TransactWriteItem[]).flatMap((item) =>
    ITEM_ACTIONS.flatMap(([kind, action]) => {
      const resource = item[kind]?.TableName;
      return resource === undefined ? [] : [{ action, resource }];
    }),
  );
}
