import * as z from "zod";
import { endpoint, logLevel, metricsLocation, name, poolName } from "../shared/fields.ts";

export const healthCheckEnvironment = z.object({
  LAMPLIGHTER_POOL: poolName,
  LEASE_TABLE_NAME: name,
  TARGET_TABLE_NAME: name,
  STORE_ENDPOINT: endpoint,
  METRICS_LOCATION: metricsLocation,
  LOG_LEVEL: logLevel,
});
