/**
 * Which instants of some targets are still to be done, from a watermark on.
 *
 * In:    a schedule's key, its targets as they are timed, a watermark     Out: yes or no, a moment
 * Holds: an instant is to be done if it lies after the watermark and not before its target's
 *        registration; the moment that is asked about is not before itself.
 * Fails: never (pure).
 * Source: DESIGN, section 1 (watermark) and section 4 ("nothing is due between the watermark and the cut").
 */
import { firstOpen, type DueTarget, type ScheduleKey } from "./round.ts";
import { after, type EpochMs } from "./units.ts";
import { isAfter, through, type Watermark } from "./watermark.ts";

/** A target with its place in the round: made once for many rounds. */
export interface TimedTarget extends DueTarget {
  /** Whole milliseconds from a round's name to the target's instant in it. */
  readonly shift: number;
}

export function isDueAfter(instant: EpochMs, target: DueTarget, from: Watermark): boolean {
  return instant >= target.registeredAt && isAfter(instant, target.offset, from);
}

/** Whether no round can have an instant after a watermark and before a moment, whoever its targets are. */
export function isDoneBefore(key: ScheduleKey, watermark: Watermark, moment: EpochMs): boolean {
  const next = firstOpen(key, watermark);
  return next === undefined || next.at >= moment;
}

/** First instant after a watermark, of any target; undefined when nothing is ever due. */
export function nextInstant(
  key: ScheduleKey,
  targets: readonly TimedTarget[],
  from: Watermark,
): EpochMs | undefined {
  if (targets.length === 0) return undefined;
  let round = firstOpen(key, from);
  for (let step = 0; step < 2 && round !== undefined; step += 1) {
    const { at } = round;
    const target = targets.find((each) => isDueAfter(after(at, each.shift), each, from));
    if (target !== undefined) return after(at, target.shift);
    round = firstOpen(key, through(round.endsAt));
  }
  return round?.at;
}

/** How many rounds may lie between a watermark and a moment before it is plain that something is missing. */
const ROUNDS_BACK_MAX = 8;

/** Whether any target has an instant after the watermark and before the moment. */
export function isDueBetween(
  key: ScheduleKey,
  targets: readonly TimedTarget[],
  watermark: Watermark,
  moment: EpochMs,
): boolean {
  if (targets.length === 0) return false;
  let round = firstOpen(key, watermark);
  for (let step = 0; round !== undefined && round.at < moment; step += 1) {
    if (step === ROUNDS_BACK_MAX) return true;
    const { at } = round;
    const isDue = targets.some((target) => {
      const instant = after(at, target.shift);
      return instant < moment && isDueAfter(instant, target, watermark);
    });
    if (isDue) return true;
    round = firstOpen(key, through(round.endsAt));
  }
  return false;
}
