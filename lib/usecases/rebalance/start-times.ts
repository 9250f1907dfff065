/**
 * How long a collector takes from being started to owning its lease, learnt from those before.
 *
 * Mean and deviation are smoothed as TCP smooths round-trip times: starts that vary are begun earlier.
 *
 * Source: RFC 6298.
 */
export interface StartTimes {
  learn(startToAcquireMs: number): void;
  /** How long before the need a start should be. */
  aheadMs(): number;
}

export const START_TIME_DEFAULT_MS = 500;
const AHEAD_MIN_MS = 50;
const AHEAD_MAX_MS = 10_000;

export function startTimes(initialMs: number = START_TIME_DEFAULT_MS): StartTimes {
  let mean = initialMs;
  let deviation = 0;
  return {
    learn(startToAcquireMs) {
      deviation += (Math.abs(startToAcquireMs - mean) - deviation) / 4;
      mean += (startToAcquireMs - mean) / 8;
    },
    aheadMs: () => Math.min(AHEAD_MAX_MS, Math.max(AHEAD_MIN_MS, mean + 2 * deviation)),
  };
}
