/**
 * Applies a plan's moves in order. A refusal is an answer: the world moved on, the next run sees it.
 *
 * Holds: moves that rely on a refused one are refused by their versions, by the store.
 */
import type { Fleet, FleetSnapshot } from "#domain/fleet.ts";
import type { Lease, LeaseId } from "#domain/lease.ts";
import type { Move } from "#domain/plan.ts";
import type { RebalanceDeps } from "./settings.ts";

export interface Applied {
  readonly applied: number;
  readonly refused: number;
}

type Deps = Pick<RebalanceDeps, "clock" | "leases" | "log" | "settings">;

export async function applyMoves(
  deps: Deps,
  snapshot: FleetSnapshot,
  moves: readonly Move[],
  stop: AbortSignal,
): Promise<Applied> {
  const byId = new Map(snapshot.leases.map((lease) => [lease.id, lease]));
  let { fleet } = snapshot;
  let applied = 0;
  let refused = 0;
  for (const move of moves) {
    if (stop.aborted) break;
    const outcome = await applyMove(deps, { move, fleet, byId });
    fleet = outcome.fleet ?? fleet;
    if (outcome.result === "applied") applied += 1;
    else refused += 1;
    deps.log.info("move", { move: move.kind, result: outcome.result, why: move.why });
  }
  return { applied, refused };
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
