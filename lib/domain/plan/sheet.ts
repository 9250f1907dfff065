/**
 * A plan in the making: seats, weights, and the moves so far, with their versions.
 *
 * Holds: at most `movesMax` moves; each move's versions are those that the moves before it leave.
 */
import { isHeld, newLease, type Lease, type LeaseId } from "../lease.ts";
import { limits } from "../limits.ts";
import { subtract, type RangeSet } from "../range.ts";
import { slotWidth } from "../slot.ts";
import { after, type EpochMs } from "../units.ts";
import { rangesOf, runsOf, weightOf, type Run, type Seat } from "./seat.ts";
import type { Move, PlanState } from "./state.ts";
import { slotWeights, type Weights } from "./weights.ts";

export interface Sheet {
  readonly state: PlanState;
  readonly width: number;
  readonly weights: Weights;
  readonly seats: Map<LeaseId, Seat>;
  /** Leases that are left alone: they have no seat. */
  readonly apart: ReadonlySet<LeaseId>;
  readonly moves: Move[];
  /** What stays uneven, and why. */
  readonly notes: string[];
}

const NONE: ReadonlySet<LeaseId> = new Set();

export function newSheet(state: PlanState, apart: ReadonlySet<LeaseId> = NONE): Sheet {
  const { slotsLog2 } = state.fleet;
  const width = slotWidth(slotsLog2);
  const weights = slotWeights(state.leases, slotsLog2);
  const seated = state.leases.filter(({ id }) => !apart.has(id));
  const seats = new Map(seated.map((lease) => [lease.id, seatOf(state, lease, weights)]));
  const sheet: Sheet = { state, width, weights, seats, apart, moves: [], notes: [] };
  for (const lease of seated) {
    for (const { range, to } of lease.giving) {
      const taker = seats.get(to);
      if (taker !== undefined) settle(sheet, lease.id, taker, runsOf([range], width));
    }
  }
  return sheet;
}

/** Adds a lease that will be made; its seat is empty. */
export function addSeat(sheet: Sheet, id: LeaseId): Seat {
  const { state, weights } = sheet;
  const seat = seatOf(state, newLease(state.fleet.pool, id, [], state.now), weights);
  sheet.seats.set(id, seat);
  return seat;
}

/** Books promised slots as the taker's already. */
function settle(sheet: Sheet, from: LeaseId, taker: Seat, runs: readonly Run[]): void {
  const weight = weightOf(runs, sheet.weights);
  const giver = sheet.seats.get(from);
  if (giver !== undefined) giver.weight -= weight;
  taker.weight += weight;
  addBounds(taker, runs);
}

function seatOf(state: PlanState, lease: Lease, weights: Weights): Seat {
  const width = slotWidth(state.fleet.slotsLog2);
  const all = runsOf(lease.ranges, width);
  const promised = lease.giving.map(({ range }) => range);
  const seat: Seat = {
    id: lease.id,
    version: lease.version,
    held: isHeld(lease, state.now, state.limits.skewMaxMs),
    awaited: isAwaited(lease, state.now),
    weight: weightOf(all, weights),
    runs: promised.length === 0 ? all : runsOf(subtract(lease.ranges, promised), width),
    bounds: new Set(),
  };
  addBounds(seat, all);
  return seat;
}

/** A running taker learns of a move with its next heartbeat: what is due before that would be late. */
const SOON_MS = limits.heartbeatEveryMs + limits.requestTimeoutMs;
/** Due for so long and nobody there: who is there is better than whoever doesn't come. */
const OVERDUE_AFTER_MS = 5_000;

function isAwaited({ holder, ranges, nextDueAt }: Lease, now: EpochMs): boolean {
  if (holder !== undefined || ranges.length === 0) return false;
  return nextDueAt > after(now, -OVERDUE_AFTER_MS) && nextDueAt <= after(now, SOON_MS);
}

function addBounds(seat: Seat, runs: readonly Run[]): void {
  for (const { from, to } of runs) seat.bounds.add(from).add(to);
}

export function hasRoom(sheet: Sheet): boolean {
  return sheet.moves.length < sheet.state.limits.movesMax;
}

export interface Cancelling {
  readonly giver: Seat;
  /** undefined when the lease they were promised to is gone. */
  readonly taker?: Seat;
  readonly ranges: RangeSet;
  readonly why: string;
}

/** Drops promises; their slots are the giver's again, and may be moved elsewhere in this run. */
export function cancelPromises(sheet: Sheet, { giver, taker, ranges, why }: Cancelling): void {
  sheet.moves.push({ kind: "cancel", lease: giver.id, version: giver.version, ranges, why });
  giver.version += 1;
  const runs = runsOf(ranges, sheet.width);
  giver.runs = [...giver.runs, ...runs].toSorted((a, b) => a.from - b.from);
  if (taker === undefined) return;
  const weight = weightOf(runs, sheet.weights);
  taker.weight -= weight;
  giver.weight += weight;
}

export interface Handing {
  readonly from: Seat;
  readonly to: Seat;
  readonly runs: readonly Run[];
  /** What the giver may still move afterwards. */
  readonly left: readonly Run[];
  readonly why: string;
}

/** Whether slots are promised: where somebody holds the giver, or soon will and the taker learns too late. */
export function isByPromise(from: Seat, to: Seat): boolean {
  return from.held || (from.awaited && to.held);
}

/** A promise where that must be, else a move. */
export function hand(sheet: Sheet, { from, to, runs, left, why }: Handing): void {
  const promised = isByPromise(from, to);
  sheet.moves.push({
    kind: promised ? "promise" : "move",
    from: from.id,
    fromVersion: from.version,
    to: to.id,
    toVersion: to.version,
    ranges: rangesOf(runs, sheet.width),
    why,
  });
  from.version += 1;
  if (!promised) to.version += 1;
  const weight = weightOf(runs, sheet.weights);
  from.weight -= weight;
  to.weight += weight;
  from.runs = left;
  addBounds(to, runs);
}

/** Slots that were promised while somebody held the lease: nobody does, so they can move at once. */
export function movePromised(sheet: Sheet, from: Seat, to: Seat, ranges: RangeSet): void {
  const { id, version } = from;
  sheet.moves.push({
    kind: "move",
    from: id,
    fromVersion: version,
    to: to.id,
    toVersion: to.version,
    ranges,
    why: `${id} promised these to ${to.id} and nobody holds it now: they move at once`,
  });
  from.version += 1;
  to.version += 1;
}
