/**
 * The variables of each function: every one that it knows, those with a default too, because tools
 * that run a function by hand replace only what the template declares.
 */
import type { manifest, FunctionName } from "#functions/manifest.ts";
import { METRICS_LOCATION } from "./names.ts";
import type { Settings } from "./settings.ts";

type Variable<Name extends FunctionName> =
  (typeof manifest)[Name]["environment"][number] | (typeof manifest)[Name]["optional"][number];

export type FunctionEnvironment<Name extends FunctionName> = Readonly<
  Record<Variable<Name>, string>
>;

export interface EnvironmentSource {
  readonly settings: Settings;
  readonly leaseTable: string;
  readonly targetTable: string;
  readonly samplesLocation: string;
}

/** AWS itself. */
const NO_ENDPOINT = "";

export function rebalanceEnvironment(
  { settings, leaseTable }: EnvironmentSource,
  collectFunction: string,
): FunctionEnvironment<"rebalance"> {
  return {
    LAMPLIGHTER_POOL: settings.pool,
    LEASE_TABLE_NAME: leaseTable,
    COLLECT_FUNCTION_NAME: collectFunction,
    STORE_ENDPOINT: NO_ENDPOINT,
    INVOKE_ENDPOINT: NO_ENDPOINT,
    COLLECTORS: String(settings.collectors),
    SLOTS_LOG2: String(settings.slotsLog2),
    LEASE_TTL_MS: String(settings.leaseTtlMs),
    LONGEST_TIMEOUT_MS: String(settings.longestTimeoutMs),
    LOG_LEVEL: settings.logLevel,
  };
}

export function collectEnvironment({
  settings,
  leaseTable,
  targetTable,
  samplesLocation,
}: EnvironmentSource): FunctionEnvironment<"collect"> {
  return {
    LAMPLIGHTER_POOL: settings.pool,
    LEASE_TABLE_NAME: leaseTable,
    TARGET_TABLE_NAME: targetTable,
    SAMPLES_LOCATION: samplesLocation,
    STORE_ENDPOINT: NO_ENDPOINT,
    LEASE_TTL_MS: String(settings.leaseTtlMs),
    LONGEST_TIMEOUT_MS: String(settings.longestTimeoutMs),
    CHUNK_EVERY_MS: String(settings.chunkEveryMs),
    PER_HOST_MAX: String(settings.perHostMax),
    PER_HOST_GAP_MS: String(settings.perHostGapMs),
    ALLOW_PRIVATE: String(settings.allowPrivate),
    LOG_LEVEL: settings.logLevel,
  };
}

export function healthCheckEnvironment({
  settings,
  leaseTable,
  targetTable,
}: EnvironmentSource): FunctionEnvironment<"health-check"> {
  return {
    LAMPLIGHTER_POOL: settings.pool,
    LEASE_TABLE_NAME: leaseTable,
    TARGET_TABLE_NAME: targetTable,
    METRICS_LOCATION,
    STORE_ENDPOINT: NO_ENDPOINT,
    LOG_LEVEL: settings.logLevel,
  };
}
