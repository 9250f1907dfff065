/**
 * What a run takes the leases for while its plan is applied, move by move.
 *
 * A plan's later moves count on its earlier ones. Where one was refused, or an answer shows another
 * lease than the plan expected (a move that another had made before looks like one's own, sent
 * again), versions alone don't tell: some other change may have raised them as far.
 *
 * In:    leases as read, what each move should make of them, answers    Out: leases that still are as planned
 * Holds: a lease that went another way than planned is never believed in again.
 * Fails: never (pure).
 * Source: DESIGN, section 4, "Stale plans don't land".
 */
import { sameOpen } from "../hand-over.ts";
import type { Giving, Lease, LeaseId } from "../lease.ts";
import { sameRanges } from "../range.ts";

/** Leases as they are now, as far as the plan knows; others went another way. */
export type Belief = ReadonlyMap<LeaseId, Lease>;

/** How a move went: the leases that it touches as they should be now, and as the store has shown them. */
export interface Course {
  readonly touched: readonly LeaseId[];
  readonly expected: readonly Lease[];
  /** Empty when the move was refused. */
  readonly shown: readonly Lease[];
}

export function beliefAfter(belief: Belief, { touched, expected, shown }: Course): Belief {
  const after = new Map(belief);
  for (const id of touched) {
    const [wanted, stored] = [expected, shown].map((leases) => leases.find((l) => l.id === id));
    if (wanted !== undefined && stored !== undefined && isAsPlanned(wanted, stored))
      after.set(id, wanted);
    else after.delete(id);
  }
  return after;
}

/** Equal in all that plans are made from: heartbeats go on meanwhile. */
function isAsPlanned(wanted: Lease, stored: Lease): boolean {
  return (
    wanted.version === stored.version &&
    wanted.epoch === stored.epoch &&
    wanted.nextDueAt === stored.nextDueAt &&
    wanted.holder?.owner === stored.holder?.owner &&
    sameRanges(wanted.ranges, stored.ranges) &&
    sameGiving(wanted.giving, stored.giving) &&
    sameOpen(wanted.open, stored.open)
  );
}

function sameGiving(a: readonly Giving[], b: readonly Giving[]): boolean {
  const takers = new Set([...a, ...b].map(({ to }) => to));
  const promised = (giving: readonly Giving[], to: LeaseId): Giving["range"][] =>
    giving.filter((each) => each.to === to).map(({ range }) => range);
  return [...takers].every((to) => sameRanges(promised(a, to), promised(b, to)));
}
