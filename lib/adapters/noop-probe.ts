/**
 * A probe that captures nothing, at once: for benchmarks of everything around captures, and tests.
 *
 * In:    batches of any targets                          Out: one array with a result for each
 * Holds: all succeed, or all are stopped when the signal was aborted before.
 */
import type { Capture } from "#domain/sample.ts";
import { durationMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { Probe, ProbeResult } from "#ports/probe.ts";

export function noopProbe(clock: Clock): Probe {
  return {
    capture: (batch, signal) => {
      // One capture serves all: they start together and nobody changes a capture.
      const capture = signal.aborted ? stopped(clock) : succeeded(clock);
      const results = new Array<ProbeResult>(batch.length);
      for (let index = 0; index < batch.length; index += 1) results[index] = { index, capture };
      return once(results);
    },
    warm: () => Promise.resolve(),
    refresh: () => undefined,
    close: () => Promise.resolve(),
  };
}

function succeeded(clock: Clock): Capture {
  return { startedAt: clock.now(), durationMs: durationMs(0), values: {} };
}

function stopped(clock: Clock): Capture {
  const failure = { code: "stopped", message: "stopped before it was done" } as const;
  return { ...succeeded(clock), failure };
}

/** Written out, as a generator costs a promise more for each batch. */
function once(results: readonly ProbeResult[]): AsyncIterableIterator<readonly ProbeResult[]> {
  let given = results.length === 0;
  const iterator: AsyncIterableIterator<readonly ProbeResult[]> = {
    next: () => {
      if (given) return Promise.resolve({ done: true, value: undefined });
      given = true;
      return Promise.resolve({ done: false, value: results });
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
