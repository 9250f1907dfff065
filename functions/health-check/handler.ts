/** Once a minute: audits the tables, publishes the pool's metrics. */
import { healthCheck, type HealthCheckReport } from "#usecases/health-check.ts";
import { parseEnvironment } from "../shared/parse.ts";
import { withDefaults } from "../shared/with-defaults.ts";
import { healthCheckEnvironment } from "./env.ts";
import { healthCheckEvent } from "./event.ts";
import { wireHealthCheck } from "./wiring.ts";

const environment = parseEnvironment(healthCheckEnvironment, process.env);
const { sink, ...wired } = await wireHealthCheck(environment);

export const handler = withDefaults(
  {
    name: "health-check",
    event: healthCheckEvent,
    pool: environment.LAMPLIGHTER_POOL,
    level: environment.LOG_LEVEL,
    stopBeforeMs: 3_000,
  },
  ({ pool, log, steps, deadlineAt, stop }): Promise<HealthCheckReport> =>
    healthCheck({ ...wired, log, steps, metrics: sink(log) }, { pool, deadlineAt, stop }),
);
