/**
 * Which collectors this run has started, so that none is started twice for one need.
 *
 *     (none) --note--> started --observe a later epoch with an owner--> (none), start time learnt
 *     started --repeat span over, no acquire seen--> may be started again, up to a maximum
 *
 * Holds: for one lease and epoch, starts lie startRepeatMs apart and are at most startsPerEpochMax.
 */
import type { Lease, LeaseId } from "#domain/lease.ts";
import { after, earliest, latestOf, type EpochMs } from "#domain/units.ts";
import type { Need } from "./need.ts";
import type { RebalanceSettings } from "./settings.ts";
import type { StartTimes } from "./start-times.ts";

interface Started {
  readonly epoch: number;
  readonly at: EpochMs;
  readonly count: number;
  readonly isSuccessor: boolean;
  /** When the lease that a successor waits for was first seen free. */
  freeSince?: EpochMs;
}

export interface StartBook {
  /** When this need may be met with a start; undefined when it has been tried often enough. */
  nextAt(lease: Lease, need: Need): EpochMs | undefined;
  note(lease: Lease, need: Need, now: EpochMs): void;
  /** Learns from a fresh read of a lease. */
  observe(lease: Lease, now: EpochMs): void;
  isPending(id: LeaseId): boolean;
  /** Starts so far. */
  readonly total: number;
}

/** A successor polls every 100 ms: a lease that stays free for longer has none. */
const SUCCESSOR_GRACE_MS = 1_000;

export function startBook(settings: RebalanceSettings, times: StartTimes): StartBook {
  const book = new Map<LeaseId, Started>();
  let total = 0;

  function repeatAt(started: Started, need: Need): EpochMs {
    const usual = after(started.at, settings.startRepeatMs);
    if (!started.isSuccessor) return usual;
    if (need.reason === "successor") return after(started.at, settings.stayMaxMs);
    return after(latestOf(started.freeSince ?? need.at, started.at), SUCCESSOR_GRACE_MS);
  }

  return {
    get total() {
      return total;
    },
    isPending: (id) => book.has(id),
    nextAt(lease, need) {
      const started = book.get(lease.id);
      if (started === undefined) return need.at;
      if (started.count >= settings.startsPerEpochMax && started.epoch === lease.epoch)
        return undefined;
      return latestOf(need.at, repeatAt(started, need));
    },
    note(lease, need, now) {
      const before = book.get(lease.id);
      const count = before?.epoch === lease.epoch ? before.count + 1 : 1;
      total += 1;
      book.set(lease.id, {
        epoch: lease.epoch,
        at: now,
        count,
        isSuccessor: need.reason === "successor",
      });
    },
    observe(lease, now) {
      const started = book.get(lease.id);
      if (started === undefined) return;
      const { holder, epoch } = lease;
      if (epoch > started.epoch && holder !== undefined) {
        // As of its first heartbeat we only see that it was earlier.
        const acquiredAt = earliest(now, after(holder.expiresAt, -settings.leaseTtlMs));
        if (!started.isSuccessor && started.count === 1)
          times.learn(Math.max(0, acquiredAt - started.at));
        book.delete(lease.id);
      } else if (epoch > started.epoch && now >= after(started.at, settings.startRepeatMs)) {
        // Owned and released between two looks, or moved.
        book.delete(lease.id);
      } else if (holder === undefined) {
        started.freeSince ??= now;
      }
    },
  };
}
