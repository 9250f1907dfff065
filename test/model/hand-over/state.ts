/**
 * A small pool whose slots change hands: leases and schedules as they are stored, what was captured,
 * and the processes that capture. One target a slot, due once a period.
 */
import type { CutRead } from "#domain/taking-over.ts";
import type { OpenEntry, SlotCut } from "#domain/hand-over.ts";
import type { Kept, LetGo } from "#domain/letting-go.ts";
import type {
  GiveRequest,
  GiveResult,
  Lease,
  LeaseId,
  Owner,
  ReleaseRequest,
  ReleaseResult,
} from "#domain/lease.ts";
import type { Noted } from "#domain/commit-rules.ts";
import type { CommitRequest, Schedule } from "#domain/schedule.ts";
import type { Watermark } from "#domain/watermark.ts";
import type { EpochMs } from "#domain/units.ts";

export const LEASES = ["leaseA", "leaseB", "leaseC"] as const;
export type LeaseKey = (typeof LEASES)[number];
export const SCHEDULES = ["schedule0", "schedule1"] as const;
export const TRUTHS = ["truth0", "truth1"] as const;
export const PROCESSES = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"] as const;
export type ProcessKey = (typeof PROCESSES)[number];

/** What really happened in one slot; indexes are numbers of rounds. */
export interface Truth {
  /**
   * Who started each round's capture, once for each time. Who then loses what was not committed, by
   * a fault of its own, is not named any more: another may start it again.
   */
  readonly started: readonly (readonly ProcessKey[])[];
  /** Epochs of the durable samples of each round, ascending. */
  readonly samples: readonly (readonly number[])[];
  /** Whether a durable record says of the round that it was missed. */
  readonly missed: readonly boolean[];
  /** Rounds before this one were committed by who was entitled to at that moment. */
  readonly rightfully: number;
}

/** A line of a chunk: a sample of one round, or a record of rounds that were missed. */
export interface Line {
  readonly slot: number;
  readonly epoch: number;
  readonly what:
    | { readonly kind: "sample"; readonly round: number }
    | { readonly kind: "missed"; readonly from: number; readonly to: number };
}

export interface OpenRound {
  readonly round: number;
  /** pending: ours, and not started. */
  readonly is: "the giver's" | "pending" | "done";
}

/** One slot's schedule as a process knows it. */
export interface Run {
  readonly version: number;
  readonly committed: Watermark;
  readonly done: Watermark;
  readonly position: Watermark;
  readonly rounds: readonly OpenRound[];
  readonly cut?: SlotCut;
  readonly kept?: Kept;
  readonly noted?: Noted;
  readonly notBefore: number;
  /** A read made for the cut, its answer not looked at yet. */
  readonly look?: { readonly beganAt: CutRead["beganAt"]; readonly schedule: Schedule };
}

export interface Hold {
  readonly letGo?: LetGo;
  /** Undefined while the schedule is still to be read. */
  readonly run?: Run;
  /** What was known of it is not relied on: it is read again after the next renewal. */
  readonly isDropped?: boolean;
}

/** A write that lets go, until its answer was looked at. */
export type Asked =
  | {
      readonly kind: "release";
      readonly request: ReleaseRequest;
      /** The entries that it writes for what is kept. */
      readonly kept: readonly OpenEntry[];
      readonly answer?: ReleaseResult | "none";
    }
  | { readonly kind: "give"; readonly request: GiveRequest; readonly answer?: GiveResult | "none" };

/** What it captured and didn't keep yet. Sequences count from the open chunk, which is 1; sealed is 0. */
export interface Chunks {
  readonly open: readonly Line[];
  readonly openSince: EpochMs;
  /** On its way to the chunk store. */
  readonly sealed?: readonly Line[];
}

export type Process =
  | { readonly phase: "not started" | "ended" | "dead" }
  | { readonly phase: "waiting"; readonly first?: Lease }
  | Working;

