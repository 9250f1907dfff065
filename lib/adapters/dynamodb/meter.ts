/**
 * What store calls consume, by operation, and how many attempts were throttled.
 *
 * Holds: units only grow. A refused write is paid as well but its answer carries no units: it is
 *        counted as a call without.
 * Fails: never.
 */
import type { CapacityMeter } from "#ports/meter.ts";

interface Totals {
  read: number;
  write: number;
  calls: number;
}

export function capacityMeter(): CapacityMeter {
  const byOperation = new Map<string, Totals>();
  let throttled = 0;
  let untold = 0;
  return {
    record(operation, { read, write }) {
      untold += read + write;
      const known = byOperation.get(operation);
      if (known === undefined) {
        byOperation.set(operation, { read, write, calls: 1 });
        return;
      }
      known.read += read;
      known.write += write;
      known.calls += 1;
    },
    totals: () =>
      new Map([...byOperation].map(([operation, totals]) => [operation, { ...totals }])),
    takeUnits() {
      const taken = untold;
      untold = 0;
      return taken;
    },
    returnUnits(units) {
      untold += units;
    },
    throttle(attempts = 1) {
      throttled += attempts;
    },
    takeThrottled() {
      const taken = throttled;
      throttled = 0;
      return taken;
    },
  };
}
