/** Who captures what, from one look at the fleet. */
import type { FleetSnapshot } from "#domain/fleet.ts";
import { leaseLagMs } from "#domain/lag.ts";
import { isHeld, type Lease } from "#domain/lease.ts";
import { deathsInAll, deathsOf } from "#domain/quarantine.ts";
import { lastWholeMinute, LATENESS_BOUNDS_MS } from "#domain/progress.ts";
import { formatRange, slotsIn } from "#domain/range.ts";
import type { EpochMs } from "#domain/units.ts";

export interface CollectorView {
  readonly lease: string;
  readonly state: "running" | "idle" | "overdue" | "expired" | "quarantined";
  /** Undefined where nobody owns the lease. */
  readonly owner?: string;
  readonly slots: number;
  readonly ranges: readonly string[];
  readonly lagMs: number;
  /** First captures and others that are late. */
  readonly waiting: number;
  /** Ranges that it is about to give away. */
  readonly giving: number;
  /** Collectors that died here lately. */
  readonly died: number;
  /** When a collector tries it again; undefined unless it is quarantined. */
  readonly quarantinedUntil?: EpochMs;
}

export interface FleetView {
  readonly desired: number;
  readonly running: number;
  readonly collectors: readonly CollectorView[];
  readonly lagMs: number;
  readonly waiting: number;
  /** Of the last whole minute. */
  readonly missed: number;
  readonly lateness99Ms?: number;
}

/** An idle lease is overdue when nobody has taken it this long after its time: rebalancers look every two seconds. */
const OVERDUE_AFTER_MS = 5_000;

export function fleetView({ fleet, leases }: FleetSnapshot, now: EpochMs): FleetView {
  const collectors = leases
    .filter(({ ranges }) => ranges.length > 0)
    .map((lease) => collectorView(lease, fleet.slotsLog2, now));
  const minutes = leases.map(({ progress }) => lastWholeMinute(progress, now));
  const lateness99Ms = percentile99(minutes.map(({ lateness }) => lateness));
  return {
    desired: fleet.desired,
    running: collectors.filter(({ state }) => state === "running").length,
    collectors,
    lagMs: Math.max(0, ...collectors.map(({ lagMs }) => lagMs)),
    waiting: collectors.reduce((sum, { waiting }) => sum + waiting, 0),
    missed: minutes.reduce((sum, { missed }) => sum + missed, 0),
    ...(lateness99Ms !== undefined && { lateness99Ms }),
  };
}

function collectorView(lease: Lease, slotsLog2: number, now: EpochMs): CollectorView {
  const { id, holder, ranges, giving, progress, quarantine } = lease;
  const isOwned = isHeld(lease, now, 0);
  const lagMs = leaseLagMs(lease, now, 0);
  const state = stateOf(lease, isOwned, lagMs);
  return {
    lease: id,
    state,
    ...(holder !== undefined && { owner: holder.owner }),
    slots: slotsIn(ranges, slotsLog2).length,
    ranges: ranges.map(formatRange),
    lagMs: state === "idle" ? 0 : lagMs,
    waiting: isOwned ? (progress?.waiting ?? 0) : 0,
    giving: giving.length,
    died: quarantine === undefined ? deathsOf(lease, now).length : deathsInAll(lease, now),
    ...(quarantine !== undefined && { quarantinedUntil: quarantine.until }),
  };
}

function stateOf(
  { holder, quarantine }: Lease,
  isOwned: boolean,
  lagMs: number,
): CollectorView["state"] {
  if (quarantine !== undefined) return "quarantined";
  if (isOwned) return "running";
  if (holder !== undefined) return "expired";
  return lagMs > OVERDUE_AFTER_MS ? "overdue" : "idle";
}

/** The bound of the bucket that the 99th of 100 captures falls into; undefined without captures. */
function percentile99(buckets: readonly (readonly number[])[]): number | undefined {
  const counts = Array.from({ length: LATENESS_BOUNDS_MS.length + 1 }, (_, index) =>
    buckets.reduce((sum, counts) => sum + (counts[index] ?? 0), 0),
  );
  const wanted = counts.reduce((sum, count) => sum + count, 0) * 0.99;
  if (wanted === 0) return undefined;
  let seen = 0;
  const index = counts.findIndex((count) => {
    seen += count;
    return seen >= wanted;
  });
  return LATENESS_BOUNDS_MS[index] ?? Number.POSITIVE_INFINITY;
}
