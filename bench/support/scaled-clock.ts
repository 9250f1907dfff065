/** A clock that runs faster than the machine's: ten minutes of a fleet's life in one. */
import { systemClock } from "#adapters/system/clock.ts";
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

/** Shows the machine's time when it is made, and gains from then on. */
export function scaledClock(speed: number): Clock {
  const real = systemClock();
  const madeAt = Date.now();
  const since = performance.now();
  return {
    now: () => epochMs(Math.floor(madeAt + (performance.now() - since) * speed)),
    after: (span, wake) => real.after(span / speed, wake),
  };
}
