/**
 * What a rebalancer may do: read the fleet, in pages; ask, however late, for anything that a plan
 * could ask for from what it read; start collectors.
 *
 * Not only what the shipped planner would want: any range may move to any lease.
 */
import { needOf } from "#usecases/rebalance/need.ts";
import { withNewLease } from "#domain/fleet.ts";
import { cancel, isHeld, move, promise, type Lease, type LeaseId } from "#domain/lease.ts";
import { beliefAfter } from "#domain/plan/belief.ts";
import { rangesOfSlots, slotsIn, tiling, type RangeSet } from "#domain/range.ts";
import type { Step } from "../world.ts";
import { attempts, spent } from "./attempts.ts";
import {
  clockOf,
  COLLECTORS,
  LEASES,
  nameOf,
  POOL,
  REBALANCERS,
  TICK_MS,
  type Bounds,
  type Rebalancer,
  type RebalancerKey,
  type Seen,
  type State,
} from "./state.ts";
import type { Answer, Write } from "./store.ts";

type Planned = Extract<Rebalancer, { kind: "planned" }>;

interface Turn {
  readonly bounds: Bounds;
  readonly state: State;
  readonly key: RebalancerKey;
}

export function rebalancerSteps(bounds: Bounds, state: State): Step<State>[] {
  const steps: Step<State>[] = [];
  for (const key of REBALANCERS) {
    const me = state[key];
    const turn = { bounds, state, key };
    if (state.left.reads > 0 && state.left.plans > 0 && me.kind !== "reading")
      steps.push(...reading(turn));
    if (me.kind === "reading") steps.push(readOn(turn, me.seen, me.fleet));
    if (me.kind === "planned") steps.push(...planned(turn, me));
  }
  return steps;
}

function become(state: State, key: RebalancerKey, me: Rebalancer): State {
  return { ...state, [key]: me };
}

// Reading ------------------------------------------------------------------------------------

function reading({ bounds, state, key }: Turn): Step<State>[] {
  const next = spent(state, "reads");
  const whole: Step<State> = {
    label: () => `${nameOf(key)} reads the fleet`,
    next: become(next, key, seenWhole(state.fleet, seenIn(state, LEASES))),
    isFault: false,
  };
  if (!bounds.isPaged) return [whole];
  const first = seenIn(state, ["l1"]);
  const half: Step<State> = {
    label: () => `${nameOf(key)} reads the fleet's first page`,
    next: become(next, key, { kind: "reading", fleet: state.fleet, seen: first }),
    isFault: false,
  };
  return [whole, half];
}

function readOn({ state, key }: Turn, seen: readonly Seen[], fleet: State["fleet"]): Step<State> {
  const all = [...seen, ...seenIn(state, ["l2", "l3", "l4"])];
  return {
    label: () => `${nameOf(key)} reads the fleet's second page`,
    next: become(state, key, seenWhole(fleet, all)),
    isFault: false,
  };
}

/** What doesn't tile is never planned on. */
function seenWhole(fleet: State["fleet"], seen: readonly Seen[]): Rebalancer {
  const found = tiling(seen.map(({ lease }) => lease.ranges));
  return found.kind === "tiles" ? { kind: "planned", fleet, seen } : { kind: "idle" };
}

function seenIn(state: State, keys: readonly (typeof LEASES)[number][]): Seen[] {
  return keys.flatMap((key) => {
    const lease = state[key];
    return lease === undefined ? [] : [{ lease, life: state.lives.made[LEASES.indexOf(key)] ?? 0 }];
  });
}

// Asking -------------------------------------------------------------------------------------

interface Wish {
  readonly what: string;
  readonly write: Write;
  readonly relied: readonly Seen[];
  /** What the plan takes the leases for when it was carried out. */
  readonly expected: readonly Lease[];
}

function planned(turn: Turn, me: Planned): Step<State>[] {
  const { state, key } = turn;
  if (me.asking !== undefined) {
    const { asking: request } = me;
    return attempts(state, { by: key, name: nameOf(key) }, request, {
      what: `asks for its ${request.kind}`,
      asked: { write: request, appliedAt: undefined },
      answered: (_answer, next) => become(next, key, { kind: "idle" }),
      givenUp: (next) => become(next, key, { kind: "idle" }),
    });
  }
  if (state.left.plans === 0) return [];
  return wishes(turn, me).flatMap(({ what, write, relied, expected }) => {
    const paid = spent(state, "plans");
    return attempts(paid, { by: key, name: nameOf(key), relied }, write, {
      what,
      answered: (answer, next) =>
        quiet(become(next, key, goneOn(me, answer, { relied, expected }))),
      unanswered: (next) => quiet(become(next, key, { ...me, asking: write })),
    });
  });
}

/** When nothing more is asked for, nobody's memory of the fleet matters. */
function quiet(state: State): State {
  if (state.left.plans > 0) return state;
  const idle = (me: Rebalancer): Rebalancer =>
    me.kind === "planned" && me.asking !== undefined ? { ...me, seen: [] } : IDLE;
  return { ...state, r1: idle(state.r1), r2: idle(state.r2), left: { ...state.left, reads: 0 } };
}

const IDLE: Rebalancer = { kind: "idle" };

