/** `lamplighter up`: a local system, from one command. */
import type { Command } from "commander";
import { InvalidInputError } from "#domain/errors.ts";
import { describeCadence, parseCadence, type Cadence } from "#domain/cadence.ts";
import { parseDuration } from "#domain/duration.ts";
import { limits } from "#domain/limits.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { SLOTS_LOG2_MAX } from "#domain/slot.ts";
import type { DurationMs } from "#domain/units.ts";
import { parseEngineListen, type EngineListen } from "#local/engine-listen.ts";
import {
  contextOf,
  parseCount,
  parsedBy,
  POOL_DEFAULT,
  type Cli,
  type Context,
  type GlobalOptions,
} from "../context.ts";
import { STACK_KEY } from "../stack-choice.ts";
import type { UpSettings } from "./up/run.ts";

interface UpOptions {
  readonly endpoints?: string;
  readonly demo?: number;
  readonly slotsLog2?: number;
  readonly collectors?: number;
  readonly leaseTtl?: DurationMs;
  readonly duplicateDeliveries: number;
  readonly policyAlerting?: Cadence;
  readonly policyStandard?: Cadence;
  readonly storeListen?: EngineListen;
  readonly functions: boolean;
  readonly view: boolean;
}

const DEMO_TARGETS_MAX = 1_000_000;
const LEASE_TTL_MIN_MS = 3_000;
const LEASE_TTL_MAX_MS = 300_000;

export function registerUp(program: Command, cli: Cli): void {
  program
    .command("up")
    .description("start a local system: engine, tables, functions, and a live view")
    .option("--endpoints <dir>", "capture what the .yml files in this folder say; watched")
    .option(
      "--demo <n>",
      "capture n demo endpoints of mixed latency, errors and time-outs",
      parsedBy(parseCount(1, DEMO_TARGETS_MAX)),
    )
    .option(
      "--collectors <n>",
      "how many collectors are wanted (default: 2)",
      parsedBy(parseCount(1, limits.leasesMax)),
    )
    .option(
      "--slots-log2 <k>",
      "2^k slots, for the pool's life (default: 6)",
      parsedBy(parseCount(0, SLOTS_LOG2_MAX)),
    )
    .option(
      "--lease-ttl <span>",
      "how long a lease outlives its collector (default: 10s)",
      parsedBy(parseTtl),
    )
    .option(
      "--policy-alerting <cadence>",
      `what the policy \`alerting\` means (default: ${describeCadence(POLICIES_DEFAULT.alerting)})`,
      parsedBy(asCadence),
    )
    .option(
      "--policy-standard <cadence>",
      `what the policy \`standard\` means (default: ${describeCadence(POLICIES_DEFAULT.standard)})`,
      parsedBy(asCadence),
    )
    .option(
      "--duplicate-deliveries <chance>",
      "deliver asynchronous invocations twice, 0 to 1",
      parsedBy(parseChance),
      0,
    )
    .option(
      "--store-listen <[address:]port>",
      "where the store listens, for containers (default: a free port of loopback)",
      parsedBy(parseEngineListen),
    )
    .option("--no-functions", "no function runs but what is invoked by hand")
    .option("--no-view", "lines instead of a live view")
    .addHelpText("after", EXAMPLES)
    .action(async (options: UpOptions, command: Command) => {
      const context = contextOf(cli, command);
      await warnOfStack(context);
      const { up } = await import("./up/run.ts");
      cli.settle(await up(context, settingsOf(options, context.options)));
    });
}

/** Other commands in the same shell would look elsewhere. */
async function warnOfStack({ options: { stack, data }, warn }: Context): Promise<void> {
  if (stack?.from !== STACK_KEY) return;
  const text = `${STACK_KEY}=${stack.name} is set: other commands work on that stack, and on this system with --data ${data}`;
  await warn(text);
}

function settingsOf(options: UpOptions, global: GlobalOptions): UpSettings {
  const { slotsLog2, collectors, leaseTtl: leaseTtlMs, duplicateDeliveries, view } = options;
  const { storeListen, functions } = options;
  if (global.stack?.from === "--stack") {
    throw new InvalidInputError({
      where: "up",
      found: `--stack ${global.stack.name}`,
      expected: "no --stack: `up` starts a local system",
    });
  }
  return {
    data: global.data,
    pool: global.pool ?? POOL_DEFAULT,
    source: sourceOf(options),
    ...(slotsLog2 !== undefined && { slotsLog2 }),
    ...(collectors !== undefined && { collectors }),
    ...(leaseTtlMs !== undefined && { leaseTtlMs }),
    duplicateDeliveries,
    ...(storeListen !== undefined && { storeListen }),
    functions,
    policies: {
      alerting: options.policyAlerting ?? POLICIES_DEFAULT.alerting,
      standard: options.policyStandard ?? POLICIES_DEFAULT.standard,
    },
    view,
  };
}

function asCadence(text: string): Cadence {
  return parseCadence(text);
}

function sourceOf({ endpoints, demo }: UpOptions): UpSettings["source"] {
  if (endpoints !== undefined && demo !== undefined) {
    throw new InvalidInputError({
      where: "up",
      found: "both --endpoints and --demo",
      expected: "one of them",
    });
  }
  if (endpoints !== undefined) return { kind: "endpoints", dir: endpoints };
  return demo === undefined ? { kind: "default" } : { kind: "demo", count: demo };
}

function parseTtl(text: string): DurationMs {
  const ttl = parseDuration(text, "--lease-ttl");
  if (ttl >= LEASE_TTL_MIN_MS && ttl <= LEASE_TTL_MAX_MS) return ttl;
  throw new InvalidInputError({ where: "--lease-ttl", found: text, expected: "from 3s to 5m" });
}

function parseChance(text: string): number {
  const chance = /^(?:0|1|0?\.\d+|1\.0+)$/u.test(text) ? Number(text) : Number.NaN;
  if (chance >= 0 && chance <= 1) return chance;
  throw new InvalidInputError({
    where: "--duplicate-deliveries",
    found: JSON.stringify(text),
    expected: "a chance from 0 to 1, e.g. 0.1",
  });
}

const EXAMPLES = `
Without --endpoints and --demo it captures a few built-in endpoints on this machine, or what was
registered on this data folder before. Ctrl-C stops in order, twice at once.
The store asks for no password: who reaches --store-listen can read and change everything in it.

Examples:
  lamplighter up
  lamplighter up --endpoints ./endpoints
  lamplighter up --demo 1000 --collectors 4
  lamplighter up --data /tmp/try --endpoints ./endpoints --no-view
  lamplighter up --no-functions --store-listen 8000      a store for functions that run in containers
`;
