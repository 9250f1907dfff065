/**
 * What is deployed, as the synthesised template says it: the alarms, the functions' variables, and
 * what becomes of their asynchronous invocations.
 *
 * Without bundling: what runs in a rehearsal is the use cases, on this process's own modules.
 */
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import * as z from "zod";
import type { AlarmRule } from "#domain/alarm/definition.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { readSettings } from "../../infra/settings.ts";
import { LamplighterStack } from "../../infra/stack.ts";
import { alarmsFromTemplate } from "./alarm-template.ts";

export interface AsyncSettings {
  readonly retriesMax: number;
  readonly ageMaxMs: number;
  /** Whether what failed for good goes to the dead-letter queue. */
  readonly hasDeadLetters: boolean;
}

export interface Deployed {
  readonly alarms: readonly AlarmRule[];
  readonly pool: string;
  readonly collectors: number;
  readonly slotsLog2: number;
  readonly leaseTtlMs: number;
  readonly longestTimeoutMs: number;
  readonly chunkEveryMs: number;
  readonly invocation: Readonly<Record<FunctionName, AsyncSettings>>;
  /** How long a dead letter lies in the queue. */
  readonly deadLettersKeptMs: number;
}

const variables = z.object({
  Properties: z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) }),
});
const invocation = z.object({
  Properties: z.object({
    FunctionName: z.object({ Ref: z.string() }),
    MaximumRetryAttempts: z.int(),
    MaximumEventAgeInSeconds: z.int(),
    DestinationConfig: z.object({ OnFailure: z.unknown() }).optional(),
  }),
});
const queue = z.object({ Properties: z.object({ MessageRetentionPeriod: z.int() }) });
const wholeNumber = z.coerce.number().int();

/** Settings as an operator gives them: `-c name=value`. */
export type Context = Readonly<Record<string, string>>;

const made = new Map<string, Deployed>();

/** Synthesised once for the same settings. */
export function deployed(context: Context): Deployed {
  const key = JSON.stringify(context);
  const known = made.get(key) ?? synthesised(context);
  made.set(key, known);
  return known;
}

function synthesised(context: Context): Deployed {
  const app = new App({ context: { "aws:cdk:bundling-stacks": [], ...context } });
  const template = Template.fromStack(
    new LamplighterStack(app, { settings: readSettings(context) }),
  );
  const environment = (logicalId: string): Record<string, unknown> =>
    variables.parse(template.findResources("AWS::Lambda::Function")[logicalId]).Properties
      .Environment.Variables;
  const rebalance = environment(manifest.rebalance.logicalId);
  const collect = environment(manifest.collect.logicalId);
  const configured = Object.values(template.findResources("AWS::Lambda::EventInvokeConfig")).map(
    (resource) => invocation.parse(resource).Properties,
  );
  const asyncOf = (logicalId: string): AsyncSettings => {
    const found = configured.find(({ FunctionName: { Ref } }) => Ref === logicalId);
    if (found === undefined) throw new Error(`${logicalId} has no asynchronous settings`);
    return {
      retriesMax: found.MaximumRetryAttempts,
      ageMaxMs: found.MaximumEventAgeInSeconds * 1_000,
      hasDeadLetters: found.DestinationConfig !== undefined,
    };
  };
  const kept = queue.parse(template.findResources("AWS::SQS::Queue")["DeadLetterQueue"]);
  return {
    alarms: alarmsFromTemplate(template.toJSON()),
    deadLettersKeptMs: kept.Properties.MessageRetentionPeriod * 1_000,
    pool: z.string().parse(collect["LAMPLIGHTER_POOL"]),
    collectors: wholeNumber.parse(rebalance["COLLECTORS"]),
    slotsLog2: wholeNumber.parse(rebalance["SLOTS_LOG2"]),
    leaseTtlMs: wholeNumber.parse(collect["LEASE_TTL_MS"]),
    longestTimeoutMs: wholeNumber.parse(collect["LONGEST_TIMEOUT_MS"]),
    chunkEveryMs: wholeNumber.parse(collect["CHUNK_EVERY_MS"]),
    invocation: {
      rebalance: asyncOf(manifest.rebalance.logicalId),
      collect: asyncOf(manifest.collect.logicalId),
      "health-check": asyncOf(manifest["health-check"].logicalId),
    },
  };
}
