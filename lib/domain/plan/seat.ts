/**
 * A lease while a plan is being made: what it will carry, and what of it may still be moved.
 *
 * Holds: a slot that has been given in this run is in nobody's runs any more, so it is given once.
 */
import type { LeaseId } from "../lease.ts";
import type { Range, RangeSet } from "../range.ts";
import { normalise } from "../range.ts";
import type { Weights } from "./weights.ts";

/** Neighbouring slots, from the first to before the last. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

export interface Seat {
  readonly id: LeaseId;
  /** As it will be when the moves so far have been applied. */
  version: number;
  readonly held: boolean;
  /** Nobody holds it, and a collector is being started, or will be, for what is due there now or soon. */
  readonly awaited: boolean;
  /** Of all it has and has been promised, less what it has promised. */
  weight: number;
  /** What may be moved away in this run. */
  runs: readonly Run[];
  /** Bounds of everything it has or gets: a piece that begins or ends at one joins it. */
  readonly bounds: Set<number>;
}

export function runsOf(ranges: RangeSet, width: number): Run[] {
  return ranges.map(({ from, to }) => ({ from: from / width, to: to / width }));
}

export function rangesOf(runs: readonly Run[], width: number): RangeSet {
  return normalise(runs.map(({ from, to }): Range => ({ from: from * width, to: to * width })));
}

export function weightOf(runs: readonly Run[], { sums }: Weights): number {
  return runs.reduce((sum, { from, to }) => sum + ((sums[to] ?? 0) - (sums[from] ?? 0)), 0);
}

/** `12-19, 40`, shortened. */
export function describeRuns(runs: readonly Run[]): string {
  const SHOWN_MAX = 6;
  const words = runs
    .slice(0, SHOWN_MAX)
    .map(({ from, to }) => (to - from === 1 ? `${from}` : `${from}-${to - 1}`));
  const count = runs.reduce((sum, { from, to }) => sum + to - from, 0);
  const more = runs.length > SHOWN_MAX ? ` and ${runs.length - SHOWN_MAX} more pieces` : "";
  return `${count === 1 ? "slot" : "slots"} ${words.join(", ")}${more}`;
}
