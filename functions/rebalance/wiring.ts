import type * as z from "zod";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { lambdaInvoker } from "#adapters/lambda/invoker.ts";
import { systemIds } from "#adapters/system/ids.ts";
import type { Ids } from "#ports/ids.ts";
import { REBALANCE_SETTINGS, startTimes, type RebalanceDeps } from "#usecases/rebalance.ts";
import { wireStore } from "../shared/wiring.ts";
import type { rebalanceEnvironment } from "./env.ts";

type Environment = z.output<typeof rebalanceEnvironment>;
export type RebalanceWiring = Omit<RebalanceDeps, "log" | "steps"> & { readonly ids: Ids };

export function wireRebalance(environment: Environment): RebalanceWiring {
  const { clock, leases, store } = wireStore(environment);
  return {
    clock,
    leases,
    requests: dynamoRequestStore(store(environment.LEASE_TABLE_NAME)),
    invoker: lambdaInvoker({
      endpoint: environment.INVOKE_ENDPOINT,
      collectFunction: environment.COLLECT_FUNCTION_NAME,
    }),
    ids: systemIds(),
    startTimes: startTimes(),
    settings: {
      ...REBALANCE_SETTINGS,
      leaseTtlMs: environment.LEASE_TTL_MS,
      longestTimeoutMs: environment.LONGEST_TIMEOUT_MS,
    },
  };
}
