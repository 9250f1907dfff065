/**
 * Ranges of the hash space: half-open intervals [from, to) whose bounds are slot bounds.
 *
 * In:    bounds from 0 to 2^32                            Out: sorted, merged, non-overlapping lists
 * Holds: a RangeSet is sorted by `from`, has no empty range and no two that touch.
 * Source: DESIGN, section 3 (leases carry ranges as 8-digit hex; 2^32 itself is written 100000000).
 */
import { InvalidInputError } from "./errors.ts";
import { slotCount, slotWidth, type Slot } from "./slot.ts";

export const HASH_SPACE = 2 ** 32;

export interface Range {
  /** First hash inside, 0 to 2^32 - 1. */
  readonly from: number;
  /** First hash outside, 1 to 2^32. */
  readonly to: number;
}

/** Sorted, merged, without empty ranges. Made by `normalise` only. */
export type RangeSet = readonly Range[];

/** @throws InvalidInputError unless 0 <= from < to <= 2^32, both whole. */
export function range(from: number, to: number): Range {
  if (
    Number.isInteger(from) &&
    Number.isInteger(to) &&
    from >= 0 &&
    from < to &&
    to <= HASH_SPACE
  ) {
    return { from, to };
  }
  throw new InvalidInputError({
    where: "range",
    found: `[${from}, ${to})`,
    expected: "whole bounds with 0 <= from < to <= 2^32",
  });
}

export function wholeSpace(): RangeSet {
  return [{ from: 0, to: HASH_SPACE }];
}

/** Sorts and merges ranges that overlap or touch. */
export function normalise(ranges: readonly Range[]): RangeSet {
  const sorted = ranges
    .filter((r) => r.from < r.to)
    .toSorted((a, b) => a.from - b.from || a.to - b.to);
  const merged: Range[] = [];
  for (const next of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && next.from <= last.to) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
    } else {
      merged.push({ from: next.from, to: next.to });
    }
  }
  return merged;
}

export function union(a: readonly Range[], b: readonly Range[]): RangeSet {
  return normalise([...a, ...b]);
}

/** What both have in common. One walk along both: planning does this for thousands of ranges. */
export function intersect(a: readonly Range[], b: readonly Range[]): RangeSet {
  const left = normalise(a);
  const right = normalise(b);
  const common: Range[] = [];
  for (let i = 0, j = 0; ;) {
    const x = left[i];
    const y = right[j];
    if (x === undefined || y === undefined) return common;
    const from = Math.max(x.from, y.from);
    const to = Math.min(x.to, y.to);
    if (from < to) common.push({ from, to });
    if (x.to <= y.to) i += 1;
    else j += 1;
  }
}

/** What is in `a` and not in `b`. */
export function subtract(a: readonly Range[], b: readonly Range[]): RangeSet {
  return intersect(a, complement(b));
}

/** What is in no range. */
export function complement(ranges: readonly Range[]): RangeSet {
  const gaps: Range[] = [];
  let from = 0;
  for (const next of normalise(ranges)) {
    if (from < next.from) gaps.push({ from, to: next.from });
    from = next.to;
  }
  if (from < HASH_SPACE) gaps.push({ from, to: HASH_SPACE });
  return gaps;
}

/** Whether every hash of `inner` is in `outer`. */
export function covers(outer: readonly Range[], inner: readonly Range[]): boolean {
  return subtract(inner, outer).length === 0;
}

export function overlaps(a: readonly Range[], b: readonly Range[]): boolean {
  return intersect(a, b).length > 0;
}

export function sameRanges(a: readonly Range[], b: readonly Range[]): boolean {
  return covers(a, b) && covers(b, a);
}

export function contains(ranges: readonly Range[], hash32: number): boolean {
  return ranges.some((r) => r.from <= hash32 && hash32 < r.to);
}

export function width(ranges: readonly Range[]): number {
  return normalise(ranges).reduce((sum, r) => sum + (r.to - r.from), 0);
}

/** How many slots these ranges are, where they begin and end with slots. */
export function countSlots(ranges: readonly Range[], slotsLog2: number): number {
  return width(ranges) / slotWidth(slotsLog2);
}

/** The slots that lie wholly in `ranges`, ascending. */
export function slotsIn(ranges: readonly Range[], slotsLog2: number): Slot[] {
  const size = slotWidth(slotsLog2);
  const slots: Slot[] = [];
  for (const r of normalise(ranges)) {
    for (let index = Math.ceil(r.from / size); (index + 1) * size <= r.to; index += 1)
      slots.push(index as Slot);
  }
  return slots;
}

export function slotRange(slot: Slot, slotsLog2: number): Range {
  const size = slotWidth(slotsLog2);
  return { from: slot * size, to: (slot + 1) * size };
}

export function rangesOfSlots(slots: readonly Slot[], slotsLog2: number): RangeSet {
  return normalise(slots.map((s) => slotRange(s, slotsLog2)));
}

/** Whether both bounds fall on slot bounds: only such ranges may be owned. */
export function isAligned(r: Range, slotsLog2: number): boolean {
  const size = slotWidth(slotsLog2);
  return r.from % size === 0 && r.to % size === 0;
}

export type Tiling =
  | { readonly kind: "tiles" }
  | { readonly kind: "broken"; readonly missing: RangeSet; readonly doubled: RangeSet };

/** Whether the lists together hold every hash exactly once. */
export function tiling(lists: readonly (readonly Range[])[]): Tiling {
  const doubled: Range[] = [];
  let reached = 0;
  // Sorted by `from`, whatever begins before where the others already reach is there twice.
  for (const next of lists.flatMap(normalise).toSorted((a, b) => a.from - b.from)) {
    if (next.from < reached) doubled.push({ from: next.from, to: Math.min(next.to, reached) });
    reached = Math.max(reached, next.to);
  }
  const missing = complement(lists.flat());
  if (missing.length === 0 && doubled.length === 0) return { kind: "tiles" };
  return { kind: "broken", missing, doubled: normalise(doubled) };
}

/** Cuts the space into `parts` lists of whole slots whose sizes differ by one slot at most. */
export function cover(parts: number, slotsLog2: number): RangeSet[] {
  const slots = slotCount(slotsLog2);
  const size = slotWidth(slotsLog2);
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * slots) / parts) * size;
    const to = Math.floor(((part + 1) * slots) / parts) * size;
    return from < to ? [{ from, to }] : [];
  });
}

/** `1c000000-20000000`: how ranges are stored and shown. */
export function formatRange(r: Range): string {
  return `${hex(r.from)}-${hex(r.to)}`;
}

/** @throws InvalidInputError when `text` is not what `formatRange` writes. */
export function parseRange(text: string): Range {
  const match = /^([0-9a-f]{8})-([0-9a-f]{8}|100000000)$/u.exec(text);
  if (match?.[1] !== undefined && match[2] !== undefined) {
    return range(Number.parseInt(match[1], 16), Number.parseInt(match[2], 16));
  }
  throw new InvalidInputError({
    where: "range",
    found: JSON.stringify(text),
    expected: "two 8-digit hexadecimal bounds joined by a hyphen, e.g. 00000000-40000000",
  });
}

function hex(bound: number): string {
  return bound.toString(16).padStart(8, "0");
}
