/**
 * The twelve metrics of a pool: a fixed set, whatever the fleet's size.
 *
 * Counts are those of the last whole minute; levels are those of now. What a metric means is said in
 * `#domain/lag.ts`.
 */
import type { FleetSnapshot } from "#domain/fleet.ts";
import {
  fleetBacklog,
  lastMinute,
  latenessPercentileMs,
  leaseLagMs,
  orphanedSlots,
} from "#domain/lag.ts";
import { isHeld } from "#domain/lease.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Metric, MetricUnit } from "#ports/metric-sink.ts";

export const METRIC_NAMES = [
  "CollectionLag",
  "StartLateness",
  "BacklogRounds",
  "Captures",
  "FailedCaptures",
  "MissedRounds",
  "RedoneCaptures",
  "CollectorsRunning",
  "CollectorsDesired",
  "OrphanedSlots",
  "RefusedConfiguration",
  "StoreUnits",
] as const;

export type MetricName = (typeof METRIC_NAMES)[number];

export interface MetricInput {
  readonly snapshot: FleetSnapshot;
  readonly now: EpochMs;
  readonly skewMaxMs: number;
  /** Largest lag of the slots that were looked at. */
  readonly slotsLagMs: number;
  readonly refusedConfiguration: number;
  /** Read and written by the health check itself. */
  readonly ownUnits: number;
}

export function metricValues(input: MetricInput): Record<MetricName, number> {
  const { snapshot, now, skewMaxMs } = input;
  const { fleet, leases } = snapshot;
  const minute = lastMinute(leases, now);
  return {
    CollectionLag: Math.max(
      input.slotsLagMs,
      ...leases.map((lease) => leaseLagMs(lease, now, skewMaxMs)),
    ),
    StartLateness: latenessPercentileMs(minute.lateness, 0.99),
    BacklogRounds: fleetBacklog(leases, fleet.slotsLog2, now, skewMaxMs),
    Captures: minute.captures,
    FailedCaptures: minute.failed,
    MissedRounds: minute.missed,
    RedoneCaptures: minute.redone,
    CollectorsRunning: leases.filter((lease) => isHeld(lease, now, skewMaxMs)).length,
    CollectorsDesired: fleet.desired,
    OrphanedSlots: orphanedSlots(leases, fleet.slotsLog2, now, skewMaxMs),
    RefusedConfiguration: input.refusedConfiguration,
    StoreUnits: minute.readUnits + minute.writeUnits + input.ownUnits,
  };
}

export function toMetrics(values: Readonly<Record<MetricName, number>>): Metric[] {
  return METRIC_NAMES.map((name) => ({ name, unit: unitOf(name), values: [values[name]] }));
}

function unitOf(name: MetricName): MetricUnit {
  return name === "CollectionLag" || name === "StartLateness" ? "Milliseconds" : "Count";
}
