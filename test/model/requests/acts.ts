/** What may happen in a state of the world of requests, and the state after it. */
import { itemsOf } from "#usecases/collect/requests.ts";
import { interned } from "../interned.ts";
import { freezeHold, freezeWork, nameOf } from "./frozen.ts";
import type { Memory } from "./memory.ts";
import type { Collector, CollectorName, LateWrite, Line, State } from "./state.ts";

/** One thing that somebody may do, or that may go wrong. */
export interface Act {
  readonly what: string;
  readonly next: State;
  /** Time doesn't pass before it. */
  readonly isUrgent: boolean;
  /** What goes wrong; undefined when nothing does. */
  readonly fault?: Fault;
}

export type Fault = "crash" | "pause" | "lost answer" | "late write";

export function calm(what: string, next: State): Act {
  return { what, next, isUrgent: false };
}

/** The state after a step: what the shipped code has changed in memory, and what it wrote. */
export function frozen(state: State, name: CollectorName, memory: Memory): State {
  return withCollector(state, name, frozenCollector(state[name], memory));
}

/** A collector after a step, and what is wrong in itself with what it did. */
export interface Stepped {
  readonly collector: Collector;
  readonly wrong: string | undefined;
}

export function withCollector(
  state: State,
  name: CollectorName,
  { collector, wrong }: Stepped,
): State {
  const started = wrong === undefined ? state.started : { ...state.started, wrong };
  return { ...state, started, [name]: collector };
}

/** Equal collectors are one object, so that what was worked out for one is found by identity. */
const same = interned();
const worked = new WeakMap<Collector, Map<string, unknown>>();

/** What a collector's memory and `key` alone decide is worked out once. */
export function remembered<T>(collector: Collector, key: string, make: () => T): T {
  const known = worked.get(collector) ?? new Map<string, unknown>();
  worked.set(collector, known);
  // Only ever asked for with the same maker under one key.
  if (known.has(key)) return known.get(key) as T;
  const made = make();
  known.set(key, made);
  return made;
}

export function frozenCollector(collector: Collector, memory: Memory): Stepped {
  const keys = new Set(
    [...memory.hold.runs.values()].filter((run) => !run.dropped).map((run) => run.key),
  );
  const before = new Set(collector.hold?.runs.map((run) => run.key));
  const gone = new Set<string>([...before].filter((key) => !keys.has(key)));
  const stale = <T extends { readonly key: string; readonly isStale: boolean }>(each: T): T =>
    gone.has(each.key) ? { ...each, isStale: true } : each;
  const isRead = collector.reading === undefined && !collector.mustRead;
  const work = frozenWork(memory, collector, isRead);
  const after: Collector = {
    ...collector,
    hold: freezeHold(memory.hold),
    work: work === undefined ? undefined : { ...work, items: work.items.map(stale) },
    flights: collector.flights.map(stale),
    lines: [...collector.lines, ...memory.lines].sort(byText),
  };
  const [wrong] = memory.wrong;
  // What was interned is a collector.
  return { collector: same.valueOf(same.idOf(after)) as Collector, wrong };
}

/** The request's items are made when a read that began after it was taken up has ended. */
function frozenWork(memory: Memory, collector: Collector, isRead: boolean): Collector["work"] {
  const { work } = memory;
  const known = collector.work;
  if (work === undefined || known === undefined) return undefined;
  const { hasLost, items } = known;
  if (!known.isReading || !isRead)
    return freezeWork(work, { items, isReading: known.isReading, hasLost });
  const made = itemsOf(work, memory.state.deps.clock.now()).map(({ run, entry }) => ({
    key: run.key,
    name: nameOf(entry),
    isStale: false,
  }));
  return freezeWork(work, { items: made, isReading: false, hasLost });
}

function byText(a: Line, b: Line): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

export function addLate(state: State, write: LateWrite): State {
  return { ...state, late: [...state.late, write] };
}

export function urgent(what: string, next: State): Act {
  return { what, next, isUrgent: true };
}

export function fault(kind: Fault, what: string, next: State): Act {
  return { what, next, isUrgent: false, fault: kind };
}
