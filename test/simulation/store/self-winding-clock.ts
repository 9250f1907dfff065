/**
 * A clock that moves on by itself as soon as nobody has anything left to do at the moment it shows:
 * minutes pass in milliseconds, and always in the same order.
 */
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

/** A test that runs longer than this has lost its way. */
const ALARMS_MAX = 5_000_000;

export function selfWindingClock(startAt = Date.parse("2026-11-21T13:00:00Z")): Clock {
  const alarms = new Set<Alarm>();
  let now = startAt;
  let order = 0;
  let isWound = false;

  function wind(): void {
    if (isWound || alarms.size === 0) return;
    isWound = true;
    setImmediate(() => {
      isWound = false;
      let next: Alarm | undefined;
      for (const alarm of alarms) {
        if (next === undefined || isBefore(alarm, next)) next = alarm;
      }
      if (next === undefined) return;
      alarms.delete(next);
      now = Math.max(now, next.at);
      next.wake();
      wind();
    });
  }

  return {
    now: () => epochMs(now),
    after(span, wake) {
      order += 1;
      if (order > ALARMS_MAX) throw new Error(`more than ${ALARMS_MAX} alarms were set`);
      const alarm = { at: now + Math.max(0, span), order, wake };
      alarms.add(alarm);
      wind();
      return () => alarms.delete(alarm);
    },
  };
}

function isBefore(one: Alarm, other: Alarm): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
