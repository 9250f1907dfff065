/**
 * When a commit may be sent, and what it carries: how far the captures are durable, and no further.
 *
 * In:    what was noted when a chunk was sealed, what is durable     Out: decisions as values
 * Holds: a commit is made only of what is in durable chunks, never while a cut is waited for, and
 *        never with a watermark behind one that is known to be committed.
 * Fails: never (pure).
 * Source: DESIGN, section 4 (commit).
 */
import type { SlotCut } from "./hand-over.ts";
import { compareWatermarks, furthest, type Watermark } from "./watermark.ts";

/** How far a schedule was when a chunk was sealed. */
export interface Noted {
  readonly watermark: Watermark;
  /** The chunk's sequence: everything up to the watermark is in it or in chunks before it. */
  readonly sequence: number;
}

/**
 * Whether what was noted may be committed as far as chunks go.
 *
 * @param durableThrough every chunk up to it is durable
 * @param notBefore chunks before this one don't hold all that a commit must
 */
export function isDurable(noted: Noted, durableThrough: number, notBefore: number): boolean {
  return noted.sequence <= durableThrough && noted.sequence >= notBefore;
}

/** Whether anything may be committed in this schedule: not by a taker that waits for its giver. */
export function mayCommit(cut: SlotCut | undefined): boolean {
  return cut === undefined;
}

/** Another's commit, or a registration, may have moved it on since this was noted. */
export function watermarkToCommit(noted: Watermark, committed: Watermark): Watermark {
  return furthest(noted, committed);
}

/** Whether it says more than is committed. */
export function isAhead(noted: Watermark, committed: Watermark): boolean {
  return compareWatermarks(noted, committed) > 0;
}
