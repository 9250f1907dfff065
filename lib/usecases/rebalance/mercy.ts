/**
 * Time for a heartbeat, for owners that all fell silent while nobody could look.
 *
 * After minutes without the store every lease has expired, and most owners live: they try a heartbeat
 * every three seconds and have their leases back with the first that is answered. A rebalancer that
 * starts others the moment it sees the store again is faster than most of them. The ranges would
 * change hands for nothing: another epoch, a cold start, slots read anew by a store that has just
 * come back, and a death noted of owners that are well.
 *
 * So whoever was blind waits for one heartbeat and its call, 4 s, before it takes them for dead. What
 * it costs where they did die:
 * - Their rebalancer saw it happen: nothing, it wasn't blind. One is as one dies of itself: started
 *   at `expiresAt + skewMax`, for TTL + 2.5 s in all.
 * - The store was out of reach when they died: the bound counts from its return, and 4 s and a start
 *   are less than TTL + 2.5 s.
 * - The rebalancer died with them: its next run is there within a minute, so TTL + 62 s leave it
 *   TTL + 2 s to start them; that covers 4 s and a start as well.
 *
 * Holds: an owner is waited for only where all owners are silent, and once: not again before
 *        somebody was heard, however slow the looks are.
 */
import type { Lease } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { after, latestOf, type EpochMs } from "#domain/units.ts";
import type { Need } from "./need.ts";
import type { RebalanceSettings } from "./settings.ts";

export interface Mercy {
  /** After each look that was answered; looks are to come every `everyMs`. */
  look(leases: readonly Lease[], now: EpochMs, everyMs: number): void;
  /** The need as it is, or put off. */
  put(lease: Lease, need: Need | undefined): Need | undefined;
}

/** At the first look of a run: somebody who was there would have started others by then. */
const LONG_EXPIRED_MS = 2_500;

export function mercyFor({
  leaseTtlMs,
  skewMaxMs,
}: Pick<RebalanceSettings, "leaseTtlMs" | "skewMaxMs">): Mercy {
  const spareMs = Math.min(limits.heartbeatEveryMs, leaseTtlMs / 3) + limits.requestTimeoutMs;
  let sawAt: EpochMs | undefined;
  let spared: { readonly silentSince: EpochMs; readonly until: EpochMs } | undefined;
  let isSpent = false;

  /** Before which moment leases must have expired to be told apart from those that just did. */
  function expiredBefore(now: EpochMs, everyMs: number): EpochMs | undefined {
    if (sawAt === undefined) return after(now, -skewMaxMs - LONG_EXPIRED_MS);
    return now - sawAt > everyMs + leaseTtlMs / 4 ? after(now, -skewMaxMs) : undefined;
  }

  return {
    look(leases, now, everyMs) {
      const before = expiredBefore(now, everyMs);
      sawAt = now;
      const owned = leases.flatMap(({ holder }) => holder ?? []);
      if (owned.some(({ expiresAt }) => expiresAt > now)) isSpent = false;
      if (before === undefined || isSpent) return;
      const areSilent = owned.length > 0 && owned.every(({ expiresAt }) => expiresAt <= before);
      if (!areSilent) return;
      spared = { silentSince: now, until: after(now, spareMs) };
      isSpent = true;
    },
    put({ holder }, need) {
      if (spared === undefined || need?.reason !== "expired" || holder === undefined) return need;
      if (holder.expiresAt > spared.silentSince) return need;
      return { ...need, at: latestOf(need.at, spared.until) };
    },
  };
}
