/**
 * What a function may weigh and how long it may take to start: printed with every synth, and kept by
 * test/infra/bundles.test.ts (bytes) and `npm run test:aws` (start).
 *
 * Today, 2026-11-21: collect 989 KB, of which 854 at the start; 3.5 times an empty handler's start.
 */
import type { FunctionName } from "#functions/manifest.ts";

export interface Budget {
  /** All of its code, minified, without source maps. */
  readonly totalBytes: number;
  /** What is parsed before the first event: the larger part of a cold start. */
  readonly initialBytes: number;
}

export const BUDGETS: Readonly<Record<FunctionName, Budget>> = {
  rebalance: { totalBytes: 500_000, initialBytes: 450_000 },
  collect: { totalBytes: 1_000_000, initialBytes: 900_000 },
  "health-check": { totalBytes: 500_000, initialBytes: 450_000 },
};

/**
 * Init inside AWS's runtime, in times that of a handler that does nothing, in the same run: a factor
 * that holds on any machine, where milliseconds would not.
 */
export const INIT_TIMES_EMPTY_MAX = 8;
