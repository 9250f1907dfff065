/**
 * What a collector may do: acquire, renew, commit, give what is promised, release; crash and pause.
 *
 * As lib/usecases/collect does it, each store call a step. A call that had no answer is asked again,
 * the same request, or given up; as long as it may land, what it lets go is not started.
 */
import {
  answerToGive,
  answerToRelease,
  isOvertaken,
  nextDueOfReleased,
} from "#domain/letting-go.ts";
import type { Lease, LeaseId } from "#domain/lease.ts";
import { oursUntil } from "#domain/lease-times.ts";
import { normalise, slotsIn, type RangeSet } from "#domain/range.ts";
import type { Slot } from "#domain/slot.ts";
import { succession } from "#domain/succession.ts";
import { after, type EpochMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import type { Step } from "../world.ts";
import { attempts, spent } from "./attempts.ts";
import { isDueNow, nextDue, scheduleOf } from "./due.ts";
import {
  clockOf,
  COLLECTORS,
  DEADLINE,
  FAR_MS,
  known,
  nameOf,
  ownerOf,
  POOL,
  PROGRESS,
  TICK_MS,
  type Asking,
  type Bounds,
  type Collector,
  type CollectorKey,
  type LetGo,
  type State,
} from "./state.ts";
import { leaseIn, type Answer, type Write } from "./store.ts";

export type Owning = Extract<Collector, { kind: "owns" }>;
type Started = Extract<Collector, { kind: "started" }>;

/** One collector at one moment. */
interface Turn<C extends Collector> {
  readonly bounds: Bounds;
  readonly state: State;
  readonly key: CollectorKey;
  readonly me: C;
  readonly now: EpochMs;
}

export function collectorSteps(bounds: Bounds, state: State): Step<State>[] {
  return COLLECTORS.flatMap((key) => stepsOf(bounds, state, key));
}

function stepsOf(bounds: Bounds, state: State, key: CollectorKey): Step<State>[] {
  const me = state[key];
  const now = clockOf(bounds, state, key);
  switch (me.kind) {
    case "none":
      return [];
    case "started":
      return [...acquiring({ bounds, state, key, me, now }), ...crashing(state, key, me)];
    case "owns":
      return [...owning({ bounds, state, key, me, now }), ...crashing(state, key, me)];
  }
}

/** The step that this collector takes next when nothing goes wrong. */
export function nextOf(bounds: Bounds, state: State, key: CollectorKey): Step<State> | undefined {
  const me = state[key];
  const now = clockOf(bounds, state, key);
  switch (me.kind) {
    case "none":
      return undefined;
    case "started":
      return acquiring({ bounds, state, key, me, now })[0];
    case "owns":
      return me.isPaused ? resuming(state, key, me) : working({ bounds, state, key, me, now })[0];
  }
}

function become(state: State, key: CollectorKey, me: Collector): State {
  return { ...state, [key]: me };
}

// Coming and going ---------------------------------------------------------------------------

function crashing(state: State, key: CollectorKey, { born }: Collector): Step<State>[] {
  if (state.left.crash === 0) return [];
  return [
    {
      label: () => `${nameOf(key, born)} dies`,
      next: become(spent(state, "crash"), key, { kind: "none", born }),
      isFault: true,
    },
  ];
}

function resuming(state: State, key: CollectorKey, me: Owning): Step<State> {
  return {
    label: () => `${nameOf(key, me.born)} goes on after its pause`,
    next: become(state, key, { ...me, isPaused: false }),
    isFault: false,
  };
}

function acquiring({ bounds, state, key, me, now }: Turn<Started>): Step<State>[] {
  const verdict = succession(undefined, leaseIn(state, me.lease), {
    now,
    ttlMs: bounds.ttl * TICK_MS,
    heartbeatEveryMs: TICK_MS / 2,
    skewMaxMs: bounds.skewMax * TICK_MS,
    longestTimeoutMs: 0,
    patienceMs: 0,
  });
  // It looks again when time has passed.
  if (verdict.kind === "wait" && me.asking === undefined) return [];
  if (verdict.kind === "stay out" && me.asking === undefined)
    return [
      {
        label: () => `${nameOf(key, me.born)} finds lease ${me.lease} ${verdict.why}, and ends`,
        next: become(state, key, { kind: "none", born: me.born }),
        isFault: false,
      },
    ];
  const request: Write = {
    kind: "acquire",
    request: {
      pool: POOL,
      id: me.lease,
      owner: ownerOf(key, me.born),
      now,
      ttlMs: bounds.ttl * TICK_MS,
      skewMaxMs: bounds.skewMax * TICK_MS,
      deadlineAt: DEADLINE,
    },
  };
  return attempts(state, { by: key, name: nameOf(key, me.born) }, request, {
    what: `acquires lease ${me.lease}`,
    asked: me.asking,
    answered: (answer, next) => become(next, key, acquired(me, answer)),
    unanswered: (next, appliedAt) =>
      become(next, key, { ...me, asking: { write: request, appliedAt } }),
    givenUp: (next) => become(next, key, { kind: "none", born: me.born }),
  });
}

function acquired({ born }: Started, { isDone, lease }: Answer): Collector {
  if (!isDone || lease?.holder === undefined) return { kind: "none", born };
  const { expiresAt } = lease.holder;
  return { kind: "owns", born, lease: known(lease), expiresAt, isPaused: false, letGo: [] };
}

// Owning -------------------------------------------------------------------------------------

function owning(turn: Turn<Owning>): Step<State>[] {
  const { state, key, me } = turn;
  if (me.isPaused) return [resuming(state, key, me)];
  const steps = working(turn);
  if (state.left.leaves > 0 && me.asking === undefined && isAnyDue(turn))
    steps.push(...releasing({ ...turn, state: spent(state, "leaves") }, "releases early"));
  if (state.left.pause > 0)
    steps.push({
      label: () => `${nameOf(key, me.born)} is paused`,
      next: become(spent(state, "pause"), key, { ...me, isPaused: true }),
      isFault: true,
    });
  return steps;
}

/** In the order in which its loop would do it. */
function working(turn: Turn<Owning>): Step<State>[] {
  const { bounds, state, me, now } = turn;
  if (me.asking !== undefined) return asking(turn, me.asking);
  const steps = wantsRenewal(turn) ? renewing(turn) : [];
  steps.push(...giving(turn));
  for (const slot of ownSlots(bounds, me)) {
    if (isDueNow(bounds, state, slot, now)) steps.push(...committing(turn, slot));
  }
  // An owner lingers for what is due soon.
  const soon = { ...turn, now: after(now, bounds.linger * TICK_MS) };
  if (!isAnyDue(soon) && me.lease.giving.length === 0) steps.push(...releasing(turn, "releases"));
  return steps;
}

/** A renewal that changes nothing is no step. */
function wantsRenewal({ bounds, state, me, now }: Turn<Owning>): boolean {
  const stored = leaseIn(state, me.lease.id);
  return me.expiresAt < after(now, bounds.ttl * TICK_MS) || stored?.version !== me.lease.version;
}

function isAnyDue({ bounds, state, me, now }: Turn<Owning>): boolean {
  return slotsIn(me.lease.ranges, bounds.slotsLog2).some((slot) =>
    isDueNow(bounds, state, slot, now),
  );
}

function renewing({ bounds, state, key, me, now }: Turn<Owning>): Step<State>[] {
  const ttlMs = bounds.ttl * TICK_MS;
  const request: Write = {
    kind: "renew",
    request: {
      pool: POOL,
      id: me.lease.id,
      owner: ownerOf(key, me.born),
      sentAt: now,
      ttlMs,
      progress: PROGRESS,
    },
  };
  return attempts(state, { by: key, name: nameOf(key, me.born) }, request, {
    what: `renews lease ${me.lease.id}`,
    answered: (answer, next) => become(next, key, renewed(me, answer, after(now, ttlMs))),
    // The next heartbeat is another request.
    unanswered: (next) => next,
  });
}

function renewed(me: Owning, { isDone, lease }: Answer, expiresAt: EpochMs): Collector {
  if (!isDone || lease === undefined) return { kind: "none", born: me.born };
  return { ...followed(me, lease), expiresAt };
}

/** Takes up what the lease has now; what can land no more is ours again. */
function followed(me: Owning, lease: Lease): Owning {
  const letGo = me.letGo.filter(
    ({ version }) => !isOvertaken({ outcome: "asked", version }, lease.version),
  );
  return { ...me, lease: known(lease), letGo };
}

/** Slots that it starts captures in while its lease lasts. */
export function ownSlots(bounds: Bounds, { lease, letGo }: Owning): Slot[] {
  const slots = slotsIn(lease.ranges, bounds.slotsLog2);
  if (letGo.length === 0) return slots;
  return slots.filter((slot) => !letGo.some((each) => each.slot === slot));
}

function committing({ bounds, state, key, me }: Turn<Owning>, slot: Slot): Step<State>[] {
  const schedule = scheduleOf(state, slot);
  const due = nextDue(bounds, schedule);
  if (schedule === undefined || due === undefined) return [];
  const { cadence, version, revision, latest, serviceMs } = schedule;
  const request: Write = {
    kind: "commit",
    request: {
      pool: POOL,
      slot,
      cadence,
      epoch: me.lease.epoch,
      by: ownerOf(key, me.born),
      version,
      revision,
      watermark: through(due),
      latest,
      serviceMs,
    },
  };
  return attempts(state, { by: key, name: nameOf(key, me.born) }, request, {
    what: `commits slot ${slot}`,
    // Fenced or not, the schedule is read again before the next.
    answered: (_answer, next) => next,
    unanswered: (next) => next,
  });
}

// Letting go ---------------------------------------------------------------------------------

function asking(turn: Turn<Owning>, asked: Asking): Step<State>[] {
  const { state, key, me } = turn;
  const who = { by: key, name: nameOf(key, me.born) };
  const { write: request } = asked;
  if (request.kind === "release")
    return attempts(state, who, request, {
      what: "releases",
      asked,
      answered: (answer, next) => become(next, key, released(me, answer, request)),
      givenUp: (next) => become(next, key, { kind: "none", born: me.born }),
    });
  const { asking: _given, ...quiet } = me;
  return attempts(state, who, request, {
    what: "gives",
    asked,
    answered: (answer, next) => become(next, key, given(turn.bounds, me, answer, request)),
    // It may land yet: what was let go stays so until the lease has moved on.
    givenUp: (next) => become(next, key, quiet),
  });
}

function giving(turn: Turn<Owning>): Step<State>[] {
  const { bounds, me } = turn;
  const takers = [...new Set(me.lease.giving.map(({ to }) => to))];
  return takers.flatMap((to) => {
    const promised = me.lease.giving.filter((each) => each.to === to);
    const ranges = normalise(promised.map(({ range }) => range));
    const slots = slotsIn(ranges, bounds.slotsLog2);
    return givingTo(turn, { to, ranges, slots });
  });
}

interface Promised {
  readonly to: LeaseId;
  readonly ranges: RangeSet;
  readonly slots: readonly Slot[];
}

function givingTo(turn: Turn<Owning>, { to, ranges, slots }: Promised): Step<State>[] {
  const { bounds, state, key, me, now } = turn;
  const taker = leaseIn(state, to);
  if (taker === undefined) return dropping(turn, to, ranges);
  const { id, version } = me.lease;
  const request: Write = {
    kind: "give",
    request: {
      pool: POOL,
      from: id,
      owner: ownerOf(key, me.born),
      fromVersion: version,
      to,
      toVersion: taker.version,
      ranges,
      open: [],
      now,
      skewMaxMs: bounds.skewMax * TICK_MS,
    },
  };
  // What was asked for before, without an answer, is asked for again; it stays let go meanwhile.
  const fresh = slots.filter((slot) => !me.letGo.some((each) => each.slot === slot));
  const letGo = fresh.map((slot): LetGo => ({ slot, version }));
  const asked: Owning = { ...me, letGo: [...me.letGo, ...letGo] };
  return attempts(state, { by: key, name: nameOf(key, me.born) }, request, {
    what: `gives slots ${slots.join(", ")} to lease ${to}`,
    answered: (answer, next) => become(next, key, given(bounds, asked, answer, request)),
    unanswered: (next, appliedAt) =>
      become(next, key, { ...asked, asking: { write: request, appliedAt } }),
  });
}

function dropping({ state, key, me }: Turn<Owning>, to: LeaseId, ranges: RangeSet): Step<State>[] {
  const { id, version } = me.lease;
  const request: Write = { kind: "cancel", request: { pool: POOL, id, version, ranges } };
  return attempts(state, { by: key, name: nameOf(key, me.born) }, request, {
    what: `drops its promise to lease ${to}, which is gone`,
    answered: ({ lease }, next) =>
      become(next, key, lease === undefined ? me : { ...me, lease: known(lease) }),
    unanswered: (next) => next,
  });
}

/** What the answer means for what was let go, as the shipped rule says. */
function given(bounds: Bounds, asked: Owning, { give }: Answer, request: Write): Owning {
  const { asking: _answered, ...me } = asked;
  if (request.kind !== "give") return me;
  const { owner, ranges, open } = request.request;
  switch (answerToGive(give, { owner, ranges, open })) {
    case "landed":
    case "ours again": {
      const slots = slotsIn(ranges, bounds.slotsLog2);
      const letGo = me.letGo.filter(({ slot }) => !slots.includes(slot));
      return give?.from === undefined
        ? { ...me, letGo }
        : { ...me, letGo, lease: known(give.from) };
    }
    // The next heartbeat shows who has it.
    case "lost":
    case "unknown":
      return me;
  }
}

function releasing(turn: Turn<Owning>, what: string): Step<State>[] {
  const { bounds, state, key, me, now } = turn;
  const slots = slotsIn(me.lease.ranges, bounds.slotsLog2);
  const dues = slots.map((slot) => nextDue(bounds, scheduleOf(state, slot)) ?? Infinity);
  const soonest = Math.min(Infinity, ...dues);
  const { id, version } = me.lease;
  const request: Write = {
    kind: "release",
    request: {
      pool: POOL,
      id,
      owner: ownerOf(key, me.born),
      version,
      nextDueAt: nextDueOfReleased({ isUnread: false, soonest }, now, FAR_MS),
      open: [],
      progress: PROGRESS,
    },
  };
  const letGo = ownSlots(bounds, me).map((slot): LetGo => ({ slot, version }));
  const asked: Owning = { ...me, letGo: [...me.letGo, ...letGo] };
  return attempts(state, { by: key, name: nameOf(key, me.born) }, request, {
    what: `${what} lease ${id}`,
    answered: (answer, next) => become(next, key, released(asked, answer, request)),
    unanswered: (next, appliedAt) =>
      become(next, key, { ...asked, asking: { write: request, appliedAt } }),
  });
}

/** Refused while it is still ours: it is renewed, and decided again. */
function released(asked: Owning, { release }: Answer, request: Write): Collector {
  const none: Collector = { kind: "none", born: asked.born };
  if (request.kind !== "release") return none;
  const { owner, version } = request.request;
  switch (answerToRelease(release, { owner, kept: [] })) {
    case "ours again": {
      const { asking: _answered, ...me } = asked;
      const letGo = me.letGo.filter((each) => each.version !== version);
      return { ...me, letGo, expiresAt: oursUntil(me.expiresAt, release?.lease) };
    }
    case "landed":
    case "lost":
    case "unknown":
      return none;
  }
}
