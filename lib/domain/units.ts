/**
 * Units as types: a moment and a span of time, both in milliseconds.
 *
 * In:    plain numbers at the edge                       Out: EpochMs, DurationMs
 * Holds: a moment is a finite number of milliseconds since 1970-01-01T00:00:00Z; a span is finite.
 * Fails: InvariantError for a number that is not finite (a bug of ours, never of a user).
 */
import { InvariantError } from "./errors.ts";

declare const unit: unique symbol;

/** Milliseconds since 1970-01-01T00:00:00Z. May carry a fraction. */
export type EpochMs = number & { readonly [unit]: "EpochMs" };

/** A span in milliseconds; negative spans are allowed (a clock that jumped back). */
export type DurationMs = number & { readonly [unit]: "DurationMs" };

/** @throws InvariantError when `value` is not finite. */
export function epochMs(value: number): EpochMs {
  if (!Number.isFinite(value)) throw new InvariantError(`a moment must be finite, found ${value}`);
  return value as EpochMs;
}

/** @throws InvariantError when `value` is not finite. */
export function durationMs(value: number): DurationMs {
  if (!Number.isFinite(value)) throw new InvariantError(`a span must be finite, found ${value}`);
  return value as DurationMs;
}

/** The moment `span` after `moment`. */
export function after(moment: EpochMs, span: number): EpochMs {
  return (moment + span) as EpochMs;
}

/** The span from `earlier` to `later`; negative when they are the other way round. */
export function between(earlier: EpochMs, later: EpochMs): DurationMs {
  return (later - earlier) as DurationMs;
}

export function earliest(a: EpochMs, b: EpochMs): EpochMs {
  return a <= b ? a : b;
}

export function latestOf(a: EpochMs, b: EpochMs): EpochMs {
  return a >= b ? a : b;
}
