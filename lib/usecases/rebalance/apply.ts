/**
 * Applies a plan's moves in order. A refusal is an answer: the world moved on, the next run sees it.
 *
 * Holds: what relies on a refused move isn't tried: another's change may have made the versions just
 *        what the plan foresaw, and a stale plan changes nothing.
 */
import type { Fleet, FleetSnapshot } from "#domain/fleet.ts";
import type { Lease, LeaseId } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import type { Move } from "#domain/plan.ts";
import type { RebalanceDeps } from "./settings.ts";

export interface Applied {
  readonly applied: number;
  readonly refused: number;
}

export interface AppliedMoves extends Applied {
  /** Leases that have got ranges from one that nobody owned: something may be due there at once. */
  readonly takers: ReadonlySet<LeaseId>;
}

type Deps = Pick<RebalanceDeps, "clock" | "leases" | "log" | "settings">;

export async function applyMoves(
  deps: Deps,
  snapshot: FleetSnapshot,
  moves: readonly Move[],
  stop: AbortSignal,
): Promise<AppliedMoves> {
  const byId = new Map(snapshot.leases.map((lease) => [lease.id, lease]));
  let { fleet } = snapshot;
  let applied = 0;
  let refused = 0;
  const takers = new Set<LeaseId>();
  /** Leases that are not as the plan foresaw them. */
  const unforeseen = new Set<LeaseId>();
  for (const move of moves) {
    if (stop.aborted) break;
    const relied = leasesOf(move);
    const outcome: Outcome = relied.some((id) => unforeseen.has(id))
      ? { result: "stale" }
      : await applyMove(deps, { move, fleet, byId });
    fleet = outcome.fleet ?? fleet;
    if (outcome.result === "applied") {
      applied += 1;
      if (move.kind === "move") takers.add(move.to);
    } else {
      refused += 1;
      for (const id of relied) unforeseen.add(id);
    }
    deps.log.info("move", { move: move.kind, result: outcome.result, why: move.why });
  }
  return { applied, refused, takers };
}

function leasesOf(move: Move): readonly LeaseId[] {
  return "from" in move ? [move.from, move.to] : [move.lease];
}

interface Outcome {
  readonly result: string;
  readonly fleet?: Fleet;
}

interface Step {
  readonly move: Move;
  readonly fleet: Fleet;
  readonly byId: ReadonlyMap<LeaseId, Lease>;
}

async function applyMove(
  { clock, leases, settings }: Deps,
  { move, fleet, byId }: Step,
): Promise<Outcome> {
  const { pool } = fleet;
  switch (move.kind) {
    case "move": {
      const { from, fromVersion, to, toVersion, ranges } = move;
      const { skewMaxMs } = settings;
      const moved = await leases.move({
        pool,
        from,
        fromVersion,
        to,
        toVersion,
        ranges,
        now: clock.now(),
        skewMaxMs,
        deathsWithinMs: limits.deathsWithinMs,
      });
      return { result: moved.kind === "moved" ? "applied" : moved.why };
    }
    case "promise": {
      const { from, fromVersion, to, toVersion, ranges } = move;
      const promised = await leases.promise({ pool, from, fromVersion, to, toVersion, ranges });
      return { result: promised.kind === "promised" ? "applied" : promised.why };
    }
    case "cancel": {
      const { lease: id, version, ranges } = move;
      const cancelled = await leases.cancel({ pool, id, version, ranges });
      return { result: cancelled.kind === "cancelled" ? "applied" : cancelled.why };
    }
    case "add-lease": {
      const added = await leases.addLease(fleet);
      return added.kind === "added"
        ? { result: "applied", fleet: added.fleet }
        : { result: "version" };
    }
    case "remove-lease": {
      const lease = byId.get(move.lease);
      if (lease === undefined) return { result: "gone" };
      const removed = await leases.removeLease(lease);
      return { result: removed === "removed" ? "applied" : "version" };
    }
  }
}
