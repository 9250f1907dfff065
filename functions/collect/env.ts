import * as z from "zod";
import {
  allowPrivate,
  perHostGapMs,
  perHostMax,
  chunkEveryMs,
  endpoint,
  leaseTtlMs,
  logLevel,
  longestTimeoutMs,
  name,
  poolName,
  samplesLocation,
} from "../shared/fields.ts";

export const collectEnvironment = z.object({
  LAMPLIGHTER_POOL: poolName,
  LEASE_TABLE_NAME: name,
  TARGET_TABLE_NAME: name,
  STORE_ENDPOINT: endpoint,
  SAMPLES_LOCATION: samplesLocation,
  LEASE_TTL_MS: leaseTtlMs,
  LONGEST_TIMEOUT_MS: longestTimeoutMs,
  CHUNK_EVERY_MS: chunkEveryMs,
  PER_HOST_MAX: perHostMax,
  PER_HOST_GAP_MS: perHostGapMs,
  ALLOW_PRIVATE: allowPrivate,
  LOG_LEVEL: logLevel,
});