/** Later moves of a plan count on this one: what went another way isn't asked about again. */
function goneOn(
  me: Planned,
  { isDone, fleet, lease, leases }: Answer,
  { relied, expected }: Pick<Wish, "relied" | "expected">,
): Planned {
  if (fleet !== undefined && lease !== undefined)
    return { ...me, fleet, seen: [...me.seen, { lease, life: 1 }] };
  const belief = beliefAfter(new Map(me.seen.map((each) => [each.lease.id, each.lease])), {
    touched: relied.map((each) => each.lease.id),
    expected,
    shown: isDone ? (leases ?? []) : [],
  });
  const seen = me.seen.flatMap((each) => {
    const believed = belief.get(each.lease.id);
    return believed === undefined
      ? []
      : [believed === each.lease ? each : { ...each, lease: believed }];
  });
  return { ...me, seen };
}

function wishes(turn: Turn, me: Planned): Wish[] {
  const { bounds } = turn;
  const found: Wish[] = [];
  const wants = (kind: Bounds["plans"][number]): boolean => bounds.plans.includes(kind);
  if (wants("add")) found.push(adding(me));
  for (const from of me.seen) {
    if (wants("remove")) found.push(...removing(from));
    if (wants("cancel")) found.push(...cancelling(from));
    for (const to of me.seen) {
      if (to !== from) found.push(...handing(turn, from, to));
    }
  }
  return found;
}

function adding({ fleet }: Planned): Wish {
  const { lease } = withNewLease(fleet);
  return {
    what: `adds lease ${lease.id}`,
    write: { kind: "add", fleet },
    relied: [],
    expected: [],
  };
}

function removing(seen: Seen): Wish[] {
  const { id, version, ranges, holder } = seen.lease;
  if (ranges.length > 0 || holder !== undefined) return [];
  return [
    {
      what: `removes lease ${id}`,
      write: { kind: "remove", id, version },
      relied: [seen],
      expected: [],
    },
  ];
}

function cancelling(seen: Seen): Wish[] {
  const { lease } = seen;
  if (lease.giving.length === 0) return [];
  const ranges = lease.giving.map(({ range }) => range);
  const request = { pool: POOL, id: lease.id, version: lease.version, ranges };
  const result = cancel(lease, request);
  return [
    {
      what: `cancels what lease ${lease.id} promised`,
      write: { kind: "cancel", request },
      relied: [seen],
      expected: result.kind === "refused" ? [] : [result.lease],
    },
  ];
}

/** A promise where somebody holds the giver as far as was seen, else a move. */
function handing({ bounds, state, key }: Turn, from: Seen, to: Seen): Wish[] {
  const now = clockOf(bounds, state, key);
  const skewMaxMs = bounds.skewMax * TICK_MS;
  const isMoved = !isHeld(from.lease, now, skewMaxMs);
  if (!bounds.plans.includes(isMoved ? "move" : "promise")) return [];
  return pieces(bounds, from.lease).map(({ ranges, named }) => {
    const versions = {
      pool: POOL,
      from: from.lease.id,
      fromVersion: from.lease.version,
      to: to.lease.id,
      toVersion: to.lease.version,
      ranges,
    };
    const relied = [from, to];
    if (!isMoved) {
      const result = promise(from.lease, to.lease, versions);
      return {
        what: `promises ${named} of lease ${from.lease.id} to lease ${to.lease.id}`,
        write: { kind: "promise", request: versions },
        relied,
        expected: result.kind === "refused" ? [] : [result.from, to.lease],
      };
    }
    const request = { ...versions, now, skewMaxMs };
    const result = move(from.lease, to.lease, request);
    return {
      what: `moves ${named} from lease ${from.lease.id} to lease ${to.lease.id}`,
      write: { kind: "move", request },
      relied,
      expected: result.kind === "refused" ? [] : [result.from, result.to],
    };
  });
}

/** Each slot that isn't promised, and all of them together. */
function pieces(
  bounds: Bounds,
  { ranges, giving }: Lease,
): readonly { readonly ranges: RangeSet; readonly named: string }[] {
  const promised = slotsIn(
    giving.map(({ range }) => range),
    bounds.slotsLog2,
  );
  const slots = slotsIn(ranges, bounds.slotsLog2);
  const free = slots.filter((slot) => !promised.includes(slot));
  const single = free.map((slot) => ({
    ranges: rangesOfSlots([slot], bounds.slotsLog2),
    named: `slot ${slot}`,
  }));
  if (slots.length < 2) return single;
  return [...single, { ranges, named: "all slots" }];
}

// Starting -----------------------------------------------------------------------------------

/** A collector is started for what needs one now, from a fresh read; one at a time. */
export function starts(bounds: Bounds, state: State): Step<State>[] {
  const free = COLLECTORS.find((key) => state[key].kind === "none");
  if (free === undefined) return [];
  return LEASES.flatMap((key) => {
    const lease = state[key];
    if (lease === undefined || !needsStart(bounds, state, lease) || isStarting(state, lease.id))
      return [];
    const born = state[free].born + 1;
    return [
      {
        label: () => `${nameOf(free, born)} is started for lease ${lease.id}`,
        next: { ...state, [free]: { kind: "started", born, lease: lease.id } },
        isFault: false,
      },
    ];
  });
}

function needsStart(bounds: Bounds, state: State, lease: Lease): boolean {
  const need = needOf(lease, {
    skewMaxMs: bounds.skewMax * TICK_MS,
    longestTimeoutMs: 0,
    aheadMs: 0,
  });
  return need !== undefined && need.at <= clockOf(bounds, state, "r1");
}

function isStarting(state: State, id: LeaseId): boolean {
  return COLLECTORS.some((key) => {
    const collector = state[key];
    return collector.kind === "started" && collector.lease === id;
  });
}
