/**
 * Whether more captures fail than is normal for this fleet.
 *
 * Some targets always fail somewhere; how many is each fleet's own. The normal is learnt from the
 * minutes before: the failed share, smoothed over about a day, and how far single windows lie from
 * it. What is judged and learnt is a window (`failures-window.ts`): a minute where it has enough
 * captures, a quarter of an hour where a pool has few.
 *
 *     none --a window is settled--> learning --LEARNING_MINUTES of them--> known --...--> known
 *
 * - learning: none is judged.
 * - known: the newest window is above normal when its share exceeds the normal by more than the
 *   tolerance, and is told of while its newest captures exceed it as well.
 *   A settled window above after one that wasn't is learnt as if it lay just within the tolerance:
 *   so a fleet that fails in bursts comes to be known as such. Those that follow, and all that
 *   settle while the newest is above, are hardly learnt (a tenth of the speed, their deviation not
 *   at all): an incident of hours stays one. What lasts for weeks becomes normal in the end; who
 *   wants that at once removes the record (docs/runbook.md).
 *
 * The tolerance is the largest of: a point; four standard deviations of windows; and what chance
 * alone may do to so few captures, by Bernstein's inequality at odds of one in CHANCE_ODDS a window.
 * With a normal of 0 that is 51 points for 15 captures, 12 for 64, and less than one from 768 on:
 * whoever has fewer than nine captures in a quarter of an hour is never above.
 *
 * In:    what is known so far, the captures of one whole minute     Out: points above; what is known
 * Holds: pure; shares stay within 0 and 1; a window is learnt once, however often it is seen.
 * Source: Boucheron, Lugosi, Massart: "Concentration Inequalities" (2013), section 2.8.
 */
import {
  failedShare,
  keptMinutes,
  latestShare,
  newestWindow,
  settledWindow,
  withMinute,
  type CapturedMinute,
  type Window,
} from "./failures-window.ts";

export interface FailuresNormal {
  /** Mean failed share, from 0 to 1. */
  readonly share: number;
  /** Standard deviation of a window's share. */
  readonly deviation: number;
  /** Mean captures of a window. */
  readonly captures: number;
  /** How many windows have been learnt, one a minute, up to NORMAL_MINUTES. */
  readonly minutes: number;
  /** The newest minute that was learnt, since the epoch. */
  readonly minute: number;
  /** How many windows in a row, up to that one, were above normal. */
  readonly above: number;
}

export interface FailuresKnown {
  /** undefined before a window was settled. */
  readonly normal: FailuresNormal | undefined;
  /** The last minutes with captures, in order: those that later windows need. */
  readonly recent: readonly CapturedMinute[];
}

export interface FailuresJudged {
  /** Percentage points above normal and tolerance; 0 when not above, or not known yet. */
  readonly pointsAbove: number;
  readonly known: FailuresKnown;
}

/** Windows until a normal is one: minutes, and with few captures half an hour more. */
export const LEARNING_MINUTES = 15;
/** Minutes that a normal consists of, about: a day. Until there are so many, all count alike. */
export const NORMAL_MINUTES = 1_440;
/** Weight of a window of an incident: an hour of it moves the normal by less than a hundredth of it. */
export const ABOVE_WEIGHT = 1 / (10 * NORMAL_MINUTES);
export const TOLERANCE_MIN = 0.01;
/** However failures come (in bursts, at night), at most a window in 17 lies beyond (Cantelli). */
const DEVIATIONS_TOLERATED = 4;
/** A minute in two months; an alarm asks for several in a row. */
const CHANCE_ODDS = 1e5;

export function judgeFailures(
  before: FailuresKnown | undefined,
  seen: CapturedMinute,
): FailuresJudged {
  const recent = withMinute(before?.recent ?? [], seen);
  const newest = newestWindow(recent, seen.minute);
  if (newest === undefined) return { pointsAbove: 0, known: { normal: before?.normal, recent } };
  const settled = settledWindow(recent, newest);
  const normal = learnSettled(before?.normal, settled, newest);
  const known = { normal, recent: keptMinutes(recent, settled) };
  if (normal === undefined) return { pointsAbove: 0, known };
  const latestAbove = 100 * (latestShare(recent, seen.minute) - normal.share);
  return { pointsAbove: Math.max(0, Math.min(pointsOf(normal, newest), latestAbove)), known };
}

/** How far a window lies above normal and tolerance; 0 before the normal is known. */
function pointsOf(normal: FailuresNormal, window: Window): number {
  if (normal.minutes < LEARNING_MINUTES) return 0;
  const tolerance = failuresTolerance(normal, window.captures);
  return Math.max(0, 100 * (failedShare(window) - normal.share - tolerance));
}

function learnSettled(
  normal: FailuresNormal | undefined,
  settled: Window | undefined,
  newest: Window,
): FailuresNormal | undefined {
  if (settled === undefined) return normal;
  if (normal === undefined) return first(settled);
  // Another run has learnt it already, or the clock was set back.
  if (settled.minute <= normal.minute) return normal;
  const isAbove = pointsOf(normal, settled) > 0;
  if (pointsOf(normal, newest) > 0 || (isAbove && normal.above > 0))
    return endure(normal, settled, isAbove);
  if (!isAbove) return learn(normal, settled, failedShare(settled));
  const tolerance = failuresTolerance(normal, settled.captures);
  return { ...learn(normal, settled, normal.share + tolerance), above: 1 };
}

/** How far a window with so many captures may lie above the normal share, from 0 to 1. */
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

function first(window: Window): FailuresNormal {
  const { minute, captures } = window;
  return { share: failedShare(window), deviation: 0, captures, minutes: 1, minute, above: 0 };
}

/** A window like those before. */
function learn(
  normal: FailuresNormal,
  { minute, captures }: Window,
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

/** A window of an incident that goes on, or begins. */
function endure(normal: FailuresNormal, settled: Window, isAbove: boolean): FailuresNormal {
  const share = toward(normal.share, failedShare(settled), ABOVE_WEIGHT);
  return { ...normal, share, minute: settled.minute, above: isAbove ? normal.above + 1 : 0 };
}

/** What has all but died away is 0: DynamoDB refuses numbers below 1e-130. */
const NOTHING = 1e-15;

function toward(from: number, to: number, weight: number): number {
  const next = from + weight * (to - from);
  return next < NOTHING ? 0 : next;
}

/** A window with fewer captures than usual says less. */
function weightOf({ minutes, captures: usual }: FailuresNormal, captures: number): number {
  return Math.min(1, captures / usual) / Math.min(NORMAL_MINUTES, minutes + 1);
}
