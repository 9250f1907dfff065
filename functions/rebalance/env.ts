import * as z from "zod";
import {
  endpoint,
  leaseTtlMs,
  logLevel,
  longestTimeoutMs,
  name,
  poolName,
} from "../shared/fields.ts";

export const rebalanceEnvironment = z.object({
  LAMPLIGHTER_POOL: poolName,
  LEASE_TABLE_NAME: name,
  COLLECT_FUNCTION_NAME: name,
  STORE_ENDPOINT: endpoint,
  INVOKE_ENDPOINT: endpoint,
  LEASE_TTL_MS: leaseTtlMs,
  LONGEST_TIMEOUT_MS: longestTimeoutMs,
  LOG_LEVEL: logLevel,
});
