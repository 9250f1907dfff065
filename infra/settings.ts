/**
 * The operator's choices: context values (`-c name=value`, or `context` in cdk.json), checked when
 * the stack is synthesised. A bad value is refused with its name, what was found and what is allowed,
 * all of them at once.
 *
 * In:    the app's whole context                          Out: Settings
 * Holds: a pool has no more collectors than slots, nor than maxSpendPerHour pays for.
 * Fails: InvalidSettingsError, for a name that is nearly one of ours, too.
 */
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import * as z from "zod";
import type { Cadence } from "#domain/cadence.ts";
import { suggest } from "#domain/suggest.ts";
import type { DurationMs } from "#domain/units.ts";
import { manifest } from "#functions/manifest.ts";
import {
  collectorPerHour,
  gigabytes,
  prices,
  SECONDS_PER_HOUR,
  type Architecture,
} from "./prices.ts";
import { fields } from "./settings-fields.ts";

/** Where collectors run that capture what only a VPC can see. */
export interface VpcSettings {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  /** None: the stack makes one that lets everything out and nothing in. */
  readonly securityGroupIds: readonly string[];
  /** Those of the subnets: the gateway endpoints of DynamoDB and S3 are put into them. */
  readonly routeTableIds: readonly string[];
  /** Whether the stack makes those that the secrets need. */
  readonly interfaceEndpoints: boolean;
}

export interface Settings {
  readonly pool: string;
  readonly slotsLog2: number;
  /** Wanted, and at most. */
  readonly collectors: number;
  readonly leaseTtlMs: DurationMs;
  readonly longestTimeoutMs: DurationMs;
  readonly chunkEveryMs: DurationMs;
  /** The one that alarms are derived from: the shortest that someone is woken up for. */
  readonly cadence: Cadence;
  /** How many of its periods a target may wait before lag is alarmed. */
  readonly waitMultiplier: number;
  /** US dollars: what the collectors may cost. */
  readonly maxSpendPerHour: number;
  readonly reserveConcurrency: boolean;
  readonly architecture: Architecture;
  /** Of tables and chunks; undefined: keys that AWS owns. */
  readonly encryptionKeyArn: string | undefined;
  readonly vpc: VpcSettings | undefined;
  readonly alarmEmail: string | undefined;
  readonly logRetentionDays: RetentionDays;
  readonly sampleRetentionDays: number;
  /** `ssm:…` and `secretsmanager:…` that collectors may read. */
  readonly secrets: readonly string[];
  /** Customer keys that those secrets are encrypted with. */
  readonly secretKeyArns: readonly string[];
  readonly allowPrivate: boolean;
  readonly perHostMax: number;
  readonly perHostGapMs: DurationMs;
  readonly logLevel: string;
}

