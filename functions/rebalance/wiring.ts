import type * as z from "zod";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { lambdaInvoker } from "#adapters/lambda/invoker.ts";
import { systemIds } from "#adapters/system/ids.ts";
import type { Ids } from "#ports/ids.ts";
import type { WantedPool } from "#usecases/rebalance-as-configured.ts";
import { REBALANCE_SETTINGS, startTimes, type RebalanceDeps } from "#usecases/rebalance.ts";
import { wireStore } from "../shared/wiring.ts";
import type { rebalanceEnvironment } from "./env.ts";

type Environment = z.output<typeof rebalanceEnvironment>;
export type RebalanceWiring = Omit<RebalanceDeps, "log" | "steps"> & {
  readonly ids: Ids;
  readonly wanted: WantedPool | undefined;
};

/** Room for 16,000 to 64,000 targets. */
const SLOTS_LOG2 = 6;

/** undefined where the environment asks for none. */
export function wantedPool(environment: Environment): WantedPool | undefined {
  const { LAMPLIGHTER_POOL: pool, COLLECTORS: desired } = environment;
  if (desired === undefined) return undefined;
  return { pool, desired, slotsLog2: environment.SLOTS_LOG2 ?? SLOTS_LOG2 };
}

export function wireRebalance(environment: Environment): RebalanceWiring {
  const { clock, meter, leases, store } = wireStore(environment);
  return {
    clock,
    meter,
    leases,
    requests: dynamoRequestStore(store(environment.LEASE_TABLE_NAME)),
    invoker: lambdaInvoker({
      endpoint: environment.INVOKE_ENDPOINT,
      collectFunction: environment.COLLECT_FUNCTION_NAME,
    }),
    ids: systemIds(),
    wanted: wantedPool(environment),
    startTimes: startTimes(),
    settings: {
      ...REBALANCE_SETTINGS,
      leaseTtlMs: environment.LEASE_TTL_MS,
      longestTimeoutMs: environment.LONGEST_TIMEOUT_MS,
    },
  };
}
