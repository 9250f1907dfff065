/**
 * What every function needs from its platform: read by infra and by the local cloud, so that they
 * cannot differ.
 *
 * Holds: `environment` and `optional` together are the keys of the function's env.ts
 *        (test/functions/manifest.test.ts); how the numbers relate to the protocol's limits is
 *        test/domain/limits.test.ts.
 */
import { durationMs, type DurationMs } from "#domain/units.ts";

export type FunctionName = "rebalance" | "collect" | "health-check";

export interface FunctionManifest {
  readonly name: FunctionName;
  /** Its name in the deployed template: what operators type, and a contract. */
  readonly logicalId: string;
  /** Folder of `handler.ts`, from the repository's root. */
  readonly folder: string;
  readonly memoryMb: number;
  /** Flags of Node that it runs with, wherever it runs. */
  readonly nodeOptions: readonly string[];
  readonly timeoutMs: DurationMs;
  /** How often the platform invokes it; undefined where only others do. */
  readonly scheduleEveryMs?: DurationMs;
  /** How often the platform repeats an asynchronous invocation that failed. */
  readonly asyncRetriesMax: number;
  /** How old an asynchronous invocation may be when it is begun, or begun again. */
  readonly asyncMaxAgeMs: DurationMs;
  /** Environment variables that must be there. */
  readonly environment: readonly string[];
  /** Environment variables that have a default. */
  readonly optional: readonly string[];
}

export const manifest = {
  rebalance: {
    name: "rebalance",
    logicalId: "Rebalance",
    folder: "functions/rebalance",
    memoryMb: 256,
    nodeOptions: [],
    timeoutMs: durationMs(180_000),
    scheduleEveryMs: durationMs(60_000),
    // The next run comes within a minute anyway.
    asyncRetriesMax: 0,
    asyncMaxAgeMs: durationMs(60_000),
    environment: ["LAMPLIGHTER_POOL", "LEASE_TABLE_NAME", "COLLECT_FUNCTION_NAME"],
    optional: [
      "STORE_ENDPOINT",
      "INVOKE_ENDPOINT",
      "COLLECTORS",
      "SLOTS_LOG2",
      "LEASE_TTL_MS",
      "LONGEST_TIMEOUT_MS",
      "LOG_LEVEL",
    ],
  },
  collect: {
    name: "collect",
    logicalId: "Collect",
    folder: "functions/collect",
    memoryMb: 512,
    // Results live for about a second, until their chunk is kept: with room for that much they die
    // young. Garbage collection fell from 27 % to 6 % of the loop (2026-11, `npm run bench:noop`).
    nodeOptions: ["--max-semi-space-size=32"],
    timeoutMs: durationMs(900_000),
    // A start that fails is repeated after one and after two minutes; one that ran to its time-out is
    // older than that by then, and its successor has long been started.
    asyncRetriesMax: 2,
    asyncMaxAgeMs: durationMs(180_000),
    environment: ["LAMPLIGHTER_POOL", "LEASE_TABLE_NAME", "TARGET_TABLE_NAME", "SAMPLES_LOCATION"],
    optional: [
      "STORE_ENDPOINT",
      "LEASE_TTL_MS",
      "LONGEST_TIMEOUT_MS",
      "CHUNK_EVERY_MS",
      "PER_HOST_MAX",
      "PER_HOST_GAP_MS",
      "ALLOW_PRIVATE",
      "LOG_LEVEL",
    ],
  },
  "health-check": {
    name: "health-check",
    logicalId: "HealthCheck",
    folder: "functions/health-check",
    memoryMb: 256,
    nodeOptions: [],
    timeoutMs: durationMs(60_000),
    scheduleEveryMs: durationMs(60_000),
    asyncRetriesMax: 0,
    asyncMaxAgeMs: durationMs(60_000),
    environment: ["LAMPLIGHTER_POOL", "LEASE_TABLE_NAME", "TARGET_TABLE_NAME", "METRICS_LOCATION"],
    optional: ["STORE_ENDPOINT", "LOG_LEVEL"],
  },
} as const satisfies {
  readonly [Name in FunctionName]: FunctionManifest & { readonly name: Name };
};

/** The keys that a function's environment must have. */
export type EnvironmentKey<Name extends FunctionName> =
  (typeof manifest)[Name]["environment"][number];
