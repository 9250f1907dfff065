/**
 * Everything that the parts of one collector share: its lease, its slots, its runs, its counts.
 *
 * Single-threaded: between two awaits nothing else changes it.
 */
import type { CadenceKey } from "#domain/cadence.ts";
import type { GiveRequest, Lease, Owner } from "#domain/lease.ts";
import { commitEpoch, type LetGo } from "#domain/letting-go.ts";
import type { Slot } from "#domain/slot.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Counters } from "./counters.ts";
import type { ScheduleEntries } from "./entries.ts";
import type { Gate } from "./gate.ts";
import type { RunHeap } from "./heap.ts";
import type { ChunkWriter } from "./chunk-writer.ts";
import type { LateWork } from "./late-work.ts";
import type { ScheduleRun } from "./run.ts";
import type { CollectDeps } from "./settings.ts";

/** A slot that is held, or kept after it was given: its runs, and its targets while they are cached. */
export interface SlotHold {
  readonly slot: Slot;
  readonly runs: Map<CadenceKey, ScheduleRun>;
  contents: ReadonlyMap<CadenceKey, ScheduleEntries> | undefined;
  /** What the contents cost, about. */
  bytes: number;
  readAt: EpochMs;
  usedAt: EpochMs;
  /** Its schedules are still to be read, or to be read again: until then it is not captured. */
  unread: boolean;
  /** We have asked for it to be given or released: see letting-go.ts. */
  letGo: LetGo | undefined;
  /** A read under way; others wait for the same one. */
  reading: Promise<void> | undefined;
  /** Requests that are being worked on keep the contents in memory. */
  pins: number;
  /** Captures per second that are known to be due here. */
  load: number;
}

/** A give as it was asked for, and what is kept for it. */
export interface AskedGive {
  readonly request: GiveRequest;
  readonly holds: readonly SlotHold[];
}

export interface CollectorState {
  readonly deps: CollectDeps;
  readonly owner: Owner;
  readonly pool: string;
  readonly slotsLog2: number;
  /** As of the last renewal. */
  lease: Lease;
  /** Until when captures may be started, on our own clock, without skew. */
  expiresAt: EpochMs;
  /** When the invocation ends for good. */
  readonly deadlineAt: EpochMs;
  readonly slots: Map<Slot, SlotHold>;
  readonly heap: RunHeap;
  counters: Counters;
  readonly late: LateWork;
  readonly writer: ChunkWriter;
  /** Reads of slots: more at once would only wait in the store, and time out there. */
  readonly reads: Gate;
  /** Sequence of the chunk that lines go into now. */
  openSequence: number;
  /** The last chunk of which it is known whether it is durable or lost. */
  reportedSequence: number;
  /** Lines in it. */
  openLines: number;

  /** Aborted when everything under way is to end at once. */
  readonly abort: AbortSignal;
  inFlight: number;
  /** What was due until then a dead owner may have captured already: capturing it again is redo. */
  redoThrough: EpochMs;
  /** Runs that stopped at the limit of captures under way, in order. */
  line: ScheduleRun[];
  /** Captures per second that are known to be due in the slots that were read. */
  dueRate: number;
  commits: number;
  cachedBytes: number;
  /** Runs with something new since the last seal. */
  dirty: ScheduleRun[];
  /** Set once letting go has begun: no more requests are taken up. */
  leaving: boolean;
  /** A give that had no answer: the same is asked with each heartbeat until there is one. */
  unanswered: AskedGive | undefined;
  /** Asks the loop to look again now. */
  wake: () => void;
  /** Lets the loop go on at once: captures have landed that it was waiting for. */
  resume: () => void;
}

export function runsOf(state: CollectorState): ScheduleRun[] {
  return [...state.slots.values()].flatMap((hold) => [...hold.runs.values()]);
}

/** Asks the loop to look at the run at `at`, or sooner if it was to be looked at sooner. */
export function wakeRun(state: CollectorState, run: ScheduleRun, at: number): void {
  if (run.dropped || run.wakeAt <= at) return;
  state.heap.push(at, run);
  state.wake();
}

/** Adds a line to the open chunk; answers that chunk's sequence (the line may fill and seal it). */
export function keepLine(state: CollectorState, bucket: number, line: string): number {
  const sequence = state.openSequence;
  state.openLines += 1;
  state.writer.append(bucket, line);
  return sequence;
}

export function markDirty(state: CollectorState, run: ScheduleRun): void {
  if (run.dirty) return;
  run.dirty = true;
  state.dirty.push(run);
}

/** Under which epoch the run's commits are made: a giver's is frozen. */
export function epochOf(state: CollectorState, run: ScheduleRun): number {
  return commitEpoch(run.kept, state.lease.epoch);
}
