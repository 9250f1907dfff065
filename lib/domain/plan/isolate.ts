/**
 * Divides leases whose ranges kill their owners, and shuts the part that is found out.
 *
 * In:    a snapshot that tiles, now, the leases' TTL        Out: moves in order, each with its reason
 * Holds: pure; a lease that somebody holds is left alone; deaths that befell others as well are the
 *        fleet's, and nothing is shut because of them; nothing is shut where no other lease's owner
 *        is there to say that it could live.
 * Source: DESIGN, section 4 ("The rebalancer").
 */
import { isQuarantined, leaseId, type Lease, type LeaseId, type Ward } from "../lease.ts";
import { limits } from "../limits.ts";
import { deathsInAll, deathsOf, isWard, verdictOf } from "../quarantine.ts";
import { rangesOfSlots, slotsIn, type RangeSet } from "../range.ts";
import { after, type EpochMs } from "../units.ts";
import type { Move, PlanState } from "./state.ts";

/** To be applied in order, up to the first that is refused: then all is to be planned anew. */
export type IsolatingMove =
  | Extract<Move, { readonly kind: "add-lease" }>
  | (Extract<Move, { readonly kind: "move" }> & { readonly ward: Ward })
  | {
      readonly kind: "quarantine";
      readonly lease: LeaseId;
      readonly version: number;
      readonly until: EpochMs;
      readonly ranges: RangeSet;
      readonly deaths: number;
      readonly why: string;
    };

export interface IsolateState extends PlanState {
  /** As the owners' own: after half of it a heartbeat is overdue. */
  readonly ttlMs: number;
}

/** One in so many of the others may have trouble of its own. */
const TROUBLED_SHARE = 1 / 8;
/** Due for so long and nobody there: collectors aren't started, or can't be. */
const OVERDUE_AFTER_MS = 5_000;

export function isolate(state: IsolateState): readonly IsolatingMove[] {
  const moves: IsolatingMove[] = [];
  let next = state.fleet.nextLease;
  for (const lease of state.leases) {
    switch (soundness(lease, state)) {
      case "sound":
        break;
      case "divide": {
        const parts = partsOf(lease, state);
        const room = state.limits.leasesMax - state.leases.length - (next - state.fleet.nextLease);
        // What is added and what is moved.
        if (parts.length < 2 || room < parts.length) break;
        moves.push(...divide(lease, parts, next, state));
        next += parts.length;
        break;
      }
      case "quarantine":
        moves.push(shut(lease, state));
        break;
    }
  }
  return moves;
}

function soundness(lease: Lease, state: IsolateState): ReturnType<typeof verdictOf> {
  const { now, limits: { skewMaxMs }, fleet: { slotsLog2 } } = state; // prettier-ignore
  const verdict = verdictOf(lease, { now, skewMaxMs, slotsLog2 });
  if (verdict === "sound") return verdict;
  // Whoever tried it last was told so; that it is divided again concerns nobody else.
  if (lease.quarantine !== undefined) return verdict;
  const others = state.leases.filter((other) => other.id !== lease.id && isWitness(other, state));
  // A pool of one lease: divided, it has others that live or die beside it.
  if (others.length === 0) return verdict === "divide" ? verdict : "sound";
  const since = deathsOf(lease, now)[0] ?? now;
  const troubled = others.filter((other) => isTroubled(other, after(since, -state.ttlMs), state));
  return troubled.length <= others.length * TROUBLED_SHARE ? verdict : "sound";
}

/** Those whose fate says something: whose ranges somebody captures, or would. */
function isWitness(other: Lease, { now, limits: { skewMaxMs } }: IsolateState): boolean {
  return other.ranges.length > 0 && !isQuarantined(other, now, skewMaxMs);
}

/** Silent, bereaved since then, or without anybody although something is due. */
function isTroubled(other: Lease, since: EpochMs, { now, ttlMs }: IsolateState): boolean {
  const { holder, deaths, nextDueAt } = other;
  if (deaths?.some((at) => at >= since) === true) return true;
  // Who died at the same time has been silent for as long, less one heartbeat: its time need not be over.
  if (holder !== undefined) return now - (holder.expiresAt - ttlMs) > ttlMs / 2;
  return now - nextDueAt > OVERDUE_AFTER_MS;
}

function partsOf(lease: Lease, { fleet }: IsolateState): readonly RangeSet[] {
  const slots = slotsIn(lease.ranges, fleet.slotsLog2);
  const count = Math.min(limits.wardsMax, slots.length);
  return Array.from({ length: count }, (_, part) =>
    rangesOfSlots(
      slots.slice(
        Math.floor((part * slots.length) / count),
        Math.floor(((part + 1) * slots.length) / count),
      ),
      fleet.slotsLog2,
    ),
  );
}

function divide(
  lease: Lease,
  parts: readonly RangeSet[],
  next: number,
  { now, limits: { skewMaxMs } }: IsolateState,
): IsolatingMove[] {
  const deaths = deathsInAll(lease, now);
  const ward: Ward = { of: lease.id, until: after(now, limits.deathsWithinMs), deaths };
  const why = isQuarantined(lease, now, skewMaxMs) || lease.quarantine !== undefined
    ? `${lease.id} was quarantined: before it is tried again, it is divided among ${parts.length}`
    : `${deaths} collectors died of ${lease.id}: it is divided among ${parts.length}, so that only one of them kills`; // prettier-ignore
  return parts.flatMap((ranges, index): IsolatingMove[] => {
    const to = leaseId(next + index);
    return [
      { kind: "add-lease", lease: to, why },
      {
        kind: "move",
        from: lease.id,
        fromVersion: lease.version + index,
        to,
        toVersion: 1,
        ranges,
        ward,
        why,
      },
    ];
  });
}

function shut(lease: Lease, { now }: IsolateState): IsolatingMove {
  const deaths = deathsInAll(lease, now);
  const until = after(now, limits.quarantineMs);
  const which = isWard(lease, now) ? `, divided off ${lease.ward?.of ?? ""}` : "";
  return {
    kind: "quarantine",
    lease: lease.id,
    version: lease.version,
    until,
    ranges: lease.ranges,
    deaths,
    why: `${deaths} collectors died of ${lease.id}${which}: no collector is started for it until ${new Date(until).toISOString()}`,
  };
}
