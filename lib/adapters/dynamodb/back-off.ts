/**
 * Waiting before a step is tried again: longer each time, and never two at the same moment.
 *
 * Holds: the wait is at most `limits.storeBackoffMaxMs`.
 */
import { limits } from "#domain/limits.ts";
import { sleep, type Clock } from "#ports/clock.ts";

const FIRST_MS = 10;

export interface BackOff {
  /** @param attempt counts from 0. */
  (attempt: number): Promise<void>;
}

/** @param random from 0 to 1, exclusive. */
export function backOff(clock: Clock, random: () => number = Math.random): BackOff {
  return (attempt) =>
    sleep(clock, random() * Math.min(limits.storeBackoffMaxMs, FIRST_MS * 2 ** attempt));
}
