/**
 * The store, as its adapters work: read, decided by the shipped transition, written under the
 * versions asked for.
 *
 * A write is sent when it is decided and lands now or later. What lands is what was computed from the
 * read; whether it lands is asked of the shipped transition again, with what is stored then. As long
 * as versions name what was read, both are one; a transition with a guard less shows the difference.
 */
import { addLease, mayRemove, type Fleet } from "#domain/fleet.ts";
import {
  acquire,
  cancel,
  give,
  leaseId,
  move,
  promise,
  release,
  renew,
  type AcquireRequest,
  type CancelRequest,
  type GiveRequest,
  type GiveResult,
  type Holder,
  type Lease,
  type LeaseId,
  type MoveRequest,
  type PromiseRequest,
  type ReleaseRequest,
  type ReleaseResult,
  type RenewRequest,
} from "#domain/lease.ts";
import { commit, type CommitRequest } from "#domain/schedule.ts";
import { relianceBroken } from "./relied.ts";
import {
  keyOf,
  LEASES,
  SCHEDULES,
  type Actor,
  type Lives,
  type Seen,
  type State,
} from "./state.ts";

export type Write =
  | { readonly kind: "acquire"; readonly request: AcquireRequest }
  | { readonly kind: "renew"; readonly request: RenewRequest }
  | { readonly kind: "release"; readonly request: ReleaseRequest }
  | { readonly kind: "give"; readonly request: GiveRequest }
  | { readonly kind: "cancel"; readonly request: CancelRequest }
  | { readonly kind: "promise"; readonly request: PromiseRequest }
  | { readonly kind: "move"; readonly request: MoveRequest }
  | { readonly kind: "add"; readonly fleet: Fleet }
  | { readonly kind: "remove"; readonly id: LeaseId; readonly version: number }
  | { readonly kind: "commit"; readonly request: CommitRequest };

/** A write under way. */
export interface Sent {
  readonly by: Actor;
  readonly write: Write;
  /** What a plan was made from; empty for an owner's writes. */
  readonly relied: readonly Seen[];
  /** The leases as the adapter read them, and as it wants to have them. */
  readonly changes: readonly Change[];
}

interface Change {
  readonly read: Lease;
  readonly wanted: Lease;
}

export interface Answer {
  /** Carried out, now or before. */
  readonly isDone: boolean;
  /** The sender's lease as the store showed it. */
  readonly lease?: Lease | undefined;
  /** All leases that it touches, as they are after it. */
  readonly leases?: readonly Lease[];
  readonly give?: GiveResult;
  readonly release?: ReleaseResult;
  /** The fleet after a lease was added. */
  readonly fleet?: Fleet;
}

export interface Landed {
  readonly state: State;
  readonly answer: Answer;
  readonly isNew: boolean;
}

export function leaseIn(state: State, id: LeaseId): Lease | undefined {
  return state[keyOf(id)];
}

/** Sends and lands at once. */
export function write(state: State, by: Actor, { write: what, relied }: Asked): Landed {
  return land(state, { by, write: what, relied, changes: [] });
}

export interface Asked {
  readonly write: Write;
  readonly relied: readonly Seen[];
}

/**
 * What is on its way when it is decided now; undefined when it is refused at once, or done before.
 *
 * @param after where it would land at once
 */
export function send(state: State, after: State, by: Actor, asked: Asked): Sent | undefined {
  const { write: what, relied } = asked;
  if (after === state) return undefined;
  if (!isComputed(what)) return { by, write: what, relied, changes: [] };
  const from = "from" in what.request ? what.request.from : what.request.id;
  const keys = [...LEASES].sort((a, b) => Number(b === keyOf(from)) - Number(a === keyOf(from)));
  const changes = keys.flatMap((key) => {
    const [read, wanted] = [state[key], after[key]];
    return read === undefined || wanted === undefined || read === wanted ? [] : [{ read, wanted }];
  });
  return { by, write: what, relied, changes };
}

/** Whether the adapter computes whole attributes from what it has read before it writes. */
function isComputed(
  what: Write,
): what is Extract<Write, { readonly kind: "give" | "move" | "promise" | "cancel" }> {
  const { kind } = what;
  return kind === "give" || kind === "move" || kind === "promise" || kind === "cancel";
}

/** The store decides, with what is stored now. */
export function land(state: State, sent: Sent): Landed {
  const { write: what, relied, changes } = sent;
  const landed = changes.length === 0 ? decide(state, what) : landChanges(state, sent);
  if (!landed.isNew) return landed;
  const why = relianceBroken(state, what, relied);
  return why === undefined ? landed : { ...landed, state: { ...landed.state, alarm: why } };
}

/**
 * A condition names owners and versions and nothing else: whether they are as asked for is what the
 * shipped transition says of the leases as read, with the owners and versions that are stored now.
 */
function landChanges(state: State, { write: what, changes }: Sent): Landed {
  const conditions = { ...state };
  for (const { read } of changes) {
    const key = keyOf(read.id);
    const stored = state[key];
    if (stored === undefined) return refused(state, undefined);
    conditions[key] = withHolder({ ...read, version: stored.version }, stored.holder);
  }
  if (!decide(conditions, what).isNew) return refused(state, undefined);
  const after = { ...state };
  for (const change of changes) {
    const stored = state[keyOf(change.read.id)];
    if (stored !== undefined) after[keyOf(change.read.id)] = patched(stored, change);
  }
  const [first] = changes;
  const lease = first === undefined ? undefined : leaseIn(after, first.read.id);
  return { state: after, answer: { isDone: true, lease }, isNew: true };
}