export interface Working {
  readonly phase: "owns" | "leaves";
  /** When it began to stand still. */
  readonly pausedAt?: number;
  /** As of the last renewal. */
  readonly lease: Lease;
  readonly expiresAt: EpochMs;
  /** When it renewed last; -1: to be renewed at once. */
  readonly renewedAt: number;
  readonly holds: readonly (Hold | undefined)[];
  readonly chunks: Chunks;
  readonly asked?: Asked;
  /** A give that had no answer: asked for again after the next renewal. */
  readonly unanswered?: GiveRequest;
}

/** A write on its way, or the last wish of a dead process. */
export type Late =
  | { readonly kind: "release"; readonly request: ReleaseRequest }
  | { readonly kind: "give"; readonly request: GiveRequest }
  | {
      readonly kind: "commit";
      readonly request: CommitRequest;
      readonly by: ProcessKey;
      readonly kept: Kept | undefined;
    };

/** A hand-over that the rebalancer may still plan. */
export interface Hand {
  readonly slot: number;
  readonly from: LeaseKey;
  readonly to: LeaseKey;
}

/** What went wrong so far. */
export interface Faults {
  readonly crash: number;
  readonly pause: number;
  readonly chunk: number;
  readonly late: number;
  readonly lost: number;
  /** Releases without an answer: who gets none drops what it has, and its successor does it again. */
  readonly overdue: number;
}

/** What may still be done by choice. */
export interface Choices {
  readonly releases: number;
  readonly starts: number;
  readonly hands: readonly Hand[];
  /** Hand-overs that were moves: who runs learns of those a heartbeat later. */
  readonly moved: number;
}

export interface State {
  /** Ticks since the beginning. */
  readonly now: number;
  readonly leaseA: Lease | undefined;
  readonly leaseB: Lease | undefined;
  readonly leaseC: Lease | undefined;
  readonly schedule0: Schedule | undefined;
  readonly schedule1: Schedule | undefined;
  readonly truth0: Truth | undefined;
  readonly truth1: Truth | undefined;
  readonly A1: Process;
  readonly A2: Process;
  readonly A3: Process;
  readonly A4: Process;
  readonly B1: Process;
  readonly B2: Process;
  readonly B3: Process;
  readonly B4: Process;
  readonly C1: Process;
  readonly C2: Process;
  readonly late: readonly Late[];
  readonly choices: Choices;
  readonly faults: Faults;
}

/** How big a world is, and what may happen in it. */
export interface Bounds {
  readonly name: string;
  /** 0 or 1. */
  readonly slotsLog2: 0 | 1;
  readonly periodTicks: number;
  /** How long after a round's beginning its capture is due. */
  readonly shiftTicks: number;
  /** Nothing is due after so many rounds. */
  readonly rounds: number;
  /** Lease of each slot at the beginning. */
  readonly begins: readonly LeaseKey[];
  readonly leases: readonly LeaseKey[];
  readonly processes: readonly ProcessKey[];
  /** Those that own their leases at the beginning. */
  readonly owns: readonly ProcessKey[];
  readonly choices: Choices;
  /** Promises that are made already at the beginning. */
  readonly promised?: readonly Hand[];
  /** Labels of what has happened before the beginning, one after the other. */
  readonly begun?: readonly string[];
  /** How often each may go wrong. */
  readonly faults: Omit<Faults, "overdue">;
  /** How far each process's clock is ahead, in ticks. */
  readonly skews?: Partial<Readonly<Record<ProcessKey, number>>>;
  readonly skewMaxTicks: number;
  /** What `until` leaves to clocks apart; none unless it is said. */
  readonly slackTicks?: number;
  /** Clocks are further apart than skewMax: what is captured twice, late or not at all isn't looked at. */
  readonly isSafetyOnly?: boolean;
  /** By then everything must be settled, whatever happened. */
  readonly ticksMax: number;
}

export type { LeaseId, Owner };
