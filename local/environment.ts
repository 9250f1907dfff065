/**
 * The environment that a function gets: what the manifest asks for, and nothing of the person's own
 * but `LAMPLIGHTER_SECRET_*` and the settings that it has defaults for.
 *
 * Fails: InvariantError when the manifest asks for a key that the local cloud has no value for.
 */
import { InvariantError } from "#domain/errors.ts";
import type { FunctionManifest } from "#functions/manifest.ts";

export const SECRET_PREFIX = "LAMPLIGHTER_SECRET_";

export interface CloudAddresses {
  readonly pool: string;
  readonly leaseTableName: string;
  readonly targetTableName: string;
  readonly storeEndpoint: string;
  readonly invokeEndpoint: string;
  /** URLs of folders. */
  readonly samplesLocation: string;
  readonly metricsLocation: string;
  readonly compileCache: string;
  readonly logLevel: string;
  readonly leaseTtlMs?: number;
}

/** Given when a store elsewhere replaces the engine: it asks for real ones. */
const CREDENTIAL_KEYS = [
  "AWS_REGION",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
] as const;

/** The engine checks neither: any will do. */
const LOCAL_CREDENTIALS: Readonly<Record<string, string>> = {
  AWS_REGION: "local",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
};

/** @throws InvariantError when the manifest asks for what is not here. */
export function functionEnvironment(
  description: FunctionManifest,
  addresses: CloudAddresses,
  own: NodeJS.ProcessEnv,
): Record<string, string> {
  const values: Record<string, string> = {
    ...credentials(addresses.storeEndpoint, own),
    ...secrets(own),
    POOL: addresses.pool,
    LAMPLIGHTER_POOL: addresses.pool,
    LEASE_TABLE_NAME: addresses.leaseTableName,
    TARGET_TABLE_NAME: addresses.targetTableName,
    // Functions take an empty one for AWS itself.
    STORE_ENDPOINT: isAws(addresses.storeEndpoint) ? "" : addresses.storeEndpoint,
    INVOKE_ENDPOINT: addresses.invokeEndpoint,
    SAMPLES_LOCATION: addresses.samplesLocation,
    METRICS_LOCATION: addresses.metricsLocation,
    COLLECT_FUNCTION_NAME: "collect",
    REBALANCE_FUNCTION_NAME: "rebalance",
    LOG_LEVEL: addresses.logLevel,
    ...(addresses.leaseTtlMs !== undefined && { LEASE_TTL_MS: String(addresses.leaseTtlMs) }),
    ...settings(description, own),
    NODE_COMPILE_CACHE: addresses.compileCache,
    AWS_EC2_METADATA_DISABLED: "true",
    // As on Lambda: what depends on a time zone shows here already.
    TZ: "UTC",
    PATH: "/usr/bin:/bin",
  };
  const missing = description.environment.filter((key) => values[key] === undefined);
  if (missing.length === 0) return values;
  throw new InvariantError(
    `${description.name} needs ${missing.join(", ")} in its environment: local/environment.ts has no value`,
  );
}

/** What a function has a default for, a person may set: `LAMPLIGHTER_PER_HOST_MAX=8 npm start`. */
function settings({ optional }: FunctionManifest, own: NodeJS.ProcessEnv): Record<string, string> {
  const named = optional.filter((key) => !key.endsWith("_ENDPOINT"));
  return Object.fromEntries(
    named.flatMap((key) => {
      const value = own[`LAMPLIGHTER_${key}`];
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function secrets(own: NodeJS.ProcessEnv): Record<string, string> {
  return pick(own, (key) => key.startsWith(SECRET_PREFIX));
}

/** Whether a store's endpoint is Amazon's own: that one asks for credentials. */
export function isAws(storeEndpoint: string): boolean {
  return URL.parse(storeEndpoint)?.hostname.endsWith(".amazonaws.com") === true;
}

/** Whatever the person's own account is, it is not handed to anything but AWS. */
function credentials(storeEndpoint: string, own: NodeJS.ProcessEnv): Record<string, string> {
  if (!isAws(storeEndpoint)) return { ...LOCAL_CREDENTIALS };
  return pick(own, (key) => CREDENTIAL_KEYS.some((wanted) => wanted === key));
}

function pick(own: NodeJS.ProcessEnv, isWanted: (key: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(own).flatMap(([key, value]) =>
      value !== undefined && isWanted(key) ? [[key, value]] : [],
    ),
  );
}
