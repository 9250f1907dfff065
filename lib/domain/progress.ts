/**
 * What a collector tells of itself in its lease: counts of this minute and of the last whole one.
 *
 * Counts are kept by minute of the wall clock, so that a reader who comes once a minute needs no
 * memory of its own: it reads the last whole minute. A new owner goes on counting where the last
 * one stopped.
 *
 * As text it is `head;current;previous`, and `;throttled,throttled` of the two minutes where there
 * was any. Versions of the code run side by side during a deployment: who doesn't know the last part
 * doesn't look at it and reads the rest; where it is absent nothing was throttled. Whatever is added
 * later goes the same way: the three first parts never change.
 *
 * Holds: `previous.minute < current.minute`; a packed progress is at most 400 bytes.
 */
import type { EpochMs } from "./units.ts";

/** Upper bounds of start lateness in milliseconds; the last bucket has none. */
export const LATENESS_BOUNDS_MS = [
  1, 2, 4, 8, 12, 15, 20, 30, 50, 100, 250, 500, 1_000, 5_000, 60_000,
] as const;

export interface MinuteCounts {
  /** Minutes since the epoch. */
  readonly minute: number;
  readonly captures: number;
  readonly failed: number;
  readonly missed: number;
  readonly redone: number;
  /** Late and first captures, apart from those on time. */
  readonly late: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Milliseconds that the collector's thread was at work. */
  readonly busyMs: number;
  /** Store calls that were throttled, each attempt of its own. */
  readonly throttled: number;
  /** Captures on time by start lateness; one more entry than bounds. */
  readonly lateness: readonly number[];
}

export interface Progress {
  readonly at: EpochMs;
  /** now - oldest instant due and not committed; 0 when none. */
  readonly lagMs: number;
  /** Rounds that are due and not committed. */
  readonly backlogRounds: number;
  /** First captures and other late work still waiting. */
  readonly waiting: number;
  readonly current: MinuteCounts;
  readonly previous: MinuteCounts;
}

const NUMBERS = [
  "minute",
  "captures",
  "failed",
  "missed",
  "redone",
  "late",
  "readUnits",
  "writeUnits",
  "busyMs",
] as const;

export function emptyMinute(minute: number): MinuteCounts {
  return {
    minute,
    captures: 0,
    failed: 0,
    missed: 0,
    redone: 0,
    late: 0,
    readUnits: 0,
    writeUnits: 0,
    busyMs: 0,
    throttled: 0,
    lateness: Array.from({ length: LATENESS_BOUNDS_MS.length + 1 }, () => 0),
  };
}

export function minuteOf(moment: EpochMs): number {
  return Math.floor(moment / 60_000);
}

export function emptyProgress(now: EpochMs): Progress {
  const minute = minuteOf(now);
  return {
    at: now,
    lagMs: 0,
    backlogRounds: 0,
    waiting: 0,
    current: emptyMinute(minute),
    previous: emptyMinute(minute - 1),
  };
}

/** Index of the lateness bucket. */
export function latenessBucket(latenessMs: number): number {
  let index = 0;
  while (index < LATENESS_BOUNDS_MS.length && latenessMs > (LATENESS_BOUNDS_MS[index] ?? 0))
    index += 1;
  return index;
}

/** The counts of the whole minute before `now`; zeros when the lease was silent in it. */
export function lastWholeMinute(progress: Progress | undefined, now: EpochMs): MinuteCounts {
  const wanted = minuteOf(now) - 1;
  if (progress?.current.minute === wanted) return progress.current;
  if (progress?.previous.minute === wanted) return progress.previous;
  return emptyMinute(wanted);
}

/** Semicolon-joined numbers; short because every heartbeat pays for the item's size. */
export function formatProgress(progress: Progress): string {
  const head = [progress.at, progress.lagMs, progress.backlogRounds, progress.waiting]
    .map(short)
    .join(",");
  const { current, previous } = progress;
  const throttled = [current.throttled, previous.throttled];
  const last = throttled.some((count) => count > 0) ? [throttled.map(short).join(",")] : [];
  return [head, formatMinute(current), formatMinute(previous), ...last].join(";");
}

/** undefined when the text is not a progress: it is a measurement and comes again. */
export function parseProgress(text: string): Progress | undefined {
  const parts = text.split(";").map((part) => part.split(",").map(Number));
  const [head, current, previous, throttled = [0, 0]] = parts;
  if (head?.length !== 4 || !head.every(Number.isFinite)) return undefined;
  if (current === undefined || previous === undefined) return undefined;
  const [at = 0, lagMs = 0, backlogRounds = 0, waiting = 0] = head;
  const [throttledNow, throttledBefore] = throttled;
  const now = parseMinute(current, throttledNow);
  const before = parseMinute(previous, throttledBefore);
  if (now === undefined || before === undefined) return undefined;
  return { at: at as EpochMs, lagMs, backlogRounds, waiting, current: now, previous: before };
}

function formatMinute(counts: MinuteCounts): string {
  return [...NUMBERS.map((name) => counts[name]), ...counts.lateness].map(short).join(",");
}

function parseMinute(
  numbers: readonly number[],
  throttled: number | undefined,
): MinuteCounts | undefined {
  if (throttled === undefined || !Number.isFinite(throttled)) return undefined;
  if (
    numbers.length !== NUMBERS.length + LATENESS_BOUNDS_MS.length + 1 ||
    numbers.some((n) => !Number.isFinite(n))
  )
    return undefined;
  const [
    minute = 0,
    captures = 0,
    failed = 0,
    missed = 0,
    redone = 0,
    late = 0,
    readUnits = 0,
    writeUnits = 0,
    busyMs = 0,
  ] = numbers;
  return {
    minute,
    captures,
    failed,
    missed,
    redone,
    late,
    readUnits,
    writeUnits,
    busyMs,
    throttled,
    lateness: numbers.slice(NUMBERS.length),
  };
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}