function withHolder(lease: Lease, holder: Holder | undefined): Lease {
  if (holder !== undefined) return { ...lease, holder };
  const { holder: _none, ...rest } = lease;
  return rest;
}

/** Attributes that the write sets or removes, over what is stored. */
function patched(stored: Lease, { read, wanted }: Change): Lease {
  const after: Lease = { ...stored, ...changed(read, wanted) };
  if (read.holder === undefined || wanted.holder !== undefined) return after;
  const { holder: _removed, ...rest } = after;
  return rest;
}

function changed(read: Lease, wanted: Lease): Partial<Lease> {
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => read[name as keyof Lease] !== value),
  );
}

function decide(state: State, what: Write): Landed {
  switch (what.kind) {
    case "acquire": {
      const result = acquire(leaseIn(state, what.request.id), what.request);
      if (result.kind === "gone") return refused(state, undefined);
      if (result.kind === "held") return refused(state, result.lease);
      return done(state, result.lease, [result.lease]);
    }
    case "renew": {
      const result = renew(leaseIn(state, what.request.id), what.request);
      if (result.kind === "lost") return refused(state, result.lease);
      return done(state, result.lease, [result.lease]);
    }
    case "release": {
      const result = release(leaseIn(state, what.request.id), what.request);
      const landed =
        result.kind === "refused"
          ? refused(state, result.lease)
          : done(state, result.lease, [result.lease]);
      return { ...landed, answer: { ...landed.answer, release: result } };
    }
    case "cancel": {
      const result = cancel(leaseIn(state, what.request.id), what.request);
      if (result.kind === "refused") return refused(state, undefined);
      return done(state, result.lease, [result.lease]);
    }
    case "promise": {
      const { from, to } = what.request;
      const taker = leaseIn(state, to);
      const result = promise(leaseIn(state, from), taker, what.request);
      if (result.kind === "refused") return refused(state, undefined);
      return done(state, result.from, taker === undefined ? [result.from] : [result.from, taker]);
    }
    case "give": {
      const { from, to } = what.request;
      const result = give(leaseIn(state, from), leaseIn(state, to), what.request);
      const landed =
        result.kind === "refused"
          ? refused(state, result.from)
          : done(state, result.from, [result.from, result.to]);
      return { ...landed, answer: { ...landed.answer, give: result } };
    }
    case "move": {
      const { from, to } = what.request;
      const result = move(leaseIn(state, from), leaseIn(state, to), what.request);
      if (result.kind === "refused") return refused(state, undefined);
      return done(state, result.from, [result.from, result.to]);
    }
    case "add":
      return added(state, what.fleet);
    case "remove":
      return removed(state, what.id, what.version);
    case "commit":
      return committed(state, what.request);
  }
}

function refused(state: State, lease: Lease | undefined): Landed {
  return { state, answer: { isDone: false, lease }, isNew: false };
}

function done(state: State, lease: Lease, leases: readonly Lease[]): Landed {
  const isNew = leases.some((each) => leaseIn(state, each.id) !== each);
  const answer = { isDone: true, lease, leases };
  if (!isNew) return { state, answer, isNew };
  const after = { ...state };
  for (const each of leases) after[keyOf(each.id)] = each;
  return { state: after, answer, isNew };
}

function added(state: State, fleet: Fleet): Landed {
  const id = leaseId(fleet.nextLease);
  if (fleet.nextLease > LEASES.length) return refused(state, undefined);
  const stored = leaseIn(state, id);
  const result = addLease({ fleet: state.fleet, lease: stored }, fleet);
  if (result.kind === "refused") return refused(state, undefined);
  const answer = { isDone: true, lease: result.lease, fleet: result.fleet };
  if (result.lease === stored) return { state, answer, isNew: false };
  const key = keyOf(result.lease.id);
  const { made, peaks } = state.lives;
  const lives: Lives = {
    made: made.map((count, index) => (LEASES[index] === key ? count + 1 : count)),
    peaks,
  };
  return {
    state: { ...state, fleet: result.fleet, [key]: result.lease, lives },
    answer,
    isNew: true,
  };
}

function removed(state: State, id: LeaseId, version: number): Landed {
  const stored = leaseIn(state, id);
  if (stored === undefined) return { state, answer: { isDone: true }, isNew: false };
  if (!mayRemove(stored, version)) return refused(state, undefined);
  const key = keyOf(id);
  const { made, peaks } = state.lives;
  const lives: Lives = {
    made,
    peaks: peaks.map((peak, index) => (LEASES[index] === key ? stored.epoch : peak)),
  };
  return { state: { ...state, [key]: undefined, lives }, answer: { isDone: true }, isNew: true };
}

function committed(state: State, request: CommitRequest): Landed {
  const key = SCHEDULES[request.slot];
  if (key === undefined) throw new RangeError(`slot ${request.slot}; the world has four at most`);
  const { result, after } = commit(state[key], request);
  if (result.kind !== "committed") return refused(state, undefined);
  const answer = { isDone: true };
  return after === undefined
    ? { state, answer, isNew: false }
    : { state: { ...state, [key]: after }, answer, isNew: true };
}
