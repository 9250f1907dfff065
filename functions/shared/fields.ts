/** Fields that the environments and events of several functions have in common. */
import * as z from "zod";
import { limits } from "#domain/limits.ts";
import { leaseId } from "#domain/lease.ts";
import {
  METRICS_LOCATION_EXPECTED,
  parseMetricsLocation,
  type MetricsLocation,
} from "./metrics-location.ts";
import {
  parseSamplesLocation,
  SAMPLES_LOCATION_EXPECTED,
  type SamplesLocation,
} from "./samples-location.ts";

export const name = z.string().min(1);

export const poolName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u, { error: "a pool's name: letters, digits, . _ -" });

/** Empty means AWS itself. */
export const endpoint = z
  .union([z.literal(""), z.url({ error: "a URL, or nothing for AWS" })])
  .default("");

/** Where samples are kept. */
export const samplesLocation = z.string().transform((text, context): SamplesLocation => {
  const location = parseSamplesLocation(text);
  if (location !== undefined) return location;
  context.issues.push({ code: "custom", input: text, message: SAMPLES_LOCATION_EXPECTED });
  return z.NEVER;
});

/** Where metrics go. */
export const metricsLocation = z.string().transform((text, context): MetricsLocation => {
  const location = parseMetricsLocation(text);
  if (location !== undefined) return location;
  context.issues.push({ code: "custom", input: text, message: METRICS_LOCATION_EXPECTED });
  return z.NEVER;
});

export const logLevel = z.enum(["debug", "info", "warn", "error"]).default("info");

function anySpan(least: number, most: number): z.ZodType<number> {
  const error = `a whole number of milliseconds from ${least} to ${most}`;
  return z.coerce.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

function span(least: number, most: number, usual: number): z.ZodDefault<z.ZodType<number>> {
  return anySpan(least, most).default(usual);
}

export const leaseTtlMs = span(1_000, 300_000, limits.leaseTtlMs);
/** Unless set it depends on where chunks are kept. */
export const chunkEveryMs = anySpan(50, 60_000).optional();
export const longestTimeoutMs = span(limits.timeoutMinMs, limits.timeoutMaxMs, limits.timeoutMaxMs);

/** Requests at once to one host that is neither loopback nor private. */
export const perHostMax = z.coerce
  .number({ error: "a whole number from 1 to 800" })
  .int({ error: "a whole number from 1 to 800" })
  .min(1, { error: "a whole number from 1 to 800" })
  .max(limits.socketsMax, { error: "a whole number from 1 to 800" })
  .default(64);
/** Least time between two starts at such a host. */
export const perHostGapMs = span(0, 60_000, 0);
/** Whether loopback and private addresses may be captured. */
export const allowPrivate = z
  .enum(["true", "false"])
  .default("true")
  .transform((text) => text === "true");

export const leaseNumber = z
  .string()
  .regex(/^\d{4,9}$/u, { error: 'a lease\'s number, e.g. "0007"' })
  .transform((digits) => leaseId(Number(digits)));

/** What EventBridge and its Scheduler send; nothing in it is of use to us. */
const scheduled = z.strictObject({
  version: z.string(),
  id: z.string(),
  "detail-type": z.literal("Scheduled Event"),
  source: z.enum(["aws.events", "aws.scheduler"]),
  account: z.string(),
  time: z.string(),
  region: z.string(),
  resources: z.array(z.string()),
  detail: z.unknown(),
});

/** `{}`, `{"pool": …}`, or the event of a schedule as it comes. */
export const scheduleEvent = z.preprocess(
  (event) => (scheduled.safeParse(event).success ? {} : event),
  z.strictObject({ pool: poolName.optional() }),
);
