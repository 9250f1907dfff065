/**
 * What is kept of a capture, and of captures that did not take place.
 *
 * A chunk is JSON Lines; each line is one record of this file. Records are keyed by
 * (target, round) for rounds and by (target, startedAt) for captures on request.
 *
 * Holds: captured + missed = due. A reader sees one record per key: a sample before a `missed`
 *        record, then the highest epoch, then the earliest start.
 * Source: DESIGN, sections 1 and 4 ("Exactly once when read").
 */
import type { CadenceKey } from "./cadence.ts";
import type { Scalar } from "./http-settings.ts";
import type { Slot } from "./slot.ts";
import type { DurationMs, EpochMs } from "./units.ts";
import type { Watermark } from "./watermark.ts";

/** Why a capture failed, in one word that a program can count. */
export type FailureCode =
  | "dns"
  | "connect"
  | "connect-timeout"
  | "tls"
  | "certificate"
  | "send"
  | "headers-timeout"
  | "body-timeout"
  | "timeout"
  | "body-too-large"
  | "body-encoding"
  | "redirects"
  | "forbidden-address"
  | "assertion"
  | "not-json"
  | "secret"
  | "configuration"
  | "reset"
  | "stopped"
  | "internal";

export interface Failure {
  readonly code: FailureCode;
  /** One sentence for a person: what was found, what was expected. Never holds a secret. */
  readonly message: string;
}

/** Milliseconds of each phase that took place; a reused connection has no dns, connect or tls. */
export interface PhaseTimings {
  readonly dns?: number;
  readonly connect?: number;
  readonly tls?: number;
  readonly firstByte?: number;
  readonly body?: number;
}

/** One target's capture, as a probe yields it. */
export interface Capture {
  readonly startedAt: EpochMs;
  readonly durationMs: DurationMs;
  /** undefined when it succeeded. */
  readonly failure?: Failure;
  readonly values: Readonly<Record<string, Scalar>>;
  readonly timings?: PhaseTimings;
}

export interface SampleRecord {
  readonly kind: "sample";
  readonly target: string;
  readonly slot: Slot;
  readonly cadence: CadenceKey;
  /** Name of the round; undefined for a capture on request. */
  readonly round?: EpochMs;
  readonly epoch: number;
  readonly capture: Capture;
}

/** Why due captures did not take place. */
export type MissedReason =
  /** Nobody captured this slot in time (no collector, store unreachable, clock jumped). */
  | "late"
  /** The round was captured too late for these targets to end before their next instant. */
  | "overrun"
  /** The target was acknowledged after its instant in an open round had passed. */
  | "registered"
  /** The collector ended before they could be started or finished. */
  | "stopped";

export interface MissedRecord {
  readonly kind: "missed";
  readonly slot: Slot;
  readonly cadence: CadenceKey;
  /** Everything due after `from`, up to and including `to`, minus what was captured. */
  readonly from: Watermark;
  readonly to: Watermark;
  /** How many rounds were touched. */
  readonly rounds: number;
  /** How many captures did not take place. */
  readonly captures: number;
  readonly reason: MissedReason;
  readonly epoch: number;
  /** Named targets where only some of those in (from, to] were missed; undefined for all. */
  readonly targets?: readonly string[];
}

export type ChunkRecord = SampleRecord | MissedRecord;
