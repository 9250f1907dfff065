/**
 * Where a slot's targets and schedules are kept: one partition a slot, one Query a read.
 *
 * Holds: schedules are read before targets, so that what a read misses a commit is refused for;
 *        commits are as `#domain/schedule.ts` says; reads are strongly consistent.
 * Fails: DependencyError when the store can't be reached or throttles past the attempts.
 * Contract: test/contracts/schedule-store.contract.ts
 */
import type { CadenceKey } from "#domain/cadence.ts";
import type { CommitRequest, CommitResult, Schedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import type { EpochMs } from "#domain/units.ts";

export interface SlotContents {
  readonly schedules: readonly Schedule[];
  readonly targets: readonly Target[];
  /** Records that could not be read: a bug or a newer version; each is named. */
  readonly broken: readonly string[];
  /** Bytes of the targets' records as stored: what caching them costs, about. */
  readonly bytes: number;
}

export interface TargetPage {
  readonly targets: readonly Target[];
  /** Where to go on; undefined at the end. */
  readonly cursor?: string;
}

/** What a registration does to one cadence of a slot. */
export interface ScheduleTouch {
  readonly cadence: CadenceKey;
  /** Whether no target had this cadence here before: its watermark starts anew at `now`. */
  readonly wasEmpty: boolean;
}

export interface ScheduleStore {
  readSlot(pool: string, slot: Slot): Promise<SlotContents>;
  /** Without targets and without `latest`. */
  readSchedules(pool: string, slot: Slot): Promise<readonly Schedule[]>;
  /** One schedule with `latest`: one read of one record. */
  findSchedule(pool: string, slot: Slot, cadence: CadenceKey): Promise<Schedule | undefined>;
  commit(request: CommitRequest): Promise<CommitResult>;

  findTarget(pool: string, slot: Slot, id: string): Promise<Target | undefined>;
  listTargets(pool: string, slot: Slot, cursor?: string): Promise<TargetPage>;
  /** Unconditional, batched; unprocessed items are retried with back-off. */
  putTargets(pool: string, slot: Slot, targets: readonly Target[]): Promise<void>;
  removeTargets(pool: string, slot: Slot, ids: readonly string[]): Promise<void>;
  /** Makes the schedule, raises its revision, or restarts it: see `#domain/schedule.ts`. */
  touchSchedule(pool: string, slot: Slot, touch: ScheduleTouch, now: EpochMs): Promise<void>;
}
