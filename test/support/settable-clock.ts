/**
 * A clock that stands still until a test moves it: a test reads as a time line.
 *
 *     const clock = settableClock("2026-11-21T13:00:00Z");
 *     const done = sleep(clock, 500);
 *     await clock.advance(500);
 *
 * Holds: alarms fire in the order of their moments (those set first at equal ones), each at its own
 *        moment, and everything that waits on promises runs before the next one fires.
 */
import { epochMs, type EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

export interface SettableClock extends Clock {
  /** Lets `ms` pass: fires what is due on the way, alarms set by alarms included. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until the wall clock shows `iso`. */
  advanceTo(iso: string): Promise<void>;
  /** Sets the wall clock forward or back, as an operator would: no time passes, no alarm fires. */
  jump(ms: number): void;
  /** Runs everything that needs no time, only promises. */
  settle(): Promise<void>;
  /** Alarms that are set and have not fired. */
  readonly pending: number;
  /** ms until the next alarm; undefined when there is none. */
  nextAlarmMs(): number | undefined;
}

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

// An alarm that sets itself again after 0 ms would keep `advance` busy for ever.
const ALARMS_PER_ADVANCE_MAX = 1_000_000;

/** @param startIso an absolute instant, e.g. `2026-11-21T13:00:00Z`. */
export function settableClock(startIso: string): SettableClock {
  let wall = Date.parse(startIso);
  if (!Number.isFinite(wall)) throw new Error(`not an instant: ${startIso}`);
  let elapsed = 0;
  let order = 0;
  const alarms = new Set<Alarm>();

  function nextAlarm(): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of alarms) {
      if (next === undefined || alarm.at < next.at) next = alarm;
    }
    return next;
  }

  function passTo(moment: number): void {
    const span = Math.max(0, moment - elapsed);
    elapsed += span;
    wall += span;
  }

  async function advance(ms: number): Promise<void> {
    const end = elapsed + ms;
    await settle();
    for (let fired = 0; ; fired += 1) {
      const alarm = nextAlarm();
      if (alarm === undefined || alarm.at > end) break;
      if (fired >= ALARMS_PER_ADVANCE_MAX) throw new Error("alarms keep setting alarms");
      passTo(alarm.at);
      alarms.delete(alarm);
      alarm.wake();
      await settle();
    }
    passTo(end);
  }

  return {
    now: () => epochMs(wall),
    after(span, wake) {
      order += 1;
      const alarm = { at: elapsed + Math.max(0, span), order, wake };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    advance,
    advanceTo: (iso) => advance(Date.parse(iso) - wall),
    jump(ms) {
      wall += ms;
    },
    settle,
    get pending() {
      return alarms.size;
    },
    nextAlarmMs() {
      const next = nextAlarm();
      return next === undefined ? undefined : next.at - elapsed;
    },
  };
}

/** An immediate runs when all promises that need no I/O have settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The moment that `iso` names. */
export function at(iso: string): EpochMs {
  return epochMs(Date.parse(iso));
}
