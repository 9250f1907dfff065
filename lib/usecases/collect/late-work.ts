/**
 * Late work has a budget of its own: catching up and first captures never delay what is on time.
 *
 * Tokens come in at `ratePerSecond`; at most a tenth of a second's worth is saved up. Items are
 * taken oldest first, alerting first among equals; an item that is no longer wanted costs nothing.
 *
 * Holds: over any second at most rate × 1.1 items start.
 * Source: DESIGN, section 2, "Late work".
 */
import type { Entry, OpenRound, ScheduleRun } from "./run.ts";
import type { RequestWork } from "./requests.ts";

export type LateItem =
  /** An entry of an open round whose instant is well past. */
  | {
      readonly kind: "round";
      readonly run: ScheduleRun;
      readonly open: OpenRound;
      readonly index: number;
      readonly generation: number;
      readonly entry: Entry;
      readonly dueAt: number;
    }
  /** A capture without a round: a first one, or one asked for by hand. */
  | {
      readonly kind: "request";
      readonly run: ScheduleRun;
      readonly entry: Entry;
      readonly work: RequestWork;
      readonly dueAt: number;
    };

export interface LateWork {
  add(items: readonly LateItem[]): void;
  /** Earns tokens for the time since the last call and takes as many items. */
  take(now: number, ratePerSecond: number, most: number): LateItem[];
  /** Gives back an item that was taken and could not be started. */
  putBack(item: LateItem): void;
  waiting(): number;
  /** When the next token will be there; Infinity when nothing waits. */
  nextAt(now: number, ratePerSecond: number): number;
}

const SAVED_SECONDS = 0.1;

export function lateWork(): LateWork {
  // Sorted by need, read from `head`: appending in order is the rule, sorting the exception.
  let items: LateItem[] = [];
  let head = 0;
  let sorted = true;
  let tokens = 1;
  let earnedAt: number | undefined;

  function compare(a: LateItem, b: LateItem): number {
    return a.dueAt - b.dueAt || a.run.priority - b.run.priority;
  }

  function tidy(): void {
    if (head > 4_096 || head === items.length) {
      items = items.slice(head);
      head = 0;
    }
    if (sorted) return;
    items = items.slice(head).sort(compare);
    head = 0;
    sorted = true;
  }

  function earn(now: number, ratePerSecond: number): void {
    const elapsed = earnedAt === undefined ? 0 : Math.max(0, now - earnedAt);
    earnedAt = now;
    const most = Math.max(1, ratePerSecond * SAVED_SECONDS);
    tokens = Math.min(most, tokens + (elapsed * ratePerSecond) / 1_000);
  }

  return {
    add: (added) => {
      for (const item of added) {
        const last = items.at(-1);
        if (last !== undefined && items.length > head && compare(last, item) > 0) sorted = false;
        items.push(item);
      }
    },
    take: (now, ratePerSecond, most) => {
      earn(now, ratePerSecond);
      tidy();
      const count = Math.min(Math.floor(tokens), most, items.length - head);
      if (count <= 0) return [];
      const taken = items.slice(head, head + count);
      head += count;
      tokens -= count;
      return taken;
    },
    putBack: (item) => {
      tokens += 1;
      items.push(item);
      sorted = false;
    },
    waiting: () => items.length - head,
    nextAt: (now, ratePerSecond) => {
      if (items.length === head) return Number.POSITIVE_INFINITY;
      return tokens >= 1 ? now : now + Math.ceil(((1 - tokens) * 1_000) / ratePerSecond);
    },
  };
}
