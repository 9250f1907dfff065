/**
 * What a pool tells of itself: a fixed set of metrics, whatever the fleet's size.
 *
 * Counts are those of the last whole minute, levels those of the moment they are published. Each has
 * one dimension, the pool. `Captures` of zero is published as zero: silence means that nobody looked.
 * All of them are published by the health check, once a minute.
 *
 * Holds: at most 18.
 * Source: DESIGN, section 6 ("Metrics") and section 8; how each is computed is `lag.ts`,
 *         `overload.ts` and `failures-normal.ts`.
 */

/** As CloudWatch names them. */
export const METRIC_UNITS = ["Milliseconds", "Count", "Count/Second", "Percent"] as const;

export type MetricUnit = (typeof METRIC_UNITS)[number];

/** CloudWatch's own namespaces begin with "AWS/": this one is ours. */
export const METRIC_NAMESPACE = "Lamplighter";
/** The only dimension. */
export const METRIC_DIMENSION = "Pool";

export const METRICS = {
  CollectionLag: {
    unit: "Milliseconds",
    meaning: "now minus the oldest instant that is due and not committed, the largest of all slots",
  },
  StartLateness: {
    unit: "Milliseconds",
    meaning: "from a target's instant to its capture's start: a distribution, of captures on time",
  },
  BacklogRounds: { unit: "Count", meaning: "rounds that have begun and are not wholly committed" },
  Captures: { unit: "Count", meaning: "captures in the last whole minute" },
  FailedCaptures: { unit: "Count", meaning: "of these, those that failed" },
  FailuresAboveNormal: {
    unit: "Percent",
    meaning:
      "share of failed captures above what is normal for this fleet, in points, over as many minutes as have 64 captures, 15 at most; 0 when not",
  },
  MissedRounds: { unit: "Count", meaning: "captures that were recorded as missed" },
  RedoneCaptures: { unit: "Count", meaning: "captures that a dead owner may have made already" },
  CollectorsRunning: { unit: "Count", meaning: "leases that are owned" },
  CollectorsDesired: { unit: "Count", meaning: "collectors that are wanted" },
  Utilisation: {
    unit: "Percent",
    meaning: "share of the last whole minute that the busiest collector's thread was at work",
  },
  Overload: {
    unit: "Count",
    meaning: "1 when the fleet can't keep up: full at its limit, or lag growing while it is full",
  },
  OrphanedSlots: {
    unit: "Count",
    meaning: "slots that nobody captures while something in them is due",
  },
  StartTime: {
    unit: "Milliseconds",
    meaning: "from starting a collector to its owning the lease, smoothed; 0 before the first",
  },
  RefusedConfiguration: {
    unit: "Count",
    meaning: "endpoint files that were refused, as their last reader found them",
  },
  StoreUnits: {
    unit: "Count",
    meaning:
      "read and write units of the last whole minute; the rebalancer's as it tells of them, a minute or two later",
  },
  ThrottledCalls: {
    unit: "Count",
    meaning: "store calls that were throttled, each attempt of its own, since the last minute",
  },
  DroppedPublications: {
    unit: "Count",
    meaning: "publications of metrics that failed since the last one that didn't",
  },
} as const satisfies Record<string, { readonly unit: MetricUnit; readonly meaning: string }>;

export type MetricName = keyof typeof METRICS;

/** In the order in which they are published and shown. */
export const METRIC_NAMES: readonly MetricName[] = keysOf(METRICS);

function keysOf<Table extends object>(table: Table): Extract<keyof Table, string>[] {
  const keys: Extract<keyof Table, string>[] = [];
  for (const key in table) keys.push(key);
  return keys;
}
