import type * as z from "zod";
import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { dynamoHealthMemory } from "#adapters/dynamodb/health-memory.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import type { Log } from "#ports/log.ts";
import type { MetricSink } from "#ports/metric-sink.ts";
import { HEALTH_CHECK_SETTINGS, slotMemory, type HealthCheckDeps } from "#usecases/health-check.ts";
import { metricSinkAt } from "../shared/metric-sink-at.ts";
import { wireStore } from "../shared/wiring.ts";
import type { healthCheckEnvironment } from "./env.ts";

export { METRICS_FILE } from "../shared/metrics-location.ts";

type Environment = z.output<typeof healthCheckEnvironment>;

export interface HealthCheckWiring extends Omit<HealthCheckDeps, "log" | "steps" | "metrics"> {
  /** What it drops it says in the log of the invocation. */
  sink(log: Log): MetricSink;
}

export async function wireHealthCheck(environment: Environment): Promise<HealthCheckWiring> {
  const { clock, meter, leases, store } = wireStore(environment);
  return {
    clock,
    meter,
    leases,
    schedules: dynamoScheduleStore(store(environment.TARGET_TABLE_NAME)),
    configuration: dynamoConfigurationStore(store(environment.LEASE_TABLE_NAME)),
    health: dynamoHealthMemory(store(environment.LEASE_TABLE_NAME)),
    sink: await metricSinkAt(environment.METRICS_LOCATION),
    memory: slotMemory(),
    settings: HEALTH_CHECK_SETTINGS,
  };
}
