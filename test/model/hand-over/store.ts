/** The stores: the shipped transitions applied to the leases and schedules of a state. */
import { cadenceKey } from "#domain/cadence.ts";
import {
  give,
  move,
  promise,
  release,
  type GiveRequest,
  type GiveResult,
  type Lease,
  type MoveRequest,
  type PromiseRequest,
  type ReleaseRequest,
  type ReleaseResult,
} from "#domain/lease.ts";
import type { Kept } from "#domain/letting-go.ts";
import { contains } from "#domain/range.ts";
import { commit, type CommitRequest, type CommitResult, type Schedule } from "#domain/schedule.ts";
import {
  LEASES,
  SCHEDULES,
  TRUTHS,
  type Late,
  type LeaseKey,
  type Line,
  type Process,
  type ProcessKey,
  type State,
  type Truth,
} from "./state.ts";
import { clockOf, firstAfter, keyOf, type Place } from "./times.ts";

export type { Place } from "./times.ts";
import type { Bounds } from "./state.ts";

/** What a world's parts share. */
export interface Setting {
  readonly bounds: Bounds;
  readonly places: readonly Place[];
}

export function place(setting: Setting, slot: number): Place {
  const found = setting.places[slot];
  if (found === undefined) throw new RangeError(`no slot ${slot}`);
  return found;
}

export function scheduleOf(state: State, slot: number): Schedule {
  const found = state[SCHEDULES[slot] ?? "schedule0"];
  if (found === undefined) throw new RangeError(`no slot ${slot}`);
  return found;
}

export function truthOf(state: State, slot: number): Truth {
  const found = state[TRUTHS[slot] ?? "truth0"];
  if (found === undefined) throw new RangeError(`no slot ${slot}`);
  return found;
}

export function withTruth(state: State, slot: number, truth: Truth): State {
  return { ...state, [TRUTHS[slot] ?? "truth0"]: truth };
}

/** The lease that has a slot. */
export function holderOfSlot(setting: Setting, state: State, slot: number): LeaseKey | undefined {
  const { hash32 } = place(setting, slot);
  return LEASES.find((key) => contains(state[key]?.ranges ?? [], hash32));
}

export function applyRelease(
  state: State,
  request: ReleaseRequest,
): { readonly result: ReleaseResult; readonly state: State } {
  const key = keyOf(request.id);
  const result = release(state[key], request);
  return { result, state: result.kind === "released" ? keep(state, result.lease) : state };
}

export function applyGive(
  state: State,
  request: GiveRequest,
): { readonly result: GiveResult; readonly state: State } {
  const result = give(state[keyOf(request.from)], state[keyOf(request.to)], request);
  return {
    result,
    state: result.kind === "given" ? keep(state, result.from, result.to) : state,
  };
}

export function applyPromise(state: State, request: PromiseRequest): State {
  const result = promise(state[keyOf(request.from)], state[keyOf(request.to)], request);
  return result.kind === "promised" ? keep(state, result.from) : state;
}

export function applyMove(state: State, request: MoveRequest): State {
  const result = move(state[keyOf(request.from)], state[keyOf(request.to)], request);
  return result.kind === "moved" ? keep(state, result.from, result.to) : state;
}

export function keep(state: State, ...leases: readonly Lease[]): State {
  const patch: Partial<Record<LeaseKey, Lease>> = {};
  for (const lease of leases) {
    const key = keyOf(lease.id);
    // What was there already, as it was, stays the same value.
    if (state[key] !== lease) patch[key] = lease;
  }
  return { ...state, ...patch };
}

/** Who sends a commit, and what it keeps of the slot. */
export interface Sender {
  readonly by: ProcessKey;
  readonly kept: Kept | undefined;
}

/** Whether the sender is entitled to commit: as the owner, or as the giver that the record names. */
function isRightful(setting: Setting, state: State, slot: number, { by, kept }: Sender): boolean {
  const now = clockOf(setting.bounds, state, by);
  const key = holderOfSlot(setting, state, slot);
  const lease = key === undefined ? undefined : state[key];
  if (lease === undefined) return false;
  if (kept === undefined || now > kept.until)
    return lease.holder?.owner === by && now < lease.holder.expiresAt;
  const { hash32 } = place(setting, slot);
  const isNamed = lease.open.some(
    ({ range, cut, until }) =>
      cut === kept.cut && until === kept.until && contains([range], hash32),
  );
  return isNamed && !setting.bounds.processes.some((key) => isMeant(state[key], slot, kept));
}

/** Whether the entry is this process's: a later owner may have named the same cut. */
function isMeant(process: Process, slot: number, { cut, until, epoch }: Kept): boolean {
  if (process.phase !== "owns" && process.phase !== "leaves") return false;
  const own = process.holds[slot]?.run?.kept;
  return own !== undefined && own.cut === cut && own.until === until && own.epoch > epoch;
}

export function applyCommit(
  setting: Setting,
  state: State,
  request: CommitRequest,
  sender: Sender,
): { readonly result: CommitResult; readonly state: State } {
  const slot = Number(request.slot);
  const { result, after } = commit(scheduleOf(state, slot), request);
  if (after === undefined) return { result, state };
  const next = { ...state, [SCHEDULES[slot] ?? "schedule0"]: after };
  if (!isRightful(setting, state, slot, sender)) return { result, state: next };
  const truth = truthOf(state, slot);
  const committed = firstAfter(place(setting, slot), after.watermark);
  const rightfully = Math.max(truth.rightfully, committed);
  if (rightfully === truth.rightfully) return { result, state: next };
  return { result, state: withTruth(next, slot, { ...truth, rightfully }) };
}

/** Lines are in the chunk store for good. */
export function withLines(state: State, lines: readonly Line[]): State {
  let next = state;
  for (const { slot, epoch, what } of lines) {
    const truth = truthOf(next, slot);
    next = withTruth(
      next,
      slot,
      what.kind === "sample"
        ? { ...truth, samples: truth.samples.with(what.round, withEpoch(truth, what.round, epoch)) }
        : {
            ...truth,
            missed: truth.missed.map(
              (known, round) => known || (round >= what.from && round < what.to),
            ),
          },
    );
  }
  return next;
}

function withEpoch(truth: Truth, round: number, epoch: number): readonly number[] {
  const known = truth.samples[round] ?? [];
  return known.includes(epoch) ? known : [...known, epoch].sort((a, b) => a - b);
}

/** What this process has started and not committed is lost to it: it may be started again. */
export function bereft(setting: Setting, state: State, key: ProcessKey): State {
  return setting.places.reduce((before, at, slot) => {
    const truth = truthOf(before, slot);
    const open = firstAfter(at, scheduleOf(before, slot).watermark);
    if (!truth.started.some((by, round) => round >= open && by.includes(key))) return before;
    const kept = truth.started.map((by, round) =>
      round >= open ? by.filter((each) => each !== key) : by,
    );
    return withTruth(before, slot, { ...truth, started: kept });
  }, state);
}

/** A write that was on its way arrives. */
export function land(setting: Setting, state: State, late: Late): State {
  const rest = { ...state, late: state.late.filter((each) => each !== late) };
  switch (late.kind) {
    case "release": {
      const landed = applyRelease(rest, late.request);
      return landed.result.kind === "released" ? landed.state : rest;
    }
    case "give": {
      const landed = applyGive(rest, late.request);
      return landed.result.kind === "refused" ? rest : landed.state;
    }
    case "commit":
      return applyCommit(setting, rest, late.request, late).state;
  }
}

export function cadenceOf(place: Place): Schedule["cadence"] {
  return cadenceKey(place.schedule.cadence);
}
