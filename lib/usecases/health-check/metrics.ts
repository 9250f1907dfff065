/**
 * The metrics of a pool, of what was read and measured: a fixed set, whatever the fleet's size.
 *
 * Counts are those of the last whole minute; levels are those of now. What each means is said in
 * `#domain/metric.ts`, how it is computed in `#domain/lag.ts` and beside it.
 */
import { judgeFailures } from "#domain/failures-normal.ts";
import type { FleetSnapshot } from "#domain/fleet.ts";
import {
  fleetBacklog,
  lastMinute,
  latenessDistribution,
  latenessPercentileMs,
  leaseLagMs,
  orphanedSlots,
} from "#domain/lag.ts";
import { isHeld } from "#domain/lease.ts";
import { METRIC_NAMES, METRICS, type MetricName } from "#domain/metric.ts";
import { busyOfMinute, overload } from "#domain/overload.ts";
import type { MinuteCounts } from "#domain/progress.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Broken, HealthState } from "#ports/health-memory.ts";
import type { Metric } from "#ports/metric-sink.ts";

export type MetricValues = Readonly<Record<MetricName, number>>;

export interface FleetSeen {
  readonly snapshot: FleetSnapshot;
  /** The minute before this moment is the last that the snapshot tells of as a whole. */
  readonly toldAt: EpochMs;
  readonly now: EpochMs;
  readonly skewMaxMs: number;
  /** Largest lag of the slots that were looked at. */
  readonly slotsLagMs: number;
  /** What the run before remembered. */
  readonly before: HealthState | undefined;
  /** By what was read now, or lately. */
  readonly broken: Broken | undefined;
}

/** What is found by comparing with the runs before, and what the next one is to know. */
export interface Judged {
  readonly minute: MinuteCounts;
  readonly lagMs: number;
  readonly pointsAbove: number;
  readonly isOverloaded: boolean;
  /** Of the busiest lease's minute, from 0 to 1. */
  readonly busiest: number;
  /** Of rebalancers, what no run has published yet. */
  readonly rebalancers: { readonly throttled: number; readonly units: number };
  readonly next: HealthState;
}

export function judge(seen: FleetSeen): Judged {
  const { snapshot, toldAt, now, skewMaxMs, slotsLagMs, before, broken } = seen;
  const { fleet, leases } = snapshot;
  const minute = lastMinute(leases, toldAt);
  const lagMs = Math.max(slotsLagMs, ...leases.map((lease) => leaseLagMs(lease, now, skewMaxMs)));
  const failures = judgeFailures(before?.failures, minute);
  const load = overload({
    busyMs: busyOfMinute(leases, toldAt),
    desired: fleet.desired,
    lag: { at: now, lagMs },
    before,
  });
  const throttledTotal = fleet.lastRebalance?.throttledTotal ?? 0;
  const rebalancersUnits = fleet.lastRebalance?.unitsTotal ?? 0;
  return {
    minute,
    lagMs,
    pointsAbove: failures.pointsAbove,
    isOverloaded: load.isOverloaded,
    busiest: load.busiest,
    rebalancers: {
      throttled: growth(before?.throttledTotal, throttledTotal),
      units: growth(before?.rebalancersUnits, rebalancersUnits),
    },
    next: {
      pool: fleet.pool,
      at: now,
      lagMs,
      droppedPublications: before?.droppedPublications ?? 0,
      throttledTotal,
      rebalancersUnits,
      failures: failures.known,
      broken,
    },
  };
}

/** What a counter grew by; one that went back has begun again at 0. */
function growth(before: number | undefined, now: number): number {
  if (before === undefined) return 0;
  return now >= before ? now - before : now;
}

export interface MetricInput {
  readonly seen: FleetSeen;
  readonly judged: Judged;
  readonly refusedConfiguration: number;
  /** By the health check itself. */
  readonly own: { readonly units: number; readonly throttled: number };
}

/** `StartLateness` as its 99th percentile: published is the distribution. */
export function metricValues({
  seen,
  judged,
  refusedConfiguration,
  own,
}: MetricInput): MetricValues {
  const { snapshot, now, skewMaxMs } = seen;
  const { fleet, leases } = snapshot;
  const { minute } = judged;
  return {
    CollectionLag: judged.lagMs,
    StartLateness: latenessPercentileMs(minute.lateness, 0.99),
    BacklogRounds: fleetBacklog(leases, fleet.slotsLog2, now, skewMaxMs),
    Captures: minute.captures,
    FailedCaptures: minute.failed,
    FailuresAboveNormal: judged.pointsAbove,
    MissedRounds: minute.missed,
    RedoneCaptures: minute.redone,
    CollectorsRunning: leases.filter((lease) => isHeld(lease, now, skewMaxMs)).length,
    CollectorsDesired: fleet.desired,
    Utilisation: 100 * judged.busiest,
    Overload: judged.isOverloaded ? 1 : 0,
    OrphanedSlots: orphanedSlots(leases, fleet.slotsLog2, now, skewMaxMs),
    StartTime: fleet.lastRebalance?.startMs ?? 0,
    RefusedConfiguration: refusedConfiguration,
    StoreUnits: minute.readUnits + minute.writeUnits + judged.rebalancers.units + own.units,
    ThrottledCalls: minute.throttled + judged.rebalancers.throttled + own.throttled,
    DroppedPublications: judged.next.droppedPublications,
  };
}

export function toMetrics(values: MetricValues, lateness: readonly number[]): Metric[] {
  return METRIC_NAMES.map((name) => ({
    name,
    unit: METRICS[name].unit,
    ...(name === "StartLateness" ? latenessDistribution(lateness) : { values: [values[name]] }),
  }));
}
