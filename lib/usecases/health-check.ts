/**
 * Audits the real tables and says how the pool is: twelve metrics and, when something must never be
 * so and is, an error line for each.
 *
 * One Query shows the whole assignment; slots are looked at in rotation, all within an hour.
 *
 * In:    pool, now                                         Out: violations, the twelve values
 * Holds: never a Scan; the same few metrics whatever the fleet's size; changes nothing.
 * Fails: DependencyError when the store can't be reached: then there is no metric, which alarms.
 * Source: DESIGN, section 4 ("What must hold in every reachable state") and section 6 ("Metrics").
 */
import {
  auditInvariants,
  auditMonotone,
  type Look,
  type SlotLook,
  type Violation,
} from "#domain/audit.ts";
import type { FleetSnapshot } from "#domain/fleet.ts";
import { metricValues, toMetrics, type MetricName } from "./health-check/metrics.ts";
import { slotsOfMinute } from "./health-check/rotation.ts";
import type { HealthCheckDeps, HealthCheckRun } from "./health-check/settings.ts";
import { readSlots, slotsLagMs } from "./health-check/slots.ts";
import { readTiling } from "./rebalance/snapshot.ts";

export { METRIC_NAMES, type MetricName } from "./health-check/metrics.ts";
export { HEALTH_CHECK_SETTINGS } from "./health-check/settings.ts";
export type {
  HealthCheckDeps,
  HealthCheckRun,
  HealthCheckSettings,
} from "./health-check/settings.ts";
export { slotMemory, type SlotMemory } from "./health-check/slot-memory.ts";

export type HealthCheckReport =
  | { readonly kind: "no-pool" }
  | {
      readonly kind: "checked";
      readonly metrics: Readonly<Record<MetricName, number>>;
      readonly violations: readonly Violation[];
      readonly slotsAudited: number;
      readonly published: "published" | "dropped";
    };

const VIOLATIONS_LOGGED_MAX = 20;

export async function healthCheck(
  deps: HealthCheckDeps,
  run: HealthCheckRun,
): Promise<HealthCheckReport> {
  const { clock, settings, steps } = deps;
  const unitsBefore = unitsOf(deps);
  const read = await steps.measure("fleet", () => readTiling(deps, run.pool, run.stop));
  if (read.kind === "no-pool") return { kind: "no-pool" };
  const { snapshot } = read;
  const { slotsLog2 } = snapshot.fleet;
  const slots = slotsOfMinute(slotsLog2, clock.now(), settings.rotationMinutes);
  const looks = await steps.measure("slots", () => readSlots(deps, run, slots));
  const slotsLag = await steps.measure("lag", () => slotsLagMs(deps, run, { looks, slotsLog2 }));
  const violations = await steps.measure("audit", () => auditLooks(deps, run, { looks, snapshot }));
  const configuration = await deps.configuration.find(run.pool);
  const now = clock.now();
  const metrics = metricValues({
    snapshot,
    now,
    skewMaxMs: settings.audit.skewMaxMs,
    slotsLagMs: slotsLag,
    refusedConfiguration: configuration?.refused ?? 0,
    ownUnits: unitsOf(deps) - unitsBefore,
  });
  const batch = { pool: run.pool, at: now, metrics: toMetrics(metrics) };
  const published = await steps.measure("publish", () => deps.metrics.publish(batch));
  return { kind: "checked", metrics, violations, slotsAudited: looks.length, published };
}

interface Seen {
  readonly looks: readonly SlotLook[];
  readonly snapshot: FleetSnapshot;
}

async function auditLooks(
  deps: HealthCheckDeps,
  run: HealthCheckRun,
  { looks, snapshot }: Seen,
): Promise<Violation[]> {
  const { clock, memory, settings, log } = deps;
  const before = looks.flatMap((look) => memory.swap(run.pool, look) ?? []);
  const auditNow = (fleet: FleetSnapshot): Violation[] =>
    auditInvariants({ looks: [{ at: clock.now(), fleet, slots: looks }], limits: settings.audit });
  let found = auditNow(snapshot);
  if (found.some(({ invariant }) => invariant === "fencing")) {
    // A lease may have changed hands after the fleet was read: its epoch only grows, so read again.
    const again = await readTiling(deps, run.pool, run.stop);
    if (again.kind !== "no-pool") found = auditNow(again.snapshot);
  }
  // Leases as they were the last time aren't remembered, only slots.
  const then: Look = {
    at: clock.now(),
    fleet: { fleet: snapshot.fleet, leases: [] },
    slots: before,
  };
  const violations = [
    ...found,
    ...auditMonotone(then, { at: clock.now(), fleet: snapshot, slots: looks }),
  ];
  for (const { invariant, what } of violations.slice(0, VIOLATIONS_LOGGED_MAX)) {
    log.error("an invariant is broken; a person must look", { invariant, what });
  }
  return violations;
}

function unitsOf({ meter }: Pick<HealthCheckDeps, "meter">): number {
  return [...meter.totals().values()].reduce((sum, { read, write }) => sum + read + write, 0);
}
