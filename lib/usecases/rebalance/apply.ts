/**
 * Applies a plan's moves in order. A refusal is an answer: the world moved on, the next run sees it.
 *
 * Holds: what relies on a move that was refused, or that another had made otherwise before, isn't
 *        tried: others' changes may have made the versions just what the plan foresaw, and a stale
 *        plan changes nothing.
 */
import { withNewLease, type Fleet, type FleetSnapshot } from "#domain/fleet.ts";
import {
  cancel,
  move as moveRanges,
  promise,
  type CancelRequest,
  type Lease,
  type LeaseId,
  type MoveRequest,
  type PromiseRequest,
  type Ward,
} from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import type { Move } from "#domain/plan.ts";
import { beliefAfter, type Belief } from "#domain/plan/belief.ts";
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
  let belief: Belief = new Map(snapshot.leases.map((lease) => [lease.id, lease]));
  let { fleet } = snapshot;
  let applied = 0;
  let refused = 0;
  const takers = new Set<LeaseId>();
  for (const move of moves) {
    if (stop.aborted) break;
    const outcome = await applyMove(deps, { move, fleet, belief });
    const { result, expected = [], shown = [] } = outcome;
    belief = beliefAfter(belief, { touched: leasesOf(move), expected, shown });
    fleet = outcome.fleet ?? fleet;
    if (result === "applied") {
      applied += 1;
      if (move.kind === "move") takers.add(move.to);
    } else {
      refused += 1;
    }
    deps.log.info("move", { move: move.kind, result, why: move.why });
  }
  return { applied, refused, takers };
}

export function leasesOf(move: Move): readonly LeaseId[] {
  return "from" in move ? [move.from, move.to] : [move.lease];
}

export interface Outcome {
  readonly result: string;
  readonly fleet?: Fleet;
  /** The leases that it touches, as the plan foresaw them and as the answer shows them. */
  readonly expected?: readonly Lease[];
  readonly shown?: readonly Lease[];
}

/** A lease that it relies on went another way than planned. */
const STALE: Outcome = { result: "stale" };

/** A move may be to a ward: there ranges that are suspected to kill are tried. */
type AnyMove = Move | (Extract<Move, { readonly kind: "move" }> & { readonly ward: Ward });

interface Step {
  readonly move: AnyMove;
  readonly fleet: Fleet;
  readonly belief: Belief;
}

export async function applyMove(deps: Deps, { move, fleet, belief }: Step): Promise<Outcome> {
  const { clock, leases, settings } = deps;
  const { pool } = fleet;
  if (move.kind === "add-lease") return await addLease(deps, fleet);
  if (move.kind === "cancel" || move.kind === "remove-lease") {
    const lease = belief.get(move.lease);
    if (lease === undefined) return STALE;
    const { version } = move;
    if (move.kind === "cancel")
      return await cancelPromises(deps, lease, {
        pool,
        id: lease.id,
        version,
        ranges: move.ranges,
      });
    const removed = await leases.removeLease({ ...lease, version });
    return { result: removed === "removed" ? "applied" : "version" };
  }
  const { from, fromVersion, to, toVersion, ranges } = move;
  const pair = { from: belief.get(from), to: belief.get(to) };
  if (pair.from === undefined || pair.to === undefined) return STALE;
  const request = { pool, from, fromVersion, to, toVersion, ranges };
  if (move.kind === "promise")
    return await promiseRanges(deps, { from: pair.from, to: pair.to }, request);
  return await moveBetween(
    deps,
    { from: pair.from, to: pair.to },
    {
      ...request,
      now: clock.now(),
      skewMaxMs: settings.skewMaxMs,
      deathsWithinMs: limits.deathsWithinMs,
      ...("ward" in move && { ward: move.ward }),
    },
  );
}

interface Pair {
  readonly from: Lease;
  readonly to: Lease;
}

async function moveBetween(
  { leases }: Deps,
  { from, to }: Pair,
  request: MoveRequest,
): Promise<Outcome> {
  const moved = await leases.move(request);
  if (moved.kind === "refused") return { result: moved.why };
  const planned = moveRanges(from, to, request);
  return {
    result: "applied",
    expected: planned.kind === "moved" ? [planned.from, planned.to] : [],
    shown: [moved.from, moved.to],
  };
}

/** The taker stays as it is. */
async function promiseRanges(
  { leases }: Deps,
  { from, to }: Pair,
  request: PromiseRequest,
): Promise<Outcome> {
  const promised = await leases.promise(request);
  if (promised.kind === "refused") return { result: promised.why };
  const planned = promise(from, to, request);
  return {
    result: "applied",
    expected: planned.kind === "promised" ? [planned.from, to] : [],
    shown: [promised.from, to],
  };
}

async function cancelPromises(
  { leases }: Deps,
  lease: Lease,
  request: CancelRequest,
): Promise<Outcome> {
  const cancelled = await leases.cancel(request);
  if (cancelled.kind === "refused") return { result: cancelled.why };
  const planned = cancel(lease, request);
  return {
    result: "applied",
    expected: planned.kind === "cancelled" ? [planned.lease] : [],
    shown: [cancelled.lease],
  };
}

async function addLease({ leases }: Deps, fleet: Fleet): Promise<Outcome> {
  const added = await leases.addLease(fleet);
  if (added.kind === "refused") return { result: "version" };
  const { fleet: grown, lease } = added;
  return { result: "applied", fleet: grown, expected: [withNewLease(fleet).lease], shown: [lease] };
}
