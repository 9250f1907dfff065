/**
 * One run of the rebalancer: plan and apply, then stay and start collectors.
 *
 * In:    pool, this run's name, deadline, stop             Out: what was moved and started, why it ended
 * Holds: versions decide, so two runs at once are harmless; a snapshot that doesn't tile is not
 *        planned on, but collectors are started all the same: epochs keep that safe.
 * Fails: DependencyError when the store can't be reached before the watch begins.
 * Source: DESIGN, section 4, "The rebalancer".
 */
import type { Fleet, FleetSnapshot } from "#domain/fleet.ts";
import { plan } from "#domain/plan.ts";
import { after } from "#domain/units.ts";
import { applyMoves, type Applied, type AppliedMoves } from "./rebalance/apply.ts";
import { isBusy } from "./rebalance/need.ts";
import type { RebalanceDeps, RebalanceRun } from "./rebalance/settings.ts";
import { readAndName, type TilingRead } from "./rebalance/snapshot.ts";
import { handOverMs, horizonMs } from "./rebalance/lookout.ts";
import { watch, type WatchReport } from "./rebalance/watch.ts";

export { REBALANCE_SETTINGS } from "./rebalance/settings.ts";
export type { RebalanceDeps, RebalanceRun, RebalanceSettings } from "./rebalance/settings.ts";
export { startTimes, type StartTimes } from "./rebalance/start-times.ts";

export type RebalanceReport =
  | { readonly kind: "no-pool" }
  | ({
      readonly kind: "rebalanced";
      readonly explanations: readonly string[];
    } & Applied &
      WatchReport);

export async function rebalance(deps: RebalanceDeps, run: RebalanceRun): Promise<RebalanceReport> {
  const { clock, steps } = deps;
  const startedAt = clock.now();
  const read = await steps.measure("read", () => readAndName(deps, run));
  if (read.kind === "no-pool") return { kind: "no-pool" };
  const isOlderStaying = staysStill(deps, read.before, read.snapshot);
  const applied = await steps.measure("plan", () => planAndApply(deps, read, run.stop));
  const { takers, ...planned } = applied;
  const olderUntil = isOlderStaying ? after(startedAt, handOverMs(deps.settings)) : undefined;
  const watched = await steps.measure("watch", () =>
    watch(deps, run, { startedAt, olderUntil, takers }),
  );
  return { kind: "rebalanced", ...planned, ...watched };
}

type Planned = AppliedMoves & { readonly explanations: readonly string[] };
type Read = Exclude<TilingRead, { readonly kind: "no-pool" }>;

async function planAndApply(deps: RebalanceDeps, read: Read, stop: AbortSignal): Promise<Planned> {
  if (read.kind === "broken") {
    deps.log.error("the leases don't tile, so nothing is planned; collectors go on", {
      why: read.why,
    });
    return { applied: 0, refused: 0, takers: new Set(), explanations: [] };
  }
  const { fleet, leases } = read.snapshot;
  const limits = { ...deps.settings.plan, skewMaxMs: deps.settings.skewMaxMs };
  const { moves, explanations, heldBack } = plan({ fleet, leases, now: deps.clock.now(), limits });
  if (heldBack !== undefined)
    deps.log.warn("nothing is planned; collectors are started as ever", { why: heldBack });
  return { ...(await applyMoves(deps, read.snapshot, moves, stop)), explanations };
}

/** Whether the run before may still be there: it stays for what we see, too. */
function staysStill(
  deps: RebalanceDeps,
  before: Fleet | undefined,
  snapshot: FleetSnapshot,
): boolean {
  const last = before?.lastRebalance;
  const now = deps.clock.now();
  if (last === undefined || now - last.at >= deps.settings.stayMaxMs) return false;
  return isBusy(snapshot.leases, after(last.at, horizonMs(deps, snapshot)));
}
