/** Leases that change hands, as a world to be explored; and how it goes on when nothing goes wrong. */
import { plan, PLAN_LIMITS } from "#domain/plan.ts";
import { isHeld, type Lease } from "#domain/lease.ts";
import { after } from "#domain/units.ts";
import type { Step, World } from "../world.ts";
import { landings, spent } from "./attempts.ts";
import { collectorSteps, nextOf } from "./collector.ts";
import { nextDue, scheduleOf } from "./due.ts";
import { brokenIn } from "./invariants.ts";
import { rebalancerSteps, starts } from "./rebalancer.ts";
import {
  clockOf,
  COLLECTORS,
  COMPONENTS,
  initial,
  LEASES,
  POOL,
  REBALANCERS,
  SCHEDULES,
  TICK_MS,
  type Bounds,
  type State,
} from "./state.ts";
import { write } from "./store.ts";

export function leaseWorld(bounds: Bounds): World<State> {
  return {
    name: bounds.name,
    components: COMPONENTS,
    initial: initial(bounds),
    steps: (state) => [
      ...landings(state),
      ...collectorSteps(bounds, state),
      ...rebalancerSteps(bounds, state),
      ...boundedStarts(bounds, state),
      ...(state.tick < bounds.ticksMax ? timePasses(bounds, state) : []),
    ],
    broken: (before, state) => brokenIn(bounds, before, state),
    continuation: (state) => goesOn(bounds, state),
    isSettled: (state) => isSettled(bounds, state),
  };
}

function boundedStarts(bounds: Bounds, state: State): Step<State>[] {
  if (state.left.starts === 0) return [];
  return starts(bounds, spent(state, "starts"));
}

/** Who isn't paused acts before its lease ends on its own clock. */
function timePasses(bounds: Bounds, state: State): Step<State>[] {
  const isAwaited = COLLECTORS.some((key) => {
    const me = state[key];
    if (me.kind !== "owns" || me.isPaused) return false;
    return me.expiresAt <= after(clockOf(bounds, state, key), TICK_MS);
  });
  return isAwaited ? [] : [tick(state)];
}

function tick(state: State): Step<State> {
  return {
    label: () => `a tick passes, to ${state.tick + 1}`,
    next: { ...state, tick: state.tick + 1 },
    isFault: false,
  };
}

function goesOn(bounds: Bounds, state: State): Step<State> | undefined {
  const [landing] = landings(state);
  if (landing !== undefined) return landing;
  for (const key of COLLECTORS) {
    const step = nextOf(bounds, state, key);
    if (step !== undefined) return step;
  }
  for (const key of REBALANCERS) {
    if (state[key].kind !== "idle")
      return {
        label: () => `${key === "r1" ? "R1" : "R2"}'s run ends`,
        next: { ...state, [key]: { kind: "idle" } },
        isFault: false,
      };
  }
  const [start] = starts(bounds, state);
  if (start !== undefined) return start;
  return replanned(bounds, state) ?? (isWaiting(bounds, state) ? tick(state) : undefined);
}

/** Promises of a lease that nobody holds are settled by the shipped planner. */
function replanned(bounds: Bounds, state: State): Step<State> | undefined {
  const leases = LEASES.flatMap((key): Lease[] => {
    const lease = state[key];
    return lease === undefined ? [] : [lease];
  });
  const now = clockOf(bounds, state, "r1");
  const skewMaxMs = bounds.skewMax * TICK_MS;
  if (!leases.some((lease) => lease.giving.length > 0 && !isHeld(lease, now, skewMaxMs)))
    return undefined;
  const { moves } = plan({
    fleet: state.fleet,
    leases,
    now,
    limits: { ...PLAN_LIMITS, skewMaxMs },
  });
  const [first] = moves;
  if (first === undefined) return undefined;
  const label = (): string => `R1 plans anew: ${first.why}`;
  switch (first.kind) {
    case "move": {
      const { from, fromVersion, to, toVersion, ranges } = first;
      const request = { pool: POOL, from, fromVersion, to, toVersion, ranges, now, skewMaxMs };
      return applied(state, label, { kind: "move", request });
    }
    case "promise": {
      const { from, fromVersion, to, toVersion, ranges } = first;
      const request = { pool: POOL, from, fromVersion, to, toVersion, ranges };
      return applied(state, label, { kind: "promise", request });
    }
    case "cancel": {
      const { lease: id, version, ranges } = first;
      return applied(state, label, {
        kind: "cancel",
        request: { pool: POOL, id, version, ranges },
      });
    }
    case "add-lease":
      return applied(state, label, { kind: "add", fleet: state.fleet });
    case "remove-lease":
      return applied(state, label, { kind: "remove", id: first.lease, version: first.version });
  }
}

function applied(
  state: State,
  label: () => string,
  what: Parameters<typeof write>[2]["write"],
): Step<State> {
  return { label, next: write(state, "r1", { write: what, relied: [] }).state, isFault: false };
}

/** Something may be due later, or end later: no owner, no clock and no due moment is further away. */
function isWaiting(bounds: Bounds, state: State): boolean {
  const last = Math.max(bounds.ticksMax, bounds.due.at(-1) ?? 0);
  return state.tick <= last + bounds.ttl + bounds.skewMax + WAIT_SPARE;
}

/** For clocks that are off. */
const WAIT_SPARE = 8;

function isSettled(bounds: Bounds, state: State): boolean {
  return (
    state.flying.length === 0 &&
    COLLECTORS.every((key) => state[key].kind === "none") &&
    REBALANCERS.every((key) => state[key].kind === "idle") &&
    LEASES.every((key) => {
      const lease = state[key];
      return lease === undefined || (lease.holder === undefined && lease.giving.length === 0);
    }) &&
    SCHEDULES.every((_, slot) => nextDue(bounds, scheduleOf(state, slot as never)) === undefined)
  );
}
