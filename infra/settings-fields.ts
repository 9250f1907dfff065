/** What each setting may be: from the command line as text, from cdk.json as what it is. */
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import * as z from "zod";
import { WAIT_MULTIPLIER_DEFAULT } from "#domain/alarm/thresholds.ts";
import { parseCadence, type Cadence } from "#domain/cadence.ts";
import { formatDuration, parseDuration } from "#domain/duration.ts";
import { InvalidInputError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { SLOTS_LOG2_MAX } from "#domain/slot.ts";
import type { DurationMs } from "#domain/units.ts";

export const SPEND_DEFAULT = 1;
const LEASE_TTL_MIN_MS = 5_000;
const LEASE_TTL_MAX_MS = 300_000;
const CHUNK_EVERY_MIN_MS = 1_000;
const CHUNK_EVERY_MAX_MS = 60_000;
const SLOTS_DEFAULT = 64;
const SLOTS_MAX = 2 ** SLOTS_LOG2_MAX;
const LIST_MAX = 50;

function text(pattern: RegExp, error: string): z.ZodString {
  return z.string({ error }).regex(pattern, { error });
}

function number(least: number, most: number, error: string): z.ZodType<number> {
  // Not coerced outright: `null`, `true` and `[]` are numbers to JavaScript.
  return z
    .union([z.number(), text(/^\d+(?:\.\d+)?$/u, error)], { error })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error });
}

function whole(least: number, most: number): z.ZodType<number> {
  const error = `a whole number from ${least} to ${most}`;
  return number(least, most, error).refine(Number.isInteger, { error });
}

const bool = z
  .union([z.boolean(), z.enum(["true", "false"])], { error: "true or false" })
  .transform((value) => value === true || value === "true");

function parsed<Value>(parse: (found: string) => Value, error: string): z.ZodType<Value> {
  return z.string({ error }).transform((found, context): Value => {
    try {
      return parse(found);
    } catch (cause) {
      if (!(cause instanceof InvalidInputError)) throw cause;
      context.addIssue({ code: "custom", message: error });
      return z.NEVER;
    }
  });
}

function span(least: number, most: number): z.ZodType<DurationMs> {
  const error = `a span from ${formatDuration(least)} to ${formatDuration(most)}`;
  return parsed((found) => parseDuration(found), error).refine(
    (spanMs) => Number.isInteger(spanMs) && spanMs >= least && spanMs <= most,
    { error },
  );
}

/** A list, or one text with commas. */
function list(item: z.ZodType<string>, error: string): z.ZodType<readonly string[]> {
  return z
    .union([z.array(z.string()), z.string().transform((joined) => joined.split(","))], { error })
    .transform((items) => items.map((each) => each.trim()).filter((each) => each !== ""))
    .refine((items) => items.length <= LIST_MAX && items.every((each) => matches(item, each)), {
      error: `${error}; several with commas, ${LIST_MAX} at most`,
    });
}

function matches(schema: z.ZodType, value: unknown): boolean {
  return schema.safeParse(value).success;
}

function ids(prefix: string): z.ZodType<readonly string[]> {
  const error = `ids such as ${prefix}-0123456789abcdef0`;
  return list(text(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`, "u"), error), error);
}

const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/u;
const KEY_ARN_SHOWN = "a key's ARN: arn:aws:kms:REGION:ACCOUNT:key/ID";
const SECRET =
  /^(?:ssm:\/?[A-Za-z0-9_.\-/]{1,1010}|secretsmanager:(?:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+|[A-Za-z0-9/_+=.@-]{1,512}))$/u;
const SECRET_SHOWN =
  "ssm:/path/name or secretsmanager:name-or-arn, as targets name them in $ref (without #key)";

/** What CloudWatch Logs takes, up to ten years. */
const LOG_DAYS_MAX = 3_653;
const logDays = new Map(
  Object.values(RetentionDays)
    .filter((days) => typeof days === "number")
    .map((days) => [days.valueOf(), days] as const)
    .filter(([days]) => days <= LOG_DAYS_MAX)
    .toSorted(([one], [other]) => one - other),
);
const logDaysError = [...logDays.keys()].join(", ");
const retention = number(1, LOG_DAYS_MAX, logDaysError).transform((days, context) => {
  const known = logDays.get(days);
  if (known !== undefined) return known;
  context.addIssue({ code: "custom", message: logDaysError });
  return z.NEVER;
});

export const fields = {
  pool: text(
    /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?$/u,
    "up to 40 letters, digits and hyphens: it becomes part of the stack's name",
  ).default("default"),
  slots: number(1, SLOTS_MAX, `a power of two from 1 to ${SLOTS_MAX}`)
    .refine((slots) => Number.isInteger(Math.log2(slots)), {
      error: `a power of two from 1 to ${SLOTS_MAX}`,
    })
    .default(SLOTS_DEFAULT),
  collectors: whole(1, limits.leasesMax).default(1),
  leaseTtl: span(LEASE_TTL_MIN_MS, LEASE_TTL_MAX_MS).prefault(formatDuration(limits.leaseTtlMs)),
  longestTimeout: span(limits.timeoutMinMs, limits.timeoutMaxMs).prefault(
    formatDuration(limits.timeoutMaxMs),
  ),
  chunkEvery: span(CHUNK_EVERY_MIN_MS, CHUNK_EVERY_MAX_MS).prefault(
    formatDuration(limits.chunkEveryObjectMs),
  ),
  cadence: parsed(
    (found): Cadence => parseCadence(found),
    "a cadence such as every 60s, every 10m or 0 8 * * 1-5",
  ).prefault("every 60s"),
  waitMultiplier: number(0.1, 100, "a number of periods from 0.1 to 100").default(
    WAIT_MULTIPLIER_DEFAULT,
  ),
  maxSpendPerHour: number(0.01, 100_000, "US dollars an hour, from 0.01 to 100000").default(
    SPEND_DEFAULT,
  ),
  reserveConcurrency: bool.default(false),
  architecture: z.enum(["arm64", "x86_64"], { error: "arm64 or x86_64" }).default("arm64"),
  encryptionKeyArn: text(KEY_ARN, KEY_ARN_SHOWN).optional(),
  vpcId: text(/^vpc-[0-9a-f]{8,17}$/u, "an id such as vpc-0123456789abcdef0").optional(),
  subnetIds: ids("subnet").default([]),
  securityGroupIds: ids("sg").default([]),
  routeTableIds: ids("rtb").default([]),
  interfaceEndpoints: bool.default(false),
  alarmEmail: z.email({ error: "an e-mail address" }).optional(),
  logRetentionDays: retention.default(RetentionDays.ONE_MONTH),
  sampleRetentionDays: whole(1, 3_650).default(30),
  secrets: list(text(SECRET, SECRET_SHOWN), SECRET_SHOWN).default([]),
  secretKeyArns: list(text(KEY_ARN, KEY_ARN_SHOWN), KEY_ARN_SHOWN).default([]),
  allowPrivate: bool.optional(),
  perHostMax: whole(1, limits.socketsMax).default(64),
  perHostGap: span(0, 60_000).prefault("0s"),
  logLevel: z
    .enum(["debug", "info", "warn", "error"], { error: "debug, info, warn or error" })
    .default("info"),
};
