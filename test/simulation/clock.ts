/**
 * The time of a simulated world: a queue of events, and nothing that the machine's own time decides.
 *
 * Holds: events happen in the order of their moments, those set first at equal ones; before the next
 *        one everything that waits on promises only has run. A tick of Node's own queue comes when
 *        all promises have settled, and costs a quarter of an immediate (0.33 µs instead of 1.44,
 *        2026-11): a simulated hour is some millions of events.
 */
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

export interface WorldClock extends Clock {
  /** Lets the world go on until `moment`, or until `stop` is called. */
  runUntil(moment: number): Promise<void>;
  /** Ends `runUntil` after the event that is being carried out. */
  stop(): void;
  /** Events so far: what the time that passed has cost. */
  readonly events: number;
}

interface Event {
  readonly at: number;
  readonly order: number;
  /** undefined once it was cancelled. */
  wake: (() => void) | undefined;
}

/** Events without any time passing: a loop that waits 0 ms would go on for ever. */
const EVENTS_PER_MOMENT_MAX = 1_000_000;
/** The machine's own events get their turn this often. */
const EVENTS_PER_BREATH = 20_000;

export function worldClock(startIso: string): WorldClock {
  const heap: Event[] = [];
  let now = Date.parse(startIso);
  let order = 0;
  let events = 0;
  let isStopped = false;

  async function runUntil(moment: number): Promise<void> {
    let atThisMoment = 0;
    await allPromises();
    while (!isStopped) {
      const next = heap[0];
      if (next === undefined || next.at > moment) break;
      pop(heap);
      const { wake } = next;
      if (wake === undefined) continue;
      atThisMoment = next.at > now ? 0 : atThisMoment + 1;
      if (atThisMoment > EVENTS_PER_MOMENT_MAX)
        throw new Error(`time stands still at ${new Date(now).toISOString()}`);
      now = Math.max(now, next.at);
      events += 1;
      wake();
      await allPromises();
      if (events % EVENTS_PER_BREATH === 0) await breath();
    }
    if (!isStopped) now = Math.max(now, moment);
  }

  return {
    now: () => epochMs(now),
    after(span, wake) {
      order += 1;
      const event: Event = { at: now + Math.max(0, span), order, wake };
      push(heap, event);
      return () => {
        event.wake = undefined;
      };
    },
    runUntil,
    stop() {
      isStopped = true;
    },
    get events() {
      return events;
    },
  };
}

function allPromises(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

function breath(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Event[], event: Event): void {
  let index = heap.length;
  heap.push(event);
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(event, parent)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let below = 2 * index + 1;
    let child = heap[below];
    const right = heap[below + 1];
    if (child !== undefined && right !== undefined && isBefore(right, child)) {
      below += 1;
      child = right;
    }
    if (child === undefined || !isBefore(child, last)) break;
    heap[index] = child;
    index = below;
  }
  heap[index] = last;
}