export class InvalidSettingsError extends Error {
  override readonly name = "InvalidSettingsError";
  /** One line each: `name: found …, expected …`. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `${problems.length} of the settings can't be used (-c name=value, or context in cdk.json):\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

type Context = Readonly<Record<string, unknown>>;
type Raw = z.output<typeof base>;
type Refuse = (name: keyof Raw, found: unknown, expected: string) => void;

const base = z.object(fields);
const names = Object.keys(fields);

// Rules between settings are checked beside those of each, so that all is told at once: each looks
// only at what was readable.
const schema = base.check(
  z.superRefine(
    (found, context) => {
      const unreadable = new Set(context.issues.map(({ path }) => String(path?.[0])));
      const refuse: Refuse = (name, input, message) => {
        context.issues.push({ code: "custom", path: [name], input, message });
      };
      if (!unreadable.has("collectors")) checkCollectors(found, unreadable, refuse);
      checkVpc(found, unreadable, refuse);
    },
    { when: () => true },
  ),
);

/** @throws InvalidSettingsError with every problem there is. */
export function readSettings(context: Context): Settings {
  const given = Object.fromEntries(
    names.filter((name) => isGiven(context[name])).map((name) => [name, context[name]]),
  );
  const parsed = schema.safeParse(given);
  const problems = [
    ...misspelt(context),
    ...(parsed.error?.issues ?? []).map((issue) => problemOf(issue, given)),
  ];
  if (!parsed.success || problems.length > 0) throw new InvalidSettingsError(problems);
  return settingsOf(parsed.data);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function problemOf({ path, message }: z.core.$ZodIssue, given: Context): string {
  const name = String(path[0]);
  const found = name in given ? JSON.stringify(given[name]) : foundByDefault(name);
  return `${name}: found ${found}, expected ${message}`;
}

function foundByDefault(name: string): string {
  const value = Object.entries(base.parse({})).find(([key]) => key === name)?.[1];
  return value === undefined || (Array.isArray(value) && value.length === 0)
    ? "nothing"
    : JSON.stringify(value);
}

/** Context is everybody's, so only what is nearly one of our names is surely meant for us. */
function misspelt(context: Context): string[] {
  return Object.keys(context)
    .filter((name) => !names.includes(name) && /^[A-Za-z_-]+$/u.test(name))
    .flatMap((name) => {
      const meant = suggest(name, names);
      return meant === undefined
        ? []
        : [
            `${name}: found ${JSON.stringify(name)}, expected a known setting: did you mean ${meant}?`,
          ];
    });
}

function checkCollectors(
  { collectors, slots, architecture, maxSpendPerHour }: Raw,
  unreadable: ReadonlySet<string>,
  refuse: Refuse,
): void {
  if (!unreadable.has("slots") && collectors > slots) {
    refuse(
      "collectors",
      collectors,
      `at most ${slots} (slots): a collector without a slot has nothing to capture`,
    );
  }
  if (unreadable.has("architecture") || unreadable.has("maxSpendPerHour")) return;
  const each = collectorPerHour(architecture);
  const sum = collectors * each;
  if (sum <= maxSpendPerHour) return;
  const affordable = Math.floor(maxSpendPerHour / each);
  refuse(
    "maxSpendPerHour",
    maxSpendPerHour,
    `at least ${sum.toFixed(4)} for ${collectors} collectors × ${gigabytes(manifest.collect.memoryMb)} GB × ${SECONDS_PER_HOUR} s × $${prices.lambdaGbSecond[architecture].toFixed(10)} a GB-second (${architecture}); or at most ${affordable} collectors`,
  );
}

function checkVpc(found: Raw, unreadable: ReadonlySet<string>, refuse: Refuse): void {
  const given = (name: "subnetIds" | "securityGroupIds" | "routeTableIds"): boolean =>
    !unreadable.has(name) && found[name].length > 0;
  if (unreadable.has("vpcId")) return;
  if (found.vpcId === undefined) {
    const alone = (["subnetIds", "securityGroupIds", "routeTableIds"] as const).filter(given);
    const others = found.interfaceEndpoints ? [...alone, "interfaceEndpoints"] : alone;
    if (others.length > 0) {
      refuse("vpcId", undefined, `the VPC that ${others.join(", ")} belong to`);
    }
  } else if (!unreadable.has("subnetIds") && found.subnetIds.length === 0) {
    refuse("subnetIds", undefined, `subnets of ${found.vpcId} for the collectors`);
  }
}

function settingsOf(raw: Raw): Settings {
  return {
    pool: raw.pool,
    slotsLog2: Math.log2(raw.slots),
    collectors: raw.collectors,
    leaseTtlMs: raw.leaseTtl,
    longestTimeoutMs: raw.longestTimeout,
    chunkEveryMs: raw.chunkEvery,
    cadence: raw.cadence,
    waitMultiplier: raw.waitMultiplier,
    maxSpendPerHour: raw.maxSpendPerHour,
    reserveConcurrency: raw.reserveConcurrency,
    architecture: raw.architecture,
    encryptionKeyArn: raw.encryptionKeyArn,
    vpc: vpcOf(raw),
    alarmEmail: raw.alarmEmail,
    logRetentionDays: raw.logRetentionDays,
    sampleRetentionDays: raw.sampleRetentionDays,
    secrets: raw.secrets,
    secretKeyArns: raw.secretKeyArns,
    // Outside a VPC a function sees no private network, so a private address can only be a mistake or
    // an attempt at the platform; in one, private addresses are what it is there for.
    allowPrivate: raw.allowPrivate ?? raw.vpcId !== undefined,
    perHostMax: raw.perHostMax,
    perHostGapMs: raw.perHostGap,
    logLevel: raw.logLevel,
  };
}

function vpcOf(raw: Raw): VpcSettings | undefined {
  if (raw.vpcId === undefined) return undefined;
  return {
    vpcId: raw.vpcId,
    subnetIds: raw.subnetIds,
    securityGroupIds: raw.securityGroupIds,
    routeTableIds: raw.routeTableIds,
    interfaceEndpoints: raw.interfaceEndpoints,
  };
}
