/**
 * Deadlines of many captures on one timer: a hashed wheel of 20 ms ticks.
 *
 * Setting and clearing a native timer for each capture costs more than the wheel does; a deadline
 * may be met one tick late. The timer runs only while something waits.
 *
 * Holds: an entry expires once, not before its time; set and clear are O(1).
 * Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels".
 */

/** Links of an entry are the wheel's alone. */
export interface Entry {
  /** On the scale of performance.now(). */
  dueAt: number;
  bucket: number;
  previousEntry: Entry | undefined;
  nextEntry: Entry | undefined;
  expire(): void;
}

const TICK_MS = 20;
const BUCKETS = 4_096;
/** Bucket of an entry that waits for nothing. */
export const UNSET = -1;

export interface Deadlines {
  /** Sets or moves the entry's deadline. */
  set(entry: Entry, dueAt: number): void;
  clear(entry: Entry): void;
  /** How many entries wait. */
  size(): number;
}

export function deadlines(): Deadlines {
  const heads = new Array<Entry | undefined>(BUCKETS).fill(undefined);
  let waiting = 0;
  let cursor = 0;
  let tickedAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const clear = (entry: Entry): void => {
    if (entry.bucket === UNSET) return;
    const { previousEntry, nextEntry } = entry;
    if (previousEntry === undefined) heads[entry.bucket] = nextEntry;
    else previousEntry.nextEntry = nextEntry;
    if (nextEntry !== undefined) nextEntry.previousEntry = previousEntry;
    entry.bucket = UNSET;
    entry.previousEntry = undefined;
    entry.nextEntry = undefined;
    waiting -= 1;
  };

  const expireBucket = (bucket: number, now: number): void => {
    let entry = heads[bucket];
    while (entry !== undefined) {
      const next: Entry | undefined = entry.nextEntry;
      // Others are a lap of the wheel away.
      if (entry.dueAt <= now) {
        clear(entry);
        entry.expire();
      }
      // Expiring one may have cleared the next.
      entry = next === undefined || next.bucket === bucket ? next : heads[bucket];
    }
  };

  const tick = (): void => {
    const now = performance.now();
    // After a stall answers may lie unread: let them be read before judging, once.
    const stalled = now - tickedAt > 4 * TICK_MS;
    tickedAt = now;
    if (stalled) return;
    const present = Math.floor(now / TICK_MS);
    cursor = Math.max(cursor, present - BUCKETS);
    while (cursor < present) {
      cursor += 1;
      expireBucket(cursor % BUCKETS, now);
    }
    if (waiting === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };

  return {
    set: (entry, dueAt) => {
      clear(entry);
      if (timer === undefined) {
        tickedAt = performance.now();
        cursor = Math.floor(tickedAt / TICK_MS);
        timer = setInterval(tick, TICK_MS);
      }
      entry.dueAt = dueAt;
      // The first tick that is not before the deadline; beyond a lap, it comes round again.
      const bucket = Math.max(cursor + 1, Math.ceil(dueAt / TICK_MS)) % BUCKETS;
      entry.bucket = bucket;
      const head = heads[bucket];
      entry.nextEntry = head;
      if (head !== undefined) head.previousEntry = entry;
      heads[bucket] = entry;
      waiting += 1;
    },
    clear,
    size: () => waiting,
  };
}
