/** One invocation of a collector: owns one lease and captures its slots until it lets go. */
import { collect } from "#usecases/collect/collect.ts";
import type { CollectReport } from "#usecases/collect/settings.ts";
import { parseEnvironment } from "../shared/parse.ts";
import { withDefaults } from "../shared/with-defaults.ts";
import { collectEnvironment } from "./env.ts";
import { collectEvent } from "./event.ts";
import { wireCollect } from "./wiring.ts";

const environment = parseEnvironment(collectEnvironment, process.env);
const wired = await wireCollect(environment, process.env);

export const handler = withDefaults(
  {
    name: "collect",
    event: collectEvent,
    pool: environment.LAMPLIGHTER_POOL,
    level: environment.LOG_LEVEL,
    // It lets go by itself long before; this is for what went wrong.
    stopBeforeMs: 5_000,
  },
  ({ event, pool, log, steps, deadlineAt, stop }): Promise<CollectReport> => {
    const owner = wired.ids.owner();
    // The environment may have been frozen since the last invocation: pooled connections are stale.
    wired.probe.refresh();
    return steps.measure("collect", () =>
      collect({ ...wired, log }, { pool, lease: event.lease, owner, deadlineAt, stop }),
    );
  },
);
