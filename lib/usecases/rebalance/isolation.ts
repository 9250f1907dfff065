/**
 * Divides and quarantines what kills its collectors, before another is started for it.
 *
 * Planned by `#domain/plan/isolate.ts`; applied up to the first refusal, then planned anew from what is
 * stored. The moves rely on each other, so one that is refused means that somebody else was there.
 *
 * Holds: at most ATTEMPTS_MAX plans at a time; a snapshot that doesn't tile is not planned on.
 * Fails: DependencyError.
 */
import type { Fleet, FleetSnapshot } from "#domain/fleet.ts";
import type { LeaseId } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { isolate, type IsolatingMove } from "#domain/plan/isolate.ts";
import { formatRange } from "#domain/range.ts";
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
    const applied = await applyAll(deps, read.snapshot.fleet, moves);
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
  before: Fleet,
  moves: readonly IsolatingMove[],
): Promise<readonly IsolatingMove[]> {
  const divided = new Set<LeaseId>();
  let fleet = before;
  for (const [index, move] of moves.entries()) {
    const outcome = await applyOne(deps, fleet, move);
    fleet = outcome.fleet ?? fleet;
    if (outcome.result !== "applied") {
      deps.log.info("move", { move: move.kind, result: outcome.result, why: move.why });
      return moves.slice(0, index);
    }
    if (move.kind === "quarantine") tellQuarantine(deps, move);
    if (move.kind !== "move" || divided.has(move.from)) continue;
    divided.add(move.from);
    deps.log.warn("a lease whose collectors died is divided", { why: move.why });
  }
  return moves;
}

interface Outcome {
  readonly result: string;
  readonly fleet?: Fleet;
}

async function applyOne(
  { clock, leases, settings: { skewMaxMs } }: Deps,
  fleet: Fleet,
  move: IsolatingMove,
): Promise<Outcome> {
  const { pool } = fleet;
  const { deathsWithinMs } = limits;
  switch (move.kind) {
    case "add-lease": {
      const added = await leases.addLease(fleet);
      return added.kind === "added"
        ? { result: "applied", fleet: added.fleet }
        : { result: "version" };
    }
    case "move": {
      const { from, fromVersion, to, toVersion, ranges, ward } = move;
      const pair = { pool, from, fromVersion, to, toVersion };
      const now = clock.now();
      const moved = await leases.move({ ...pair, ranges, ward, now, skewMaxMs, deathsWithinMs });
      return { result: moved.kind === "moved" ? "applied" : moved.why };
    }
    case "quarantine": {
      const { lease: id, version, until } = move;
      const now = clock.now();
      const shut = { pool, id, version, now, until, skewMaxMs, deathsWithinMs };
      const quarantined = await leases.quarantine(shut);
      return { result: quarantined.kind === "quarantined" ? "applied" : quarantined.why };
    }
  }
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
