/**
 * Time, as a dependency: the present moment and alarms that can be set on it.
 *
 * Holds: `now` may jump either way (a wall clock); `after` counts real time and fires once.
 */
import type { DurationMs, EpochMs } from "#domain/units.ts";

export interface Clock {
  now(): EpochMs;
  /** Calls `wake` once, `span` ms from now or later; the returned function cancels. */
  after(span: DurationMs | number, wake: () => void): () => void;
}

/** Resolves after `span` ms, or at once when `signal` is aborted. */
export function sleep(clock: Clock, span: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(Math.max(0, span), done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
