/**
 * What a collector knows of one slot and one cadence while it holds them.
 *
 * A run goes through rounds; a round's entries go pending → started → done. Everything up to the
 * run's `done` watermark is captured or recorded as missed; everything up to `committed` is durable
 * and committed; `committed <= done <= position`, the position being how far rounds were taken up.
 *
 * Holds: `committed` only grows; rounds are in order; only the oldest can be partly committed.
 */
import type { Cadence, CadenceKey } from "#domain/cadence.ts";
import type { TimedTarget } from "#domain/due.ts";
import type { SlotCut } from "#domain/hand-over.ts";
import type { Round } from "#domain/instant.ts";
import type { Kept } from "#domain/letting-go.ts";
import type { ScheduleKey } from "#domain/round.ts";
import type { Slot } from "#domain/slot.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Watermark } from "#domain/watermark.ts";
import type { Target } from "#domain/target.ts";
import type { ProbeTask } from "#ports/probe.ts";

/** Not started by us, and ours to start. */
export const PENDING = 0;
export const STARTED = 1;
export const DONE = 2;
/** Due before the cut of a hand-over: the giver's, until its `until` is past. */
export const GIVERS = 3;

/** Never captured. */
export const NEVER = -1;
/** Captured by an earlier owner, or before this slot was read. */
export const BEFORE = 0;

/** One target of a schedule, with all that its captures need, made once for many rounds. */
export interface Entry extends TimedTarget {
  readonly target: Target;
  readonly task: ProbeTask;
  readonly resultKey: number;
  readonly bucket: number;
  /** The part of a sample's line that never changes. */
  readonly prefix: string;
  /** Chunk that the first capture went into; NEVER, or BEFORE. */
  first: number;
  /** Chunk that this owner's last capture went into; 0 when it made none. */
  last: number;
  /** How many captures of it are under way. */
  flying: number;
  /** The last result, as latest.ts packs it. */
  failureByte: number;
  durationByte: number;
  sinceSeconds: number;
}

export interface OpenRound {
  readonly round: Round;
  entries: readonly Entry[];
  states: Uint8Array;
  /** Grows when the entries are rebuilt: results that refer to older indexes look theirs up. */
  generation: number;
  /** First entry that was not yet looked at. */
  next: number;
  /** All entries before it are done. */
  prefix: number;
  inFlight: number;
}

export interface ScheduleRun {
  readonly slot: Slot;
  readonly cadence: Cadence;
  readonly key: CadenceKey;
  readonly schedule: ScheduleKey;
  /** Its targets while they are cached, by offset; none at all: nothing is due. */
  entries: readonly Entry[] | undefined;
  /** Whether it had no targets when it was last read. */
  isEmpty: boolean;
  version: number;
  revision: number;
  serviceMs: number;
  committed: Watermark;
  done: Watermark;
  position: Watermark;
  rounds: OpenRound[];
  /** 0 goes first among equals. */
  priority: 0 | 1;
  /** When the round after `position` begins, as last computed; 0: to be computed. */
  nextRoundAt: number;
  /** Chunks before this one don't hold all that a commit must: see rounds.ts, `missSince`. */
  notBefore: number;
  /** When the loop looks at it next; stale entries of the heap are recognised by it. */
  wakeAt: number;
  /** Taker's side of a hand-over; undefined when nothing is open. */
  cut: SlotCut | undefined;
  /** Giver's side; undefined while the slot is ours. */
  kept: Kept | undefined;
  /** Done or first results since the last seal. */
  dirty: boolean;
  /** What may be committed now that its chunk is durable. */
  committable: Committable | undefined;
  committing: boolean;
  /** Start of the oldest capture that is not committed. */
  uncommittedSince: EpochMs | undefined;
  /** Captures on request went into this chunk: commit once it is durable. 0: none. */
  wantedSequence: number;
  /** No commit before this moment: the store failed, or a cut is being waited for. */
  retryAt: number;
  dropped: boolean;
  /** Captures on request that are under way. */
  asked: number;
  /** It stopped at the limit of captures under way and waits in line. */
  inLine: boolean;
}

export interface Committable {
  readonly watermark: Watermark;
  readonly sequence: number;
  /** When it was noted: what was captured later is not in it. */
  readonly notedAt: EpochMs;
}

export function isComplete(open: OpenRound): boolean {
  return open.prefix === open.entries.length;
}

/** Whether nothing of it is under way, waiting to be committed, or taken up and not done. */
export function isQuiet(run: ScheduleRun): boolean {
  return (
    run.uncommittedSince === undefined &&
    run.asked === 0 &&
    !run.committing &&
    !run.dirty &&
    run.wantedSequence === 0 &&
    run.committable === undefined &&
    run.rounds.every((open) => open.inFlight === 0)
  );
}
