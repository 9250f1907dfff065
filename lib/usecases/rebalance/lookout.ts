/**
 * What a watching run knows of the fleet, and which collectors it wants started when.
 *
 * Holds: a need that the run before should have met waits until that run has had the time, unless it
 *        arose so late that that run may not see it; one that a newer run should meet waits until that
 *        one has had the time; owners that all fell silent while nobody could look have the time for
 *        a heartbeat first; every start is decided on a lease that was read this moment.
 */
import type { FleetSnapshot } from "#domain/fleet.ts";
import { withoutPast } from "#domain/hand-over.ts";
import { readingMs, releaseAt } from "#domain/lease-times.ts";
import type { Lease, LeaseId } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { after, earliest, latestOf, type EpochMs } from "#domain/units.ts";
import { verdictOf } from "#domain/quarantine.ts";
import { countSlots } from "#domain/range.ts";
import { mercyFor } from "./mercy.ts";
import { isBusy, isOfOlder, needOf, type Need } from "./need.ts";
import { leasesWithRequests } from "./requested.ts";
import type { RebalanceDeps, RebalanceRun } from "./settings.ts";
import type { StartBook } from "./start-book.ts";

export interface Wanted {
  readonly lease: Lease;
  readonly need: Need;
  /** When to start; may be past. */
  readonly at: EpochMs;
}

export type Looked =
  | {
      readonly kind: "watched";
      readonly isIdle: boolean;
      /** The run whose name is in the fleet, unless it is this one's. */
      readonly newer: { readonly name: string; readonly at: EpochMs } | undefined;
    }
  | { readonly kind: "no-pool" };

export interface Lookout {
  /** Reads fleet and requests. */
  look(): Promise<Looked>;
  wanted(): readonly Wanted[];
  /** Whether so many owners died there that all leases are to be looked at before another is started. */
  isSuspicious(lease: Lease): boolean;
  /** Reads the lease again, unless it was read this very moment; undefined when it wants nothing by `by`. */
  confirm(id: LeaseId, by: EpochMs): Promise<Wanted | undefined>;
  /** From now on a newer run comes first: what it hasn't met in time is wanted. */
  standBy(): void;
  /** Whether, by what is known, nobody has to be started before a moment, and no range is changing hands. */
  isCalm(by: EpochMs): boolean;
}

/** Least time that a start by the run before gets to be seen. */
const OLDER_GRACE_MIN_MS = 1_000;
/** The platform's minute isn't exact. */
const NEXT_RUN_LATE_MS = 5_000;

/** For how long two runs overlap: the older has read the newer's name by then. */
export function handOverMs(settings: { readonly pollMs: number }): number {
  return settings.pollMs + 500;
}

/** How far ahead work must be for a run to end at once: the next run is there by then. */
export function horizonMs(
  { settings, startTimes }: Pick<RebalanceDeps, "settings" | "startTimes">,
  { fleet, leases }: FleetSnapshot,
): number {
  const { everyMs, prepareMs } = settings;
  const slots = leases.reduce((most, { ranges }) => Math.max(most, countSlots(ranges, fleet.slotsLog2)), 0); // prettier-ignore
  const readyMs = startTimes.aheadMs() + prepareMs + readingMs(slots);
  return everyMs + NEXT_RUN_LATE_MS + handOverMs(settings) + readyMs;
}

export interface LookoutOptions {
  readonly book: StartBook;
  /** Needs from before this moment are the older run's. */
  readonly olderUntil: EpochMs | undefined;
  /** Leases whose needs are ours all the same. */
  readonly takers: ReadonlySet<LeaseId>;
}

