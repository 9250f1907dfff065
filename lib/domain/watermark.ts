/**
 * How far a slot has come with one cadence: a moment, and a hash offset among targets due at it.
 *
 * Everything due up to it (earlier, or at the same moment with an offset up to `offset`) is
 * captured or recorded as missed, durable and committed.
 *
 * Holds: totally ordered by (at, offset); a committed watermark never goes back.
 */
import { epochMs, type EpochMs } from "./units.ts";

export interface Watermark {
  /** Whole milliseconds, as instants are. */
  readonly at: EpochMs;
  /** Hash offset within the slot, 0 to 2^(32-k) - 1; -1 is before all, OFFSET_ALL after all. */
  readonly offset: number;
}

export const OFFSET_ALL = 2 ** 32;

/** Everything due at `at` or earlier. Instants are whole, so its fraction says nothing. */
export function through(at: EpochMs): Watermark {
  return { at: epochMs(Math.floor(at)), offset: OFFSET_ALL };
}

/** Everything due before `at`. */
export function upTo(at: EpochMs): Watermark {
  return { at: epochMs(Math.ceil(at)), offset: -1 };
}

export function compareWatermarks(a: Watermark, b: Watermark): number {
  return a.at - b.at || a.offset - b.offset;
}

/** Whether a target that is due at `instant` with this offset is still to be done. */
export function isAfter(instant: EpochMs, offset: number, watermark: Watermark): boolean {
  return instant > watermark.at || (instant === watermark.at && offset > watermark.offset);
}

export function furthest(a: Watermark, b: Watermark): Watermark {
  return compareWatermarks(a, b) >= 0 ? a : b;
}

/** `<ms>.<offset>`: stored and compared by equality only. */
export function formatWatermark(watermark: Watermark): string {
  return `${watermark.at}.${watermark.offset}`;
}

/** undefined for what `formatWatermark` doesn't write. */
export function parseWatermark(text: string): Watermark | undefined {
  const parts = /^(-?\d{1,15})\.(-1|\d{1,10})$/u.exec(text);
  if (parts?.[1] === undefined || parts[2] === undefined) return undefined;
  return { at: epochMs(Number(parts[1])), offset: Number(parts[2]) };
}
