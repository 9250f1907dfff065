/**
 * How long the collector's thread was at work: what utilisation is made of.
 *
 * The ticks of the work loop are less than a third of it (0.058 of 0.193 ms a capture, `http` at
 * 1,000/s on loopback, two busy cores, 2026-11-21): answers are read and results are kept between
 * them. So the platform is asked where it can tell; in a simulation, where only ticks take time,
 * they are all there is.
 */
export interface BusyTime {
  /** Milliseconds at work since the last time it was asked; `tickMs` is what the last tick took. */
  taken(tickMs: number): number;
}

/** @param total of this thread, only growing, as `CollectDeps.busyMs`. */
export function busyTime(total: (() => number) | undefined): BusyTime {
  if (total === undefined) return { taken: (tickMs) => Math.max(0, tickMs) };
  let before = total();
  return {
    taken() {
      const now = total();
      const span = Math.max(0, now - before);
      before = now;
      return span;
    },
  };
}
