/**
 * What captures: takes a batch of targets, yields results in arrays as they come.
 *
 * Holds: exactly one result per task, in any order; a target's fault is a failed capture, never a
 *        rejection; no task runs longer than its `timeoutMs`, queueing apart.
 * Fails: never for a target's sake. Aborting `signal` ends what is open with failure `stopped`.
 */
import type { Capture } from "#domain/sample.ts";
import type { Target } from "#domain/target.ts";
import type { DurationMs } from "#domain/units.ts";

export interface ProbeTask {
  readonly target: Target;
  /** Effective time-out: from the capture's start to its end. */
  readonly timeoutMs: DurationMs;
}

export interface ProbeResult {
  /** Index of the task in its batch. */
  readonly index: number;
  readonly capture: Capture;
}

export interface Probe {
  /** Starts the batch at once, within the probe's own limits. */
  capture(batch: readonly ProbeTask[], signal: AbortSignal): AsyncIterable<readonly ProbeResult[]>;
  /** Loads what the first captures would wait for. Never fails; takes a second at most. */
  warm(): Promise<void>;
  /** Drops pooled connections: after a thaw they are stale. */
  refresh(): void;
  close(): Promise<void>;
}
