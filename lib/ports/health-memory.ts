/**
 * What the health check remembers from run to run: one small record a pool, written once a minute, so
 * that a new environment of the function goes on where the last one stopped.
 *
 * Holds: the last write wins: one run a minute writes, and two at once differ by a minute's learning.
 *        A record that can't be read is said to be so and is mended by the next write: what is in it
 *        is measured and comes again.
 * Fails: DependencyError.
 * Contract: test/contracts/health-memory.contract.ts
 */
import type { FailuresKnown } from "#domain/failures-normal.ts";
import type { EpochMs } from "#domain/units.ts";

export interface HealthState {
  readonly pool: string;
  /** When the run that wrote it looked at the fleet. */
  readonly at: EpochMs;
  /** The lag that it found. */
  readonly lagMs: number;
  /** Publications that failed since the last one that didn't. */
  readonly droppedPublications: number;
  /** The rebalancers' count of throttled calls, as far as it has been published. */
  readonly throttledTotal: number;
  /** The same of their units; undefined in what an older version of the code remembers. */
  readonly rebalancersUnits: number | undefined;
  /** What is normal, and the minutes that are judged next. */
  readonly failures: FailuresKnown;
  /** The newest invariant that was found broken; undefined when none was for long. */
  readonly broken: Broken | undefined;
}

export interface Broken {
  readonly at: EpochMs;
  /** In words, of 200 characters at most. */
  readonly what: string;
}

export interface HealthMemory {
  /** Strongly consistent; undefined when nobody has written one. */
  find(pool: string): Promise<HealthState | "unreadable" | undefined>;
  put(state: HealthState): Promise<void>;
}
