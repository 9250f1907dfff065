/**
 * A settable clock for long rehearsals: days pass as fast as their alarms can fire.
 *
 * Like `settable-clock.ts`, with a heap of alarms, and everything due at one moment fired before
 * promises are waited for: a simulated week sets some ten million alarms.
 *
 * Holds: alarms fire in the order of their moments, those set first at equal ones; between two
 *        moments everything that waits on promises only has run. Time in which nothing is due
 *        costs nothing.
 */
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

export interface RehearsalClock extends Clock {
  /** Lets `ms` pass: fires what is due on the way, alarms set by alarms included. */
  advance(ms: number): Promise<void>;
  /** How many alarms have fired: what the time that passed has cost. */
  readonly fired: number;
}

interface Alarm {
  readonly at: number;
  readonly order: number;
  /** undefined once it was cancelled. */
  wake: (() => void) | undefined;
}

/** Alarms that set alarms of the same moment would keep `advance` there for ever. */
const ALARMS_PER_MOMENT_MAX = 1_000_000;

/** @param startIso an absolute instant, e.g. `2026-11-21T13:00:00Z`. */
export function rehearsalClock(startIso: string): RehearsalClock {
  const heap: Alarm[] = [];
  let now: number = epochMs(Date.parse(startIso));
  let order = 0;
  let fired = 0;

  function fireMoment(): void {
    for (let count = 0; ; count += 1) {
      const alarm = heap[0];
      if (alarm === undefined || alarm.at > now) return;
      if (count >= ALARMS_PER_MOMENT_MAX) throw new Error("alarms keep setting alarms");
      pop(heap);
      if (alarm.wake === undefined) continue;
      fired += 1;
      alarm.wake();
    }
  }

  function dropCancelled(): void {
    while (heap[0] !== undefined && heap[0].wake === undefined) pop(heap);
  }

  return {
    now: () => epochMs(now),
    after(span, wake) {
      order += 1;
      const alarm: Alarm = { at: now + Math.max(0, span), order, wake };
      push(heap, alarm);
      return () => {
        alarm.wake = undefined;
      };
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        dropCancelled();
        const next = heap[0];
        if (next === undefined || next.at > end) break;
        now = Math.max(now, next.at);
        fireMoment();
        await settle();
      }
      now = end;
    },
    get fired() {
      return fired;
    },
  };
}

/** An immediate runs when all promises that need no I/O have settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: Alarm, b: Alarm): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Alarm[], alarm: Alarm): void {
  let index = heap.length;
  heap.push(alarm);
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(alarm, parent)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = alarm;
}

function pop(heap: Alarm[]): void {
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
