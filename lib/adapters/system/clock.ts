/**
 * The machine's clock.
 *
 * Holds: an alarm doesn't keep the process alive longer than it is set for; the wall clock may jump,
 *        alarms count real time.
 */
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

/** Timers count in a signed 32-bit number of milliseconds: longer ones would fire at once. */
const SPAN_MAX_MS = 2 ** 31 - 1;

export function systemClock(): Clock {
  return {
    now: () => epochMs(Date.now()),
    after(span, wake) {
      const timer = setTimeout(wake, Math.min(Math.max(0, Math.ceil(span)), SPAN_MAX_MS));
      return () => {
        clearTimeout(timer);
      };
    },
  };
}
