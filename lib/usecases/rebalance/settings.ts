/** What a rebalancer needs, and the numbers it keeps to. */
import { limits } from "#domain/limits.ts";
import { PLAN_LIMITS, type PlanLimits } from "#domain/plan.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { Invoker } from "#ports/invoker.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { Log } from "#ports/log.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { Steps } from "#ports/steps.ts";
import type { StartTimes } from "./start-times.ts";

export interface RebalanceSettings {
  readonly leaseTtlMs: number;
  readonly skewMaxMs: number;
  /** Longest effective time-out of a capture: owners release so long before their deadline. */
  readonly longestTimeoutMs: number;
  readonly everyMs: number;
  readonly stayMaxMs: number;
  /** Between two looks at the fleet and its requests. */
  readonly pollMs: number;
  /** The same, while a newer run is there. */
  readonly standByPollMs: number;
  readonly startRepeatMs: number;
  readonly startsPerEpochMax: number;
  /** From acquiring to the first capture: a collector reads its slots. */
  readonly prepareMs: number;
  /** Kept free before the invocation's deadline. */
  readonly reserveMs: number;
  readonly plan: PlanLimits;
}

export const REBALANCE_SETTINGS: RebalanceSettings = {
  leaseTtlMs: limits.leaseTtlMs,
  skewMaxMs: limits.skewMaxMs,
  longestTimeoutMs: limits.timeoutMaxMs,
  everyMs: limits.rebalanceEveryMs,
  stayMaxMs: limits.rebalancerStayMaxMs,
  pollMs: limits.requestPollMs,
  standByPollMs: limits.standByPollMs,
  startRepeatMs: limits.startRepeatMs,
  startsPerEpochMax: 10,
  prepareMs: 250,
  reserveMs: 5_000,
  plan: PLAN_LIMITS,
};

export interface RebalanceDeps {
  readonly clock: Clock;
  readonly leases: LeaseStore;
  readonly requests: RequestStore;
  readonly invoker: Invoker;
  /** Its units and throttled calls are told of in the fleet record. */
  readonly meter: CapacityMeter;
  readonly log: Log;
  readonly steps: Steps;
  /** Outlives the run: what was learnt about starting collectors. */
  readonly startTimes: StartTimes;
  readonly settings: RebalanceSettings;
}

export interface RebalanceRun {
  readonly pool: string;
  /** This run's own name, fresh and random. */
  readonly name: string;
  readonly deadlineAt: EpochMs;
  readonly stop: AbortSignal;
}
