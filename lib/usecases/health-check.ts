/**
 * Audits the real tables and says how the pool is: 18 metrics and, when something must never be so
 * and is, an error line for each, and a failed run.
 *
 * One Query shows the whole assignment (a second one in a minute's first seconds, when the last words
 * about the minute before have come); slots are looked at in rotation, all within an hour. What a
 * run has to know of those before is one small record, written once a minute (a second time in a
 * minute in which publications begin or cease to be dropped).
 *
 * In:    pool, now                                         Out: the 18 values, violations
 * Holds: never a Scan; the same few metrics whatever the fleet's size; of the pool it changes nothing.
 * Fails: InvariantError when an invariant is broken, or was lately, after everything was published:
 *        then a person must look. DependencyError when the store can't be reached: then there is no
 *        metric, which alarms.
 * Source: DESIGN, section 4 ("What must hold in every reachable state") and section 6 ("Metrics").
 */
import type { Violation } from "#domain/audit.ts";
import { auditLooks, brokenOf, failForBroken } from "./health-check/audit.ts";
import { judge, metricValues, toMetrics, type MetricValues } from "./health-check/metrics.ts";
import { tellQuarantined } from "./health-check/quarantined.ts";
import { recall, remember } from "./health-check/memory.ts";
import { slotsOfMinute } from "./health-check/rotation.ts";
import type { HealthCheckDeps, HealthCheckRun } from "./health-check/settings.ts";
import { readSlots, slotsLagMs } from "./health-check/slots.ts";
import { readTold } from "./health-check/told.ts";

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
      readonly metrics: MetricValues;
      /** Those that pass and have an alarm of their own: any other fails the run. */
      readonly violations: readonly Violation[];
      readonly slotsAudited: number;
      readonly published: "published" | "dropped";
    };

export async function healthCheck(
  deps: HealthCheckDeps,
  run: HealthCheckRun,
): Promise<HealthCheckReport> {
  const { clock, settings, steps } = deps;
  const unitsBefore = unitsOf(deps);
  const { read, at } = await steps.measure("fleet", () => readTold(deps, run));
  if (read.kind === "no-pool") return { kind: "no-pool" };
  const { snapshot } = read;
  const { slotsLog2 } = snapshot.fleet;
  const before = await steps.measure("memory", () => recall(deps, run.pool));
  const slots = slotsOfMinute(slotsLog2, clock.now(), settings.rotationMinutes);
  const looks = await steps.measure("slots", () => readSlots(deps, run, slots));
  const slotsLag = await steps.measure("lag", () => slotsLagMs(deps, run, { looks, slotsLog2 }));
  const violations = await steps.measure("audit", () => auditLooks(deps, run, { looks, snapshot }));
  const configuration = await deps.configuration.find(run.pool);
  const now = clock.now();
  const { skewMaxMs } = settings.audit;
  tellQuarantined(deps.log, snapshot, now);
  const broken = brokenOf(violations, { now, before: before?.broken, forMs: settings.brokenForMs });
  const seen = { snapshot, toldAt: at, now, skewMaxMs, slotsLagMs: slotsLag, before, broken };
  const judged = judge(seen);
  // Before publication, so that what it costs is published as well.
  await steps.measure("memory", () => remember(deps, judged.next));
  const metrics = metricValues({
    seen,
    judged,
    refusedConfiguration: configuration?.refused ?? 0,
    own: { units: unitsOf(deps) - unitsBefore, throttled: deps.meter.takeThrottled() },
  });
  const batch = { pool: run.pool, at: now, metrics: toMetrics(metrics, judged.minute.lateness) };
  const published = await steps.measure("publish", () => deps.metrics.publish(batch));
  await steps.measure("memory", () => rememberOutcome(deps, judged.next, published));
  failForBroken(run.pool, broken, now);
  return { kind: "checked", metrics, violations, slotsAudited: looks.length, published };
}

/** Writes only where the count changes: not in a minute like the one before. */
async function rememberOutcome(
  deps: HealthCheckDeps,
  next: Parameters<typeof remember>[1],
  published: "published" | "dropped",
): Promise<void> {
  const { droppedPublications: before } = next;
  const droppedPublications = published === "published" ? 0 : before + 1;
  if (droppedPublications !== before) await remember(deps, { ...next, droppedPublications });
}

function unitsOf({ meter }: Pick<HealthCheckDeps, "meter">): number {
  return [...meter.totals().values()].reduce((sum, { read, write }) => sum + read + write, 0);
}
