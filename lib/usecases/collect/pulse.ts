/**
 * Drives the work loop: one tick after another, as late as what is due allows and no more often than
 * `tickMs`. Tells whether it still moves: heartbeats depend on it.
 */
import { InvariantError } from "#domain/errors.ts";
import { busyTime } from "./busy-time.ts";
import { tick } from "./loop.ts";
import type { CollectorState } from "./state.ts";

export interface Pulse {
  /** Whether a tick took place since the last question. */
  moved(): boolean;
  /** What ended the loop, if something did: a bug of ours. */
  failure(): InvariantError | undefined;
  stop(): void;
}

/** The loop looks at least this often, so that a clock that jumps is noticed, and stillness too. */
const REST_MAX_MS = 500;

export function pulse(state: CollectorState): Pulse {
  const { clock, settings, log } = state.deps;
  const busy = busyTime(state.deps.busyMs);
  let ticks = 0;
  let asked = -1;
  let failed: InvariantError | undefined;
  let stopped = false;
  let ticking = false;
  let armedFor = Number.POSITIVE_INFINITY;
  let cancel: (() => void) | undefined;

  function beat(): void {
    cancel = undefined;
    armedFor = Number.POSITIVE_INFINITY;
    if (stopped || failed !== undefined) return;
    const began = clock.now();
    let next: number;
    ticking = true;
    try {
      next = tick(state);
    } catch (error) {
      failed = new InvariantError("the work loop failed", { cause: error });
      log.error("the work loop failed; the lease runs out, then another owner captures its slots", {
        error,
      });
      return;
    } finally {
      ticking = false;
    }
    ticks += 1;
    const now = clock.now();
    state.counters.busy(busy.taken(now - began));
    arm(Math.min(next, now + REST_MAX_MS));
  }

  function arm(at: number): void {
    if (at >= armedFor) return;
    cancel?.();
    armedFor = at;
    cancel = clock.after(Math.max(settings.tickMs, Math.ceil(at - clock.now())), beat);
  }

  state.wake = () => {
    if (!stopped && !ticking) arm(clock.now());
  };
  state.resume = () => {
    if (stopped || ticking) return;
    cancel?.();
    beat();
  };
  arm(clock.now());

  return {
    moved: () => {
      const moved = ticks !== asked;
      asked = ticks;
      return moved;
    },
    failure: () => failed,
    stop: () => {
      stopped = true;
      cancel?.();
      state.wake = () => undefined;
      state.resume = () => undefined;
    },
  };
}
