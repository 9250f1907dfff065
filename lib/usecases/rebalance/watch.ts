/**
 * Stays and starts collectors: ahead of need, for requests, after crashes, before hand-overs.
 *
 * One loop: look at the fleet every two seconds, start what needs a collector now, sleep until the
 * next of these moments.
 *
 * Two runs overlap for a moment when a newer one writes its name. Starts that are wanted within
 * `handOverMs` of that are the older one's, later ones the newer one's, so that neither none nor
 * both start a collector. What the older one should have started, and nobody owns when it has had
 * the time, the newer one starts after all.
 *
 * Holds: ends when nothing is owned or due soon, when a newer run has taken over, and always before
 *        its own end; every start follows a fresh read of its lease.
 * Fails: never for a store that is out of reach for a moment: that is logged and tried again.
 */
import { DependencyError } from "#domain/errors.ts";
import type { Lease, LeaseId } from "#domain/lease.ts";
import { after, earliest, type EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import { isBusy, needOf, type Need } from "./need.ts";
import { leasesWithRequests } from "./requested.ts";
import type { RebalanceDeps, RebalanceRun } from "./settings.ts";
import { startBook } from "./start-book.ts";

export type WatchEnd = "idle" | "superseded" | "stayed" | "stopped" | "no-pool";

export interface Watch {
  readonly startedAt: EpochMs;
  /** Starts wanted earlier are those of the run before; undefined when there is none. */
  readonly olderUntil: EpochMs | undefined;
}

export interface WatchReport {
  readonly ended: WatchEnd;
  readonly starts: number;
}

const TURN_MIN_MS = 1;
const AFTER_FAILURE_MS = 500;
const STARTS_AT_ONCE_MAX = 16;
/** Least time that a start by the run before gets to be seen. */
const OLDER_GRACE_MIN_MS = 1_000;

export function handOverMs(settings: { readonly pollMs: number }): number {
  return settings.pollMs + 500;
}

/** How far ahead work must be for a run to end at once: the next run is there by then. */
export function horizonMs(deps: Pick<RebalanceDeps, "settings" | "startTimes">): number {
  const { settings, startTimes } = deps;
  const late = 5_000;
  return settings.everyMs + late + handOverMs(settings) + startTimes.aheadMs() + settings.prepareMs;
}

export async function watch(deps: RebalanceDeps, run: RebalanceRun, { startedAt, olderUntil }: Watch): Promise<WatchReport> {
  const { clock, settings } = deps;
  const book = startBook(settings, deps.startTimes);
  const known = new Map<LeaseId, Known>();
  let requestedSince: ReadonlyMap<LeaseId, EpochMs> = new Map();
  let endAt = earliest(after(startedAt, settings.stayMaxMs), after(run.deadlineAt, -settings.reserveMs));
  let end: WatchEnd = "stayed";
  let lookedAt: EpochMs | undefined;

  /** Why there is nothing more to watch; undefined to go on. */
  async function look(): Promise<WatchEnd | undefined> {
    const snapshot = await deps.leases.readFleet(run.pool);
    if (snapshot === undefined) return "no-pool";
    const now = clock.now();
    const newer = snapshot.fleet.lastRebalance;
    if (end !== "superseded" && newer !== undefined && newer.by !== run.name) {
      end = "superseded";
      const handedAt = earliest(after(newer.at, handOverMs(settings)), after(now, handOverMs(settings)));
      endAt = earliest(endAt, handedAt);
    }
    known.clear();
    for (const lease of snapshot.leases) learn(lease, now);
    const free = snapshot.leases.filter((lease) => lease.holder === undefined && lease.ranges.length > 0);
    const requested = await leasesWithRequests(deps.requests, snapshot.fleet, free);
    requestedSince = new Map([...requested].map((id) => [id, requestedSince.get(id) ?? now]));
    if (requested.size > 0 || snapshot.leases.some(({ id }) => book.isPending(id))) return undefined;
    return isBusy(snapshot.leases, after(now, horizonMs(deps))) ? undefined : "idle";
  }

  function learn(lease: Lease, now: EpochMs): void {
    book.observe(lease, now);
    known.set(lease.id, { lease, readAt: now });
  }

  function wanted({ lease, readAt }: Known): Wanted | undefined {
    const { skewMaxMs, longestTimeoutMs, prepareMs } = settings;
    const aheadMs = deps.startTimes.aheadMs() + prepareMs;
    const requestedAt = lease.holder === undefined ? requestedSince.get(lease.id) : undefined;
    const need: Need | undefined =
      requestedAt === undefined
        ? needOf(lease, { skewMaxMs, longestTimeoutMs, aheadMs })
        : { at: requestedAt, reason: "request" };
    if (need === undefined) return undefined;
    const at = book.nextAt(lease, olderUntil === undefined ? need : afterOlder(need, olderUntil));
    return at === undefined || at >= endAt ? undefined : { lease, readAt, need, at };
  }

  function afterOlder(need: Need, until: EpochMs): Need {
    const graceMs = Math.max(OLDER_GRACE_MIN_MS, 2 * deps.startTimes.aheadMs());
    return need.at < until ? { ...need, at: after(until, graceMs) } : need;
  }

  function allWanted(): Wanted[] {
    return [...known.values()].flatMap((entry) => wanted(entry) ?? []);
  }

  async function startOne(id: LeaseId): Promise<void> {
    const before = known.get(id);
    if (before === undefined) return;
    // What was read with the fleet this very moment needs no second read.
    if (clock.now() > before.readAt) {
      const lease = await deps.leases.findLease(run.pool, id);
      if (lease === undefined) {
        known.delete(id);
        return;
      }
      learn(lease, clock.now());
    }
    const now = clock.now();
    const entry = known.get(id);
    const found = entry === undefined ? undefined : wanted(entry);
    if (found === undefined || found.at > now || run.stop.aborted) return;
    book.note(found.lease, found.need, now);
    await invoke(deps, run.pool, found);
  }

  async function startWanted(): Promise<void> {
    const now = clock.now();
    const due = allWanted().filter(({ at }) => at <= now);
    for (let from = 0; from < due.length; from += STARTS_AT_ONCE_MAX) {
      await Promise.all(due.slice(from, from + STARTS_AT_ONCE_MAX).map(({ lease }) => startOne(lease.id)));
    }
  }

  function nextTurnMs(now: EpochMs): number {
    const looksAt = after(lookedAt ?? now, settings.pollMs);
    const soonest = allWanted().reduce((first, { at }) => earliest(first, at), earliest(looksAt, endAt));
    return Math.max(TURN_MIN_MS, Math.min(settings.pollMs, soonest - now));
  }

  const turnsMax = Math.ceil(settings.stayMaxMs / TURN_MIN_MS);
  for (let turn = 0; turn < turnsMax; turn += 1) {
    const now = clock.now();
    if (run.stop.aborted) return { ended: "stopped", starts: book.total };
    if (now >= endAt) break;
    try {
      if (lookedAt === undefined || now >= after(lookedAt, settings.pollMs) || now < lookedAt) {
        lookedAt = now;
        const ended = await look();
        if (ended !== undefined) return { ended, starts: book.total };
      }
      await startWanted();
      await sleep(clock, nextTurnMs(clock.now()), run.stop);
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error;
      deps.log.warn("the fleet can't be watched for a moment; trying again", { error });
      await sleep(clock, AFTER_FAILURE_MS, run.stop);
    }
  }
  return { ended: end, starts: book.total };
}

interface Known {
  readonly lease: Lease;
  readonly readAt: EpochMs;
}

interface Wanted extends Known {
  readonly need: Need;
  readonly at: EpochMs;
}

async function invoke(deps: RebalanceDeps, pool: string, { lease, need }: Wanted): Promise<void> {
  const fields = { lease: lease.id, epoch: lease.epoch, reason: need.reason };
  try {
    await deps.invoker.startCollector({ pool, lease: lease.id });
    deps.log.info("collector started", fields);
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    deps.log.warn("a collector could not be started; it is tried again", { ...fields, error });
  }
}
