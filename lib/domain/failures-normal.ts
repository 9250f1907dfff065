/**
 * Whether more captures fail than is normal for this fleet.
 *
 * Some targets always fail somewhere; how many is each fleet's own. The normal is learnt from the
 * minutes before: the failed share, smoothed over about a day, and how far single minutes lie from it.
 *
 *     none --a minute with captures--> learning --LEARNING_MINUTES of them--> known --...--> known
 *
 * - learning: none is judged.
 * - known: a minute is above normal when its share exceeds the normal by more than the tolerance.
 *   A minute above after one that wasn't is learnt as if it lay just within the tolerance: so a
 *   fleet that fails in bursts comes to be known as such. Those that follow are hardly learnt (a
 *   tenth of the speed, their deviation not at all): an incident of hours stays one. What lasts for
 *   weeks becomes normal in the end; who wants that at once removes the record (docs/runbook.md).
 *
 * The tolerance is the largest of: a point; four standard deviations of minutes; and what chance alone
 * may do to so few captures, by Bernstein's inequality at odds of one in CHANCE_ODDS a minute. With
 * a normal of 0 that is 77 points for 10 captures, 7.7 for 100, and less than a point from 768 on.
 *
 * In:    the normal so far, the captures of one whole minute     Out: points above it; the next normal
 * Holds: pure; shares stay within 0 and 1; a minute is learnt once, however often it is seen.
 * Source: Boucheron, Lugosi, Massart: "Concentration Inequalities" (2013), section 2.8.
 */
export interface FailuresNormal {
  /** Mean failed share, from 0 to 1. */
  readonly share: number;
  /** Standard deviation of a minute's share. */
  readonly deviation: number;
  /** Mean captures a minute, of minutes that had any. */
  readonly captures: number;
  /** How many minutes have been learnt, up to NORMAL_MINUTES. */
  readonly minutes: number;
  /** The newest minute that was looked at, since the epoch. */
  readonly minute: number;
  /** How many minutes in a row, up to that one, were above normal. */
  readonly above: number;
}

export interface CapturedMinute {
  readonly minute: number;
  readonly captures: number;
  /** Of these. */
  readonly failed: number;
}

export interface FailuresJudged {
  /** Percentage points above normal and tolerance; 0 when not above, or not known yet. */
  readonly pointsAbove: number;
  readonly normal: FailuresNormal | undefined;
}

/** Minutes with captures until a normal is one. */
export const LEARNING_MINUTES = 15;
/** Minutes that a normal consists of, about: a day. Until there are so many, all count alike. */
export const NORMAL_MINUTES = 1_440;
/** Weight of a minute of an incident: an hour of it moves the normal by less than a hundredth of it. */
export const ABOVE_WEIGHT = 1 / (10 * NORMAL_MINUTES);
export const TOLERANCE_MIN = 0.01;
/** However failures come (in bursts, at night), at most a minute in 17 lies beyond (Cantelli). */
const DEVIATIONS_TOLERATED = 4;
/** A minute in two months; an alarm asks for several in a row. */
const CHANCE_ODDS = 1e5;

export function judgeFailures(
  normal: FailuresNormal | undefined,
  seen: CapturedMinute,
): FailuresJudged {
  if (seen.captures <= 0) return { pointsAbove: 0, normal };
  const share = Math.min(1, Math.max(0, seen.failed / seen.captures));
  if (normal === undefined) return { pointsAbove: 0, normal: first(seen, share) };
  const tolerance = failuresTolerance(normal, seen.captures);
  const isKnown = normal.minutes >= LEARNING_MINUTES;
  const pointsAbove = isKnown ? Math.max(0, 100 * (share - normal.share - tolerance)) : 0;
  // Another run has looked at this minute already, or the clock was set back.
  if (seen.minute <= normal.minute) return { pointsAbove, normal };
  if (pointsAbove === 0) return { pointsAbove, normal: learn(normal, seen, share) };
  if (normal.above > 0) return { pointsAbove, normal: endure(normal, seen, share) };
  const learnt = learn(normal, seen, normal.share + tolerance);
  return { pointsAbove, normal: { ...learnt, above: 1 } };
}

/** How far a minute with so many captures may lie above the normal share, from 0 to 1. */
export function failuresTolerance(normal: FailuresNormal, captures: number): number {
  return Math.max(
    TOLERANCE_MIN,
    DEVIATIONS_TOLERATED * normal.deviation,
    chance(normal.share, captures),
  );
}

/** The smallest t for which P(share of n trials >= p + t) is at most one in CHANCE_ODDS. */
function chance(share: number, captures: number): number {
  const perCapture = Math.log(CHANCE_ODDS) / captures;
  const range = perCapture / 3;
  return range + Math.sqrt(range ** 2 + 2 * perCapture * share * (1 - share));
}

function first({ minute, captures }: CapturedMinute, share: number): FailuresNormal {
  return { share, deviation: 0, captures, minutes: 1, minute, above: 0 };
}

/** A minute like those before. */
function learn(
  normal: FailuresNormal,
  { minute, captures }: CapturedMinute,
  share: number,
): FailuresNormal {
  const weight = weightOf(normal, captures);
  const variance = toward(normal.deviation ** 2, (share - normal.share) ** 2, weight);
  return {
    share: toward(normal.share, share, weight),
    deviation: Math.sqrt(variance),
    captures: toward(normal.captures, captures, weight),
    minutes: Math.min(NORMAL_MINUTES, normal.minutes + 1),
    minute,
    above: 0,
  };
}

/** A minute of an incident that goes on. */
function endure(normal: FailuresNormal, { minute }: CapturedMinute, share: number): FailuresNormal {
  const above = normal.above + 1;
  return { ...normal, share: toward(normal.share, share, ABOVE_WEIGHT), minute, above };
}

/** What has all but died away is 0: DynamoDB refuses numbers below 1e-130. */
const NOTHING = 1e-15;

function toward(from: number, to: number, weight: number): number {
  const next = from + weight * (to - from);
  return next < NOTHING ? 0 : next;
}

/** A minute with fewer captures than usual says less. */
function weightOf({ minutes, captures: usual }: FailuresNormal, captures: number): number {
  return Math.min(1, captures / usual) / Math.min(NORMAL_MINUTES, minutes + 1);
}
