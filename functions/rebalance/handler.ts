/** Once a minute: makes the pool as it is configured, plans, starts collectors until the next run takes over, and stands by for it. */
import { rebalanceAsConfigured } from "#usecases/rebalance-as-configured.ts";
import type { RebalanceReport } from "#usecases/rebalance.ts";
import { parseEnvironment } from "../shared/parse.ts";
import { withDefaults } from "../shared/with-defaults.ts";
import { rebalanceEnvironment } from "./env.ts";
import { rebalanceEvent } from "./event.ts";
import { wireRebalance } from "./wiring.ts";

const environment = parseEnvironment(rebalanceEnvironment, process.env);
const { ids, wanted, ...wired } = wireRebalance(environment);

export const handler = withDefaults(
  {
    name: "rebalance",
    event: rebalanceEvent,
    pool: environment.LAMPLIGHTER_POOL,
    level: environment.LOG_LEVEL,
    stopBeforeMs: 3_000,
  },
  ({ pool, log, steps, deadlineAt, stop }): Promise<RebalanceReport> =>
    rebalanceAsConfigured(
      { ...wired, log, steps },
      { pool, name: ids.owner(), deadlineAt, stop },
      wanted,
    ),
);
