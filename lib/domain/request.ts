/**
 * Something in a slot is to be captured now: new targets, or some that were asked for by hand.
 *
 * One record a slot, however many targets. Merging keeps the union; a fresh stamp with every write,
 * and a count of writes, let whoever captured them remove exactly what it read.
 *
 *     put --taken up: owned, room, not letting go--> worked on --all of it captured, durable,
 *     committed, nothing lost meanwhile--> removed, if it is as read
 *
 * Holds: at most 100 keys, beyond which all targets of the slot are meant; the record is <= 1 KB.
 *        What is asked for again while it is worked on has another stamp, and stays. A stamp alone
 *        wouldn't do: a copy of an older write that lands late brings its stamp back, a count alone
 *        begins anew when the record does.
 * Source: DESIGN, section 3.
 */
import { limits } from "./limits.ts";
import type { Slot } from "./slot.ts";

export type RequestedKeys =
  { readonly kind: "all" } | { readonly kind: "keys"; readonly resultKeys: readonly number[] };

/** What is asked for with one write. */
export interface CaptureAsked {
  readonly pool: string;
  readonly slot: Slot;
  /** Whether targets that were never captured are meant. */
  readonly fresh: boolean;
  /** Targets asked for by hand, as result keys (bytes 4 to 7 of SHA-256). */
  readonly keys: RequestedKeys;
  /** Fresh and random with every write. */
  readonly stamp: string;
}

/** What all writes since the last removal have asked for. */
export interface CaptureRequest extends CaptureAsked {
  /** How many they were, copies that landed late included. */
  readonly writes: number;
}

export function mergeKeys(a: RequestedKeys, b: RequestedKeys): RequestedKeys {
  if (a.kind === "all" || b.kind === "all") return { kind: "all" };
  const keys = [...new Set([...a.resultKeys, ...b.resultKeys])].toSorted((x, y) => x - y);
  return keys.length > limits.requestIdsMax ? { kind: "all" } : { kind: "keys", resultKeys: keys };
}

export function mergeRequests(
  stored: CaptureRequest | undefined,
  added: CaptureAsked,
): CaptureRequest {
  if (stored === undefined)
    return { ...added, keys: mergeKeys(added.keys, { kind: "keys", resultKeys: [] }), writes: 1 };
  return {
    ...added,
    fresh: stored.fresh || added.fresh,
    keys: mergeKeys(stored.keys, added.keys),
    writes: stored.writes + 1,
  };
}

/** Whether a request that was found may be taken up: who lets go leaves it to the next owner. */
export function mayTakeUp(found: {
  readonly isOwned: boolean;
  /** The whole lease is being let go of. */
  readonly isLeaving: boolean;
  /** The slot is promised to another lease. */
  readonly isPromised: boolean;
}): boolean {
  return found.isOwned && !found.isLeaving && !found.isPromised;
}

/** What a request asks for, made once for many targets. */
export interface Asked {
  /** By hand; undefined for all. */
  readonly keys: ReadonlySet<number> | undefined;
  readonly fresh: boolean;
}

export function askedBy(request: CaptureRequest): Asked {
  const { keys, fresh } = request;
  return { keys: keys.kind === "keys" ? new Set(keys.resultKeys) : undefined, fresh };
}

export interface AskedTarget {
  readonly resultKey: number;
  readonly isNeverCaptured: boolean;
  /** A capture of it is under way. */
  readonly isUnderWay: boolean;
  /** A capture for this very request was made. */
  readonly isServed: boolean;
}

/**
 * Whether a target still waits for what was asked. By hand it wants a capture of its own, for one
 * under way began before; a first capture may be any.
 */
export function isAskedFor(asked: Asked, target: AskedTarget): boolean {
  if (asked.keys === undefined || asked.keys.has(target.resultKey)) return !target.isServed;
  return asked.fresh && target.isNeverCaptured && !target.isUnderWay;
}

export interface RequestCourse {
  /** Captures that haven't landed. */
  readonly waiting: number;
  /** Whether captures of it are not committed, in schedules that are still ours. */
  readonly isUncommitted: boolean;
  /** Whether its slot is being read: what it asks for may change. */
  readonly isReading: boolean;
  /** Whether a first capture is under way in its own round, or not durable yet. */
  readonly isFirstUnderWay: boolean;
}

/** Whether there is nothing more to wait for. */
export function isWorkedOff(course: RequestCourse): boolean {
  return (
    course.waiting === 0 && !course.isUncommitted && !course.isReading && !course.isFirstUnderWay
  );
}

export interface RequestOutcome {
  /** Something it asked for could not be captured here. */
  readonly isAbandoned: boolean;
  /** The slot, one of its schedules or a chunk was lost meanwhile, and with it what wasn't committed. */
  readonly isLost: boolean;
  /** Whether the slot is in our lease's ranges now. */
  readonly isOwned: boolean;
}

/** Whether what was asked for is captured and committed; else it is left to whoever reads it next. */
export function mayRemove({ isAbandoned, isLost, isOwned }: RequestOutcome): boolean {
  return !isAbandoned && !isLost && isOwned;
}

/** Whether nothing was written since. */
export function isSameRequest(a: CaptureRequest, b: CaptureRequest): boolean {
  return a.stamp === b.stamp && a.writes === b.writes;
}

/** Removal of what was read; `changed` when it was written again since. */
export function removal(
  stored: CaptureRequest | undefined,
  read: CaptureRequest,
): "removed" | "changed" {
  return stored === undefined || isSameRequest(stored, read) ? "removed" : "changed";
}
