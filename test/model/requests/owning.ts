/** A collector and its lease: it comes to own it, renews it, lets go of it, ends, and comes again. */
import { acquire, isHeld, release, renew, type Owner } from "#domain/lease.ts";
import { nextDueOfReleased, openOfReleased } from "#domain/letting-go.ts";
import { limits } from "#domain/limits.ts";
import { emptyProgress } from "#domain/progress.ts";
import { after } from "#domain/units.ts";
import { isDoneBefore } from "#domain/due.ts";
import { isLetGo, keep } from "#usecases/collect/letting-go.ts";
import { isQuiet } from "#usecases/collect/run.ts";
import { nextDueAt } from "#usecases/collect/slots.ts";
import { calm, frozen, urgent, type Act } from "./acts.ts";
import { POOL, SKEW_MS, SLOT, T0, TTL_MS } from "./bounds.ts";
import { thaw } from "./memory.ts";
import type { Collector, CollectorName, State } from "./state.ts";

const DEADLINE = after(T0, 3_600_000);

export function acquires(state: State, name: CollectorName): Act[] {
  const collector = state[name];
  const { lease, now } = state;
  if (isHeld(lease, now, SKEW_MS)) return [];
  const result = acquire(lease, {
    pool: POOL, id: lease.id, owner: collector.owner, now, ttlMs: TTL_MS, skewMaxMs: SKEW_MS,
    deadlineAt: DEADLINE,
  }); // prettier-ignore
  if (result.kind !== "acquired") return [];
  const owner: Collector = {
    ...collector,
    phase: "owns",
    lease: result.lease,
    hold: { contents: undefined, runs: [], unread: true },
  };
  return [urgent("acquires the lease", { ...state, lease: result.lease, [name]: owner })];
}

export function isAlive({ phase, isPaused }: Collector): boolean {
  return !isPaused && (phase === "owns" || phase === "stopping" || phase === "leaving");
}

export function waiting(owner: Owner): Collector {
  return {
    owner, phase: "waiting", isPaused: false, lease: undefined, hold: undefined, mustRead: false,
    reading: undefined, work: undefined, flights: [], lines: [],
  }; // prettier-ignore
}

/** Planned: it takes up no more requests, and where no round is open lets go when it has ended those it has. */
export function letsGo(state: State, name: CollectorName): Act[] {
  const collector = state[name];
  const { now, lease } = state;
  if (collector.isPaused || collector.hold === undefined) return [];
  if (collector.phase === "owns") {
    const stopping: Collector = { ...collector, phase: "stopping" };
    return [calm("takes up no more requests", { ...state, [name]: stopping })];
  }
  if (collector.phase !== "stopping" || collector.work !== undefined) return [];
  const isIdle = collector.hold.runs.every((run) => run.rounds.length === 0 && run.hasEntries);
  if (!isIdle || collector.hold.unread || collector.reading !== undefined) return [];
  const memory = thaw(now, { ...collector, phase: "leaving" });
  const runs = [...memory.hold.runs.values()];
  // All before the cut is committed: what is open around a cut is the world of hand-overs.
  const isClear = runs.every(
    (run) => isQuiet(run) && nextDueAt(run) > now && isDoneBefore(run.schedule, run.committed, now),
  );
  if (!isClear) return [];
  const kept = keep(memory.state, [SLOT], 0);
  const soonest = Math.min(...runs.map((run) => nextDueAt(run)));
  const version = memory.state.lease.version;
  const result = release(lease, {
    pool: POOL,
    id: lease.id,
    owner: collector.owner,
    version,
    nextDueAt: nextDueOfReleased({ isUnread: false, soonest }, now, limits.periodMaxMs),
    open: openOfReleased(memory.state.lease, kept.open, now, SKEW_MS),
    progress: emptyProgress(T0),
  });
  if (result.kind !== "released") return [];
  memory.hold.letGo = { outcome: "landed", version };
  const leaving: Collector = { ...collector, phase: "leaving" };
  const next = frozen({ ...state, lease: result.lease, [name]: leaving }, name, memory);
  return [calm("lets go of the lease", next)];
}

/** What the passing of a tick brings: a heartbeat, and the end of who has let go. */
export function beats(state: State, name: CollectorName): State {
  const collector = state[name];
  if (!isAlive(collector)) return state;
  if (collector.phase === "leaving") {
    const memory = thaw(state.now, collector);
    const isOver = collector.work === undefined && isLetGo(memory.state, memory.hold);
    return { ...state, [name]: isOver ? ended(collector) : collector };
  }
  const result = renew(state.lease, {
    pool: POOL, id: state.lease.id, owner: collector.owner, sentAt: state.now, ttlMs: TTL_MS,
    progress: emptyProgress(T0),
  }); // prettier-ignore
  if (result.kind === "lost") return { ...state, [name]: incarnated(collector) };
  return { ...state, lease: result.lease, [name]: { ...collector, lease: result.lease } };
}

function ended(collector: Collector): Collector {
  return { ...waiting(collector.owner), phase: "ended" };
}

/** Another invocation of the same kind: with a name of its own, and knowing nothing. */
export function incarnated(collector: Collector): Collector {
  return waiting(`${collector.owner}'` as Owner);
}
