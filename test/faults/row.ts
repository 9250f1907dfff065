/** One fault of the table: what must happen, and how it is found out whether it does. */

/** quick: as much as belongs to `npm test`; full: what the command measures. */
export type Effort = "quick" | "full";

export interface Finding {
  /** The measured numbers, with how many samples there were. */
  readonly found: string;
  readonly holds: boolean;
  /** What doesn't hold, and what a reader should know of how it was measured. */
  readonly notes: readonly string[];
}

export type Trial = (effort: Effort) => Promise<Finding>;

export interface Row {
  /** Short, for the command line. */
  readonly id: string;
  readonly fault: string;
  readonly goal: string;
  readonly simulated?: Trial;
  readonly real?: Trial;
  /** Whether the real one is short enough for `npm test`. */
  readonly isRealInTests?: boolean;
  /** Why there is no real one. */
  readonly noReal?: string;
}

const NOTES_MAX = 8;

/** A finding that holds when nothing speaks against it. */
export function finding(
  found: string,
  against: readonly string[],
  notes: readonly string[] = [],
): Finding {
  const shown = against.slice(0, NOTES_MAX).map((text) => `✗ ${text}`);
  const more = against.length > NOTES_MAX ? [`✗ and ${against.length - NOTES_MAX} more`] : [];
  return { found, holds: against.length === 0, notes: [...notes, ...shown, ...more] };
}

export function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1_000).toFixed(1)} s` : "never";
}
