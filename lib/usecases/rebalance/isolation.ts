/**
 * Divides and quarantines what kills its collectors, before another is started for it.
 *
 * Planned by `#domain/plan/isolate.ts`; applied up to the first refusal, then planned anew from what is
 * stored. The moves rely on each other, so one that is refused, or whose answer shows another lease than
 * was planned, means that somebody else was there.
 *
 * Holds: at most ATTEMPTS_MAX plans at a time; a snapshot that doesn't tile is not planned on.
 * Fails: DependencyError.
 */
import type { Fleet, FleetSnapshot } from "#domain/fleet.ts";
import type { LeaseId } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { beliefAfter, type Belief } from "#domain/plan/belief.ts";
import { isolate, type IsolatingMove } from "#domain/plan/isolate.ts";
import { formatRange } from "#domain/range.ts";
import { applyMove, leasesOf, type Outcome } from "./apply.ts";
import type { RebalanceDeps, RebalanceRun } from "./settings.ts";
import { readTiling } from "./snapshot.ts";

export interface Isolated {
  readonly divided: number;
  readonly quarantined: number;
}

type Deps = Pick<RebalanceDeps, "clock" | "leases" | "log" | "settings">;

const ATTEMPTS_MAX = 3;

export async function isolateKillers(
  deps: Deps,
  { pool, stop }: Pick<RebalanceRun, "pool" | "stop">,
): Promise<Isolated> {
  const done = { divided: 0, quarantined: 0 };
  for (let attempt = 1; attempt <= ATTEMPTS_MAX && !stop.aborted; attempt += 1) {
    const read = await readTiling(deps, pool, stop);
    if (read.kind !== "tiles") break;
    const moves = isolate(stateOf(deps, read.snapshot));
    const applied = await applyAll(deps, read.snapshot, moves);
    for (const { kind } of applied) {
      if (kind === "move") done.divided += 1;
      if (kind === "quarantine") done.quarantined += 1;
    }
    if (applied.length === moves.length) break;
  }
  return done;
}

function stateOf({ clock, settings }: Deps, { fleet, leases }: FleetSnapshot) {
  const { skewMaxMs, leaseTtlMs: ttlMs } = settings;
  return { fleet, leases, now: clock.now(), ttlMs, limits: { ...settings.plan, skewMaxMs } };
}

/** Those that were applied: all, or those before the first that was refused. */
async function applyAll(
  deps: Deps,
  snapshot: FleetSnapshot,
  moves: readonly IsolatingMove[],
): Promise<readonly IsolatingMove[]> {
  const divided = new Set<LeaseId>();
  let { fleet } = snapshot;
  let belief: Belief = new Map(snapshot.leases.map((lease) => [lease.id, lease]));
  for (const [index, move] of moves.entries()) {
    const outcome = await applyOne(deps, { move, fleet, belief });
    if (outcome.result !== "applied") {
      deps.log.info("move", { move: move.kind, result: outcome.result, why: move.why });
      return moves.slice(0, index);
    }
    fleet = outcome.fleet ?? fleet;
    if (move.kind === "quarantine") {
      tellQuarantine(deps, move);
      continue;
    }
    const { expected = [], shown = [] } = outcome;
    belief = beliefAfter(belief, { touched: leasesOf(move), expected, shown });
    if (move.kind !== "move" || divided.has(move.from)) continue;
    divided.add(move.from);
    deps.log.warn("a lease whose collectors died is divided", { why: move.why });
  }
  return moves;
}

async function applyOne(
  deps: Deps,
  {
    move,
    fleet,
    belief,
  }: { readonly move: IsolatingMove; readonly fleet: Fleet; readonly belief: Belief },
): Promise<Outcome> {
  if (move.kind !== "quarantine") return await applyMove(deps, { move, fleet, belief });
  const { clock, leases, settings } = deps;
  const { lease: id, version, until } = move;
  const { skewMaxMs } = settings;
  const { deathsWithinMs } = limits;
  const shut = {
    pool: fleet.pool,
    id,
    version,
    now: clock.now(),
    until,
    skewMaxMs,
    deathsWithinMs,
  };
  const quarantined = await leases.quarantine(shut);
  return { result: quarantined.kind === "quarantined" ? "applied" : quarantined.why };
}

function tellQuarantine(
  { log }: Deps,
  move: Extract<IsolatingMove, { readonly kind: "quarantine" }>,
): void {
  const { lease, deaths, until, ranges, why } = move;
  log.error("a range kills its collectors and is quarantined; the others go on", {
    lease,
    ranges: ranges.map(formatRange).join(" "),
    deaths,
    until: new Date(until).toISOString(),
    why,
  });
}