export function lookout(
  deps: RebalanceDeps,
  run: RebalanceRun,
  { book, olderUntil, takers }: LookoutOptions,
): Lookout {
  const { clock, settings, startTimes } = deps;
  const known = new Map<LeaseId, { readonly lease: Lease; readonly readAt: EpochMs }>();
  let requested: ReadonlyMap<LeaseId, Requested> = new Map();
  let slotsLog2: number | undefined;
  const mercy = mercyFor(settings);
  let isStandingBy = false;
  let first: FirstLook | undefined;

  function learn(lease: Lease, readAt: EpochMs): void {
    book.observe(lease, readAt);
    known.set(lease.id, { lease, readAt });
  }

  function wantedOf(lease: Lease): Wanted | undefined {
    const own = isStandingBy ? leftNeed(needNow(lease)) : ownNeed(lease, needNow(lease));
    const need = mercy.put(lease, own);
    const at = need === undefined ? undefined : book.nextAt(lease, need);
    return need === undefined || at === undefined ? undefined : { lease, need, at };
  }

  function needNow(lease: Lease): Need | undefined {
    const asked = isFree(lease) ? requested.get(lease.id) : undefined;
    if (asked?.epoch === lease.epoch)
      return { at: asked.since, dueAt: asked.since, reason: "request" };
    const { skewMaxMs, longestTimeoutMs, prepareMs } = settings;
    const aheadMs = startTimes.aheadMs() + prepareMs;
    return needOf(lease, { skewMaxMs, longestTimeoutMs, aheadMs }, slotsOf(lease));
  }

  function slotsOf({ ranges }: Lease): number {
    return slotsLog2 === undefined ? 0 : countSlots(ranges, slotsLog2);
  }

  function ownNeed(lease: Lease, need: Need | undefined): Need | undefined {
    if (need === undefined || olderUntil === undefined || takers.has(lease.id)) return need;
    if (!isOfOlder(need, olderUntil) || hasArisen(lease, need)) return need;
    const graceMs = Math.max(OLDER_GRACE_MIN_MS, 2 * startTimes.aheadMs());
    return { ...need, at: after(olderUntil, graceMs) };
  }

  /** Since this run's first look: the run before may have looked for the last time by then. */
  function hasArisen({ id, version }: Lease, { reason }: Need): boolean {
    if (first === undefined) return false;
    return first.versions.get(id) !== version || (reason === "request" && !first.asked.has(id));
  }

  /** What a newer run has left undone. */
  function leftNeed(need: Need | undefined): Need | undefined {
    if (need === undefined) return undefined;
    const graceMs = Math.max(limits.newerGraceMs, 2 * startTimes.aheadMs());
    return { ...need, at: after(latestOf(need.at, need.dueAt), graceMs) };
  }

  /** A lease that is known to have one isn't asked for again until somebody has owned it. */
  async function askForRequests(
    { fleet, leases }: FleetSnapshot,
    now: EpochMs,
  ): Promise<ReadonlyMap<LeaseId, Requested>> {
    const stillAsked = new Map<LeaseId, Requested>();
    const others: Lease[] = [];
    for (const lease of leases.filter(isFree)) {
      const asked = requested.get(lease.id);
      if (asked?.epoch === lease.epoch) stillAsked.set(lease.id, asked);
      else others.push(lease);
    }
    for (const { id, epoch } of await leasesWithRequests(deps.requests, fleet, others)) {
      stillAsked.set(id, { epoch, since: now });
    }
    return stillAsked;
  }

  return {
    async look() {
      const snapshot = await deps.leases.readFleet(run.pool);
      if (snapshot === undefined) return { kind: "no-pool" };
      const { fleet, leases } = snapshot;
      const now = clock.now();
      slotsLog2 = fleet.slotsLog2;
      mercy.look(leases, now, isStandingBy ? settings.standByPollMs : settings.pollMs);
      known.clear();
      for (const lease of leases) learn(lease, now);
      requested = await askForRequests(snapshot, now);
      first ??= { versions: versionsOf(leases), asked: new Set(requested.keys()) };
      const isWaiting = requested.size > 0 || leases.some(({ id }) => book.isPending(id));
      const isIdle = !isWaiting && !isBusy(leases, after(now, horizonMs(deps, snapshot)));
      const last = fleet.lastRebalance;
      const newer = last === undefined || last.by === run.name ? undefined : { name: last.by, at: last.at }; // prettier-ignore
      return { kind: "watched", isIdle, newer };
    },

    isSuspicious(lease) {
      if (slotsLog2 === undefined) return false;
      const { skewMaxMs } = settings;
      return verdictOf(lease, { now: clock.now(), skewMaxMs, slotsLog2 }) !== "sound";
    },

    wanted: () => [...known.values()].flatMap(({ lease }) => wantedOf(lease) ?? []),

    async confirm(id, by) {
      const before = known.get(id);
      if (before === undefined) return undefined;
      if (clock.now() > before.readAt) {
        const lease = await deps.leases.findLease(run.pool, id);
        if (lease === undefined) {
          known.delete(id);
          return undefined;
        }
        learn(lease, clock.now());
      }
      const entry = known.get(id);
      const wanted = entry === undefined ? undefined : wantedOf(entry.lease);
      return wanted === undefined || wanted.at > latestOf(by, clock.now()) ? undefined : wanted;
    },

    standBy() {
      isStandingBy = true;
    },

    isCalm: (by) =>
      [...known.values()].every(({ lease }) => {
        const { giving, ranges, holder } = lease;
        const open = withoutPast(lease.open, clock.now(), settings.skewMaxMs);
        if (giving.length + open.length > 0 || book.isPending(lease.id)) return false;
        const need = needNow(lease);
        // An owner that lives has its expiry ahead, and most have their deadline behind that.
        if (holder !== undefined && need !== undefined && need.dueAt > clock.now())
          return ranges.length === 0 || releaseAt(holder.deadlineAt, settings.longestTimeoutMs, slotsOf(lease)) >= by; // prettier-ignore
        return need === undefined || need.dueAt >= by;
      }),
  };
}

/** What there was when this run looked first. */
interface FirstLook {
  readonly versions: ReadonlyMap<LeaseId, number>;
  readonly asked: ReadonlySet<LeaseId>;
}

function versionsOf(leases: readonly Lease[]): ReadonlyMap<LeaseId, number> {
  return new Map(leases.map(({ id, version }) => [id, version]));
}

interface Requested {
  readonly epoch: number;
  /** First seen. */
  readonly since: EpochMs;
}

function isFree({ holder, ranges, quarantine }: Lease): boolean {
  return holder === undefined && quarantine === undefined && ranges.length > 0;
}

/** The soonest of the starts that are wanted before `endAt`, or `endAt`. */
export function soonest(wanted: readonly Wanted[], endAt: EpochMs): EpochMs {
  return wanted.reduce((first, { at }) => earliest(first, at), endAt);
}
