/**
 * How long a collector takes from being started to owning its lease, learnt from those before.
 *
 * Mean and deviation are smoothed as TCP smooths round-trip times: starts that vary are begun earlier.
 *
 * Holds: never less ahead than what a cold start usually takes. Which start will be a cold one nobody
 *        knows: after a deployment all are, whatever the warm ones before it took.
 * Source: RFC 6298.
 */
export interface StartTimes {
  learn(startToAcquireMs: number): void;
  /** What others have learnt: goes for as long as nothing was learnt here. */
  adopt(meanMs: number): void;
  /** undefined while nothing was learnt or adopted. */
  meanMs(): number | undefined;
  /** How long before the need a start should be. */
  aheadMs(): number;
}

export const START_TIME_DEFAULT_MS = 500;
const AHEAD_MAX_MS = 10_000;

export function startTimes(initialMs: number = START_TIME_DEFAULT_MS): StartTimes {
  let mean = initialMs;
  let deviation = 0;
  let from: "usual" | "others" | "here" = "usual";
  return {
    adopt(meanMs) {
      if (from === "here" || !(meanMs >= 0)) return;
      mean = meanMs;
      from = "others";
    },
    meanMs: () => (from === "usual" ? undefined : mean),
    learn(startToAcquireMs) {
      from = "here";
      deviation += (Math.abs(startToAcquireMs - mean) - deviation) / 4;
      mean += (startToAcquireMs - mean) / 8;
    },
    aheadMs: () => Math.min(AHEAD_MAX_MS, Math.max(START_TIME_DEFAULT_MS, mean + 2 * deviation)),
  };
}
