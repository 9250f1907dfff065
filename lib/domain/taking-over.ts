/**
 * The taker's side of a hand-over: what of a slot that is handed over to it is its own, and when.
 *
 *     no cut --gained with an entry over it--> waiting --a read: nothing due before the cut--> finished
 *                                              waiting --a read begun after until + skewMax--> taken over
 *
 * In:    open entries, what is known of the schedule, a read of it      Out: decisions as values
 * Holds: nothing due before the cut is started, and nothing in the schedule committed, while it waits.
 * Fails: never (pure).
 * Source: DESIGN, section 4, "Hand-over at a moment", "The taker".
 */
import { isPast, slotCut, type OpenEntry, type SlotCut } from "./hand-over.ts";
import type { DueTarget } from "./round.ts";
import { earliest, type EpochMs } from "./units.ts";
import { compareWatermarks, isAfter, upTo, type Watermark } from "./watermark.ts";

/** How far a schedule is, as whoever captures it knows. */
export interface Standing {
  /** Durable and committed. */
  readonly committed: Watermark;
  /** How far rounds were taken up. */
  readonly position: Watermark;
  /** What is waited for; undefined when nothing is. */
  readonly cut: SlotCut | undefined;
}

/** What open entries ask of a slot that is taken up now; undefined where none is open any more. */
export function cutToWaitFor(
  open: readonly OpenEntry[],
  hash32: number,
  now: EpochMs,
  skewMaxMs: number,
): SlotCut | undefined {
  const asked = slotCut(open, hash32);
  return asked === undefined || isPast(asked, now, skewMaxMs) ? undefined : asked;
}

/** Of a slot that is being handed over to us, what is due before the cut is the giver's. */
export function isGivers(cut: SlotCut | undefined, instant: EpochMs): boolean {
  return cut !== undefined && instant < cut.cut;
}

/** Whose capture an instant of a round is that is taken up now: nobody's when it is done already. */
export function whose(
  standing: Standing,
  instant: EpochMs,
  target: DueTarget,
): "nobody's" | "the giver's" | "ours" {
  if (target.registeredAt > instant || !isAfter(instant, target.offset, standing.committed))
    return "nobody's";
  if (isGivers(standing.cut, instant)) return "the giver's";
  return isAfter(instant, target.offset, standing.position) ? "ours" : "nobody's";
}

/** A read of the schedule that was made to see how far the giver has come. */
export interface CutRead {
  /** Before it was asked for. */
  readonly beganAt: EpochMs;
  /** When its answer is looked at. */
  readonly endedAt: EpochMs;
  /** Whether anything is due between the watermark that it showed and the cut. */
  readonly isDueBeforeCut: boolean;
}

export type CutVerdict = "finished" | "take over" | "wait";

/** Only a read that began after `until` shows what is missing for good. */
export function cutVerdict(cut: SlotCut, read: CutRead, skewMaxMs: number): CutVerdict {
  if (!read.isDueBeforeCut) return "finished";
  // Earlier at its end than at its beginning: the clock was set back, and nothing is past for sure.
  const shownAt = earliest(read.beganAt, read.endedAt);
  return isPast(cut, shownAt, skewMaxMs) ? "take over" : "wait";
}

export type TakeOver =
  /** Nothing was taken up since the cut: like any owner, from what is committed. */
  | { readonly kind: "from the watermark" }
  /** What the giver left of open rounds is late work; what was due before `missedBefore` is missed. */
  | { readonly kind: "what was left"; readonly missedBefore: EpochMs };

/** How the taker goes on when the giver's time is over. `oldestRoundAt`: of the rounds it has open. */
export function takeOverOf(
  position: Watermark,
  cut: SlotCut,
  oldestRoundAt: EpochMs | undefined,
): TakeOver {
  if (compareWatermarks(position, upTo(cut.cut)) <= 0) return { kind: "from the watermark" };
  return { kind: "what was left", missedBefore: earliest(oldestRoundAt ?? cut.cut, cut.cut) };
}
