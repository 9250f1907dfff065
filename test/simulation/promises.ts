/**
 * Since when each promise stands that a lease has given and not kept.
 *
 * Holds: a promise that is cut to a part of it, or joined with another, keeps its age.
 */
import type { Giving, Lease, LeaseId } from "#domain/lease.ts";
import { formatRange, overlaps } from "#domain/range.ts";

export interface StandingPromise {
  /** `0002 gives 5c000000-60000000 to 0007`. */
  readonly what: string;
  readonly since: number;
}

export interface PromiseBook {
  /** The lease as it is now; undefined: there is none any more. */
  observe(id: LeaseId, lease: Lease | undefined, now: number): void;
  standing(): readonly StandingPromise[];
}

interface Dated {
  readonly giving: Giving;
  readonly since: number;
}

export function promiseBook(): PromiseBook {
  const byLease = new Map<LeaseId, readonly Dated[]>();
  return {
    observe(id, lease, now) {
      const before = byLease.get(id) ?? [];
      const giving = lease?.giving ?? [];
      if (giving.length === 0) byLease.delete(id);
      else byLease.set(id, giving.map((one) => ({ giving: one, since: sinceOf(before, one, now) }))); // prettier-ignore
    },
    standing: () =>
      [...byLease].flatMap(([id, promises]) =>
        promises.map(({ giving: { range, to }, since }) => ({
          what: `${id} gives ${formatRange(range)} to ${to}`,
          since,
        })),
      ),
  };
}

function sinceOf(before: readonly Dated[], { range, to }: Giving, now: number): number {
  return before
    .filter(({ giving }) => giving.to === to && overlaps([giving.range], [range]))
    .reduce((oldest, { since }) => Math.min(oldest, since), now);
}
