import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as z from "zod";
import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { filesystemMetricSink } from "#adapters/filesystem/metric-sink.ts";
import type { Log } from "#ports/log.ts";
import type { MetricSink } from "#ports/metric-sink.ts";
import { HEALTH_CHECK_SETTINGS, slotMemory, type HealthCheckDeps } from "#usecases/health-check.ts";
import { wireStore } from "../shared/wiring.ts";
import type { healthCheckEnvironment } from "./env.ts";

type Environment = z.output<typeof healthCheckEnvironment>;

export interface HealthCheckWiring extends Omit<HealthCheckDeps, "log" | "steps" | "metrics"> {
  /** What it drops it says in the log of the invocation. */
  sink(log: Log): MetricSink;
}

/** In the folder of METRICS_LOCATION. */
export const METRICS_FILE = "metrics.jsonl";

export function wireHealthCheck(environment: Environment): HealthCheckWiring {
  const { clock, meter, leases, store } = wireStore(environment);
  const file = join(fileURLToPath(environment.METRICS_LOCATION), METRICS_FILE);
  return {
    clock,
    meter,
    leases,
    schedules: dynamoScheduleStore(store(environment.TARGET_TABLE_NAME)),
    configuration: dynamoConfigurationStore(store(environment.LEASE_TABLE_NAME)),
    sink: (log) => filesystemMetricSink({ file, log }),
    memory: slotMemory(),
    settings: HEALTH_CHECK_SETTINGS,
  };
}
