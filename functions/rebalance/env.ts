import * as z from "zod";
import { limits } from "#domain/limits.ts";
import { SLOTS_LOG2_MAX } from "#domain/slot.ts";
import {
  endpoint,
  leaseTtlMs,
  logLevel,
  longestTimeoutMs,
  name,
  poolName,
} from "../shared/fields.ts";

/** Empty means nothing, as for variables that are only declared. */
function wholeNumber(least: number, most: number): z.ZodType<number | undefined> {
  const error = `a whole number from ${least} to ${most}, or nothing`;
  return z
    .string()
    .regex(/^\d{0,9}$/u, { error })
    .transform((digits) => (digits === "" ? undefined : Number(digits)))
    .pipe(z.number().min(least, { error }).max(most, { error }).optional())
    .optional();
}

export const rebalanceEnvironment = z.object({
  LAMPLIGHTER_POOL: poolName,
  LEASE_TABLE_NAME: name,
  COLLECT_FUNCTION_NAME: name,
  STORE_ENDPOINT: endpoint,
  INVOKE_ENDPOINT: endpoint,
  /** How many are wanted; without it others found the pool and say so. */
  COLLECTORS: wholeNumber(1, limits.leasesMax),
  /** Counts when the pool is founded: a pool's slots are for life. */
  SLOTS_LOG2: wholeNumber(0, SLOTS_LOG2_MAX),
  LEASE_TTL_MS: leaseTtlMs,
  LONGEST_TIMEOUT_MS: longestTimeoutMs,
  LOG_LEVEL: logLevel,
});
