/**
 * How far one slot has come with one cadence, and the one way it moves on: a commit.
 *
 * In:    the schedule as stored, the commit                Out: the schedule after, or the refusal as a value
 * Holds: after a commit under epoch e none under a lower epoch succeeds; a watermark never goes back;
 *        a commit that doesn't know of a registration is refused (revision).
 * Fails: never (pure).
 * Source: DESIGN, sections 3 and 4.
 */
import type { CadenceKey } from "./cadence.ts";
import type { Owner } from "./lease.ts";
import type { Slot } from "./slot.ts";
import type { DurationMs } from "./units.ts";
import { compareWatermarks, furthest, upTo, type Watermark } from "./watermark.ts";
import type { EpochMs } from "./units.ts";

export interface Schedule {
  readonly pool: string;
  readonly slot: Slot;
  readonly cadence: CadenceKey;
  readonly version: number;
  /** Grows with every change of the targets that have this cadence here. */
  readonly revision: number;
  /** Epoch of the last commit; 0 before the first. */
  readonly epoch: number;
  /** Owner of the last commit. */
  readonly by?: Owner;
  readonly watermark: Watermark;
  /** Last result of each target, packed: see latest.ts. */
  readonly latest: Uint8Array;
  /** Mean duration of a capture here, smoothed. */
  readonly serviceMs: DurationMs;
}

export interface CommitRequest {
  readonly pool: string;
  readonly slot: Slot;
  readonly cadence: CadenceKey;
  /** Mine: of my lease when I took the slot up (a giver's: never a later one). */
  readonly epoch: number;
  readonly by: Owner;
  /** As known from the last read or commit. */
  readonly version: number;
  readonly revision: number;
  readonly watermark: Watermark;
  readonly latest: Uint8Array;
  readonly serviceMs: DurationMs;
}

export type CommitResult =
  | { readonly kind: "committed"; readonly version: number }
  /** A later owner has committed: drop what is open. */
  | { readonly kind: "fenced"; readonly schedule: Schedule }
  /** Targets have changed: read them again, then commit again. */
  | { readonly kind: "revised"; readonly schedule: Schedule }
  /** The version moved on under an epoch that doesn't fence us (a giver's late commit): read again. */
  | { readonly kind: "overtaken"; readonly schedule: Schedule }
  | { readonly kind: "gone" };

export function commit(
  schedule: Schedule | undefined,
  request: CommitRequest,
): { result: CommitResult; after?: Schedule } {
  if (schedule === undefined) return { result: { kind: "gone" } };
  if (isOwnCommit(schedule, request))
    return { result: { kind: "committed", version: schedule.version } };
  const refusal = refuseCommit(schedule, request);
  if (refusal !== undefined) return { result: refusal };
  const version = schedule.version + 1;
  const { epoch, by, watermark, latest, serviceMs } = request;
  return {
    result: { kind: "committed", version },
    after: { ...schedule, version, epoch, by, watermark, latest, serviceMs },
  };
}

/** A refused commit is ours only if by, version and watermark match. */
export function isOwnCommit(schedule: Schedule, request: CommitRequest): boolean {
  return (
    schedule.by === request.by &&
    schedule.version === request.version + 1 &&
    compareWatermarks(schedule.watermark, request.watermark) === 0
  );
}

/** Why the stored schedule refuses this commit; undefined when it doesn't. */
export function refuseCommit(schedule: Schedule, request: CommitRequest): CommitResult | undefined {
  if (schedule.epoch > request.epoch) return { kind: "fenced", schedule };
  if (schedule.revision !== request.revision) return { kind: "revised", schedule };
  if (schedule.version !== request.version) return { kind: "overtaken", schedule };
  return undefined;
}

export function newSchedule(pool: string, slot: Slot, cadence: CadenceKey, now: EpochMs): Schedule {
  return {
    pool,
    slot,
    cadence,
    version: 1,
    revision: 1,
    epoch: 0,
    watermark: upTo(now),
    latest: new Uint8Array(0),
    serviceMs: 0 as DurationMs,
  };
}

/** A registration changed targets of this cadence. */
export function raiseRevision(schedule: Schedule): Schedule {
  return { ...schedule, revision: schedule.revision + 1 };
}

/** The same, where no target had this cadence before: nothing was due, so the watermark is now. */
export function restart(schedule: Schedule, now: EpochMs): Schedule {
  return {
    ...schedule,
    revision: schedule.revision + 1,
    version: schedule.version + 1,
    watermark: furthest(schedule.watermark, upTo(now)),
  };
}
