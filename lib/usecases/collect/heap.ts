/**
 * A binary heap of runs by the moment at which the loop must look at them, alerting first among
 * equals. Entries are never removed from the middle: one whose moment is no longer the run's is stale
 * and skipped by whoever pops it.
 */
import type { ScheduleRun } from "./run.ts";

interface Item {
  readonly at: number;
  readonly run: ScheduleRun;
}

export interface RunHeap {
  push(at: number, run: ScheduleRun): void;
  /** The next run due at or before `now`; undefined when there is none. */
  pop(now: number): ScheduleRun | undefined;
  /** Moment of the first entry; Infinity when empty. */
  nextAt(): number;
}

export function runHeap(): RunHeap {
  const items: Item[] = [];

  function before(a: Item, b: Item): boolean {
    return a.at < b.at || (a.at === b.at && a.run.priority < b.run.priority);
  }

  function push(at: number, run: ScheduleRun): void {
    run.wakeAt = at;
    const item: Item = { at, run };
    let index = items.length;
    items.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = items[parent];
      if (above === undefined || !before(item, above)) break;
      items[index] = above;
      index = parent;
    }
    items[index] = item;
  }

  function removeFirst(): Item | undefined {
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = items[child];
      if (below === undefined) break;
      const other = items[child + 1];
      if (other !== undefined && before(other, below)) {
        below = other;
        child += 1;
      }
      if (!before(below, last)) break;
      items[index] = below;
      index = child;
    }
    items[index] = last;
    return first;
  }

  function pop(now: number): ScheduleRun | undefined {
    for (;;) {
      const first = items[0];
      if (first === undefined || first.at > now) return undefined;
      removeFirst();
      if (first.run.wakeAt === first.at && !first.run.dropped) return first.run;
    }
  }

  return {
    push,
    pop,
    nextAt: () => items[0]?.at ?? Number.POSITIVE_INFINITY,
  };
}
