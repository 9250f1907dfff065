/**
 * The last minutes until enough captures are in them to be judged together.
 *
 *     minutes   . . . . . . . . . . . . . . . . . . .
 *                 |-- settled --||---- newest ----|
 *
 * A pool with WINDOW_CAPTURES a minute is judged by single minutes; one with fewer by as many as
 * make up that number, of the last WINDOW_MINUTES. The settled window is the last one that has no
 * minute in common with the newest: what the newest is compared with was learnt from such only, so
 * that an incident that comes up slowly in a small pool isn't learnt before it is noticed.
 *
 * In:    the minutes so far, one more                      Out: both windows, the minutes to keep
 * Holds: pure; at most 2 · WINDOW_MINUTES + 1 minutes are kept, and three in a pool of many.
 */
export interface CapturedMinute {
  /** Since the epoch. */
  readonly minute: number;
  readonly captures: number;
  /** Of these. */
  readonly failed: number;
}

export interface Window extends CapturedMinute {
  /** Its first minute with captures; `minute` is the last one. */
  readonly from: number;
}

/** With a normal of 0, chance explains 12 points of so many captures: an alarm asks for 10 more. */
export const WINDOW_CAPTURES = 64;
export const WINDOW_MINUTES = 15;
/** The newest captures of a window that must be above normal themselves: trouble that is over. */
const LATEST_CAPTURES = 8;
/** Rounds that a pool must have failed in to be judged between them. */
const ROUNDS_MIN = 3;
/** In minutes: what is older is forgotten. */
const AGE_MAX = 3 * WINDOW_MINUTES;

/** Minutes with captures, in order, up to this one; of a minute seen twice the fuller count. */
export function withMinute(
  recent: readonly CapturedMinute[],
  { minute, captures, failed }: CapturedMinute,
): readonly CapturedMinute[] {
  const earlier = recent.filter((each) => each.minute < minute && each.minute > minute - AGE_MAX);
  // One that is older than both windows shows that the older one isn't the beginning of everything.
  const older = earlier.filter((each) => each.minute <= minute - 2 * WINDOW_MINUTES).length;
  const before = earlier.slice(Math.max(0, older - 1));
  const twice = recent.find((each) => each.minute === minute);
  if (twice !== undefined && twice.captures >= captures) return [...before, twice];
  if (captures <= 0) return before;
  return [...before, { minute, captures, failed: Math.min(captures, Math.max(0, failed)) }];
}

/** undefined when nothing was captured lately. */
export function newestWindow(recent: readonly CapturedMinute[], now: number): Window | undefined {
  return windowUpTo(recent, now, WINDOW_CAPTURES);
}

/** The last whole window before `newest`. */
export function settledWindow(
  recent: readonly CapturedMinute[],
  newest: Window,
): Window | undefined {
  const settled = windowUpTo(recent, newest.from - 1, WINDOW_CAPTURES);
  if (settled === undefined || settled.captures >= WINDOW_CAPTURES) return settled;
  const begin = settled.minute - WINDOW_MINUTES + 1;
  return recent.some(({ minute }) => minute <= begin) ? settled : undefined;
}

/** What later minutes will need. */
export function keptMinutes(
  recent: readonly CapturedMinute[],
  settled: Window | undefined,
): readonly CapturedMinute[] {
  if (settled === undefined || settled.captures < WINDOW_CAPTURES) return recent;
  return recent.filter(
    ({ minute }, n) => minute >= settled.from || n >= recent.length - ROUNDS_MIN,
  );
}

/**
 * The failed share of the newest captures alone: of a minute, or of a few. In a minute without any
 * the least of the last rounds, so that one round that failed isn't judged until the next.
 */
export function latestShare(recent: readonly CapturedMinute[], now: number): number {
  if (recent.at(-1)?.minute === now) {
    const latest = windowUpTo(recent, now, LATEST_CAPTURES);
    return latest === undefined ? 0 : failedShare(latest);
  }
  const rounds = recent.filter(({ minute }) => minute > now - WINDOW_MINUTES).slice(-ROUNDS_MIN);
  return rounds.length < ROUNDS_MIN ? 0 : Math.min(...rounds.map(failedShare));
}

/** From 0 to 1. */
export function failedShare({ captures, failed }: Omit<CapturedMinute, "minute">): number {
  return Math.min(1, Math.max(0, failed / captures));
}

/** From the newest minute that isn't after `end`, back until there are enough captures. */
function windowUpTo(
  recent: readonly CapturedMinute[],
  end: number,
  enough: number,
): Window | undefined {
  let window: Window | undefined;
  for (const each of recent.toReversed()) {
    if (each.minute > end) continue;
    if (each.minute <= end - WINDOW_MINUTES) break;
    window = {
      from: each.minute,
      minute: window?.minute ?? each.minute,
      captures: each.captures + (window?.captures ?? 0),
      failed: each.failed + (window?.failed ?? 0),
    };
    if (window.captures >= enough) break;
  }
  return window;
}
