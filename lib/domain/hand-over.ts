/**
 * Hand-over at a moment, without a drain: who captures what around a cut.
 *
 * The giver keeps what is due before `cut`; the taker starts what is due from it on, and commits in
 * such a schedule only when nothing is due before the cut, or `until + skewMax` has passed.
 *
 * Holds: cut >= now and >= all that the giver has started; until >= cut, and >= every until still
 *        open there, + slack + longest effective time-out + commit time; of several entries all hold.
 * Source: DESIGN, section 4, "Hand-over at a moment, without a drain".
 */
import { contains, intersect, subtract, type Range } from "./range.ts";
import { epochMs, latestOf, type EpochMs } from "./units.ts";

export interface OpenEntry {
  readonly range: Range;
  /** The giver captures what is due before, the taker what is due from here on. */
  readonly cut: EpochMs;
  /** Until then the giver may commit what it kept. */
  readonly until: EpochMs;
}

export interface CutRequest {
  readonly now: EpochMs;
  /** Latest instant of anything that the giver has started in these ranges; undefined when nothing. */
  readonly startedThrough: EpochMs | undefined;
  /** How far ahead the taker learns of it in time. */
  readonly aheadMs: number;
  readonly longestTimeoutMs: number;
  readonly slackMs: number;
  readonly commitTimeMs: number;
}

/** One entry for each range; ranges where everything before the cut is committed are left out by the caller. */
export function cutEntries(
  ranges: readonly Range[],
  openNow: readonly OpenEntry[],
  request: CutRequest,
): OpenEntry[] {
  const soonest = epochMs(Math.ceil(request.now + request.aheadMs));
  // Strictly after what was started: a cut at that very instant would give it to the taker again.
  const cut =
    request.startedThrough === undefined
      ? soonest
      : latestOf(soonest, epochMs(request.startedThrough + 1));
  const open = restrictOpen(openNow, ranges);
  const latest = open.reduce((latest, entry) => latestOf(latest, entry.until), cut);
  const until = epochMs(latest + request.slackMs + request.longestTimeoutMs + request.commitTimeMs);
  return ranges.map((range) => ({ range, cut, until }));
}

export interface SlotCut {
  /** Start nothing due before; the latest cut of all entries. */
  readonly cut: EpochMs;
  /** Commit freely once this and skewMax have passed; the latest until of all entries. */
  readonly until: EpochMs;
}

/** What all entries over one hash ask together; undefined when none is open. */
export function slotCut(open: readonly OpenEntry[], hash32: number): SlotCut | undefined {
  let all: SlotCut | undefined;
  for (const entry of open) {
    if (!contains([entry.range], hash32)) continue;
    all = {
      cut: latestOf(entry.cut, all?.cut ?? entry.cut),
      until: latestOf(entry.until, all?.until ?? entry.until),
    };
  }
  return all;
}

/** An entry is past, and may be dropped, when `until + skewMax` has passed on our clock. */
export function isPast(
  entry: { readonly until: EpochMs },
  now: EpochMs,
  skewMaxMs: number,
): boolean {
  return now > entry.until + skewMaxMs;
}

/** The entries over `ranges`, split at their bounds. */
export function restrictOpen(open: readonly OpenEntry[], ranges: readonly Range[]): OpenEntry[] {
  return open.flatMap((entry) =>
    intersect([entry.range], ranges).map((range) => ({ ...entry, range })),
  );
}

/** The entries over anything but `ranges`, split at their bounds. */
export function withoutOpen(open: readonly OpenEntry[], ranges: readonly Range[]): OpenEntry[] {
  return open.flatMap((entry) =>
    subtract([entry.range], ranges).map((range) => ({ ...entry, range })),
  );
}

/** Without the entries that are past. */
export function withoutPast(
  open: readonly OpenEntry[],
  now: EpochMs,
  skewMaxMs: number,
): OpenEntry[] {
  return open.filter((entry) => !isPast(entry, now, skewMaxMs));
}

export function sameOpen(a: readonly OpenEntry[], b: readonly OpenEntry[]): boolean {
  return (
    a.length === b.length &&
    a.every((entry, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        entry.cut === other.cut &&
        entry.until === other.until &&
        entry.range.from === other.range.from &&
        entry.range.to === other.range.to
      );
    })
  );
}
