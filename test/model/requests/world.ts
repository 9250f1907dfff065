/**
 * One slot whose targets are registered, removed and asked for by hand while rounds run in it, and
 * while its owner crashes, pauses, or lets go.
 */
import { cadenceKey, type Cadence } from "#domain/cadence.ts";
import { leaseId, newLease, type Owner } from "#domain/lease.ts";
import { wholeSpace } from "#domain/range.ts";
import { commit, newSchedule } from "#domain/schedule.ts";
import { mergeRequests, removal } from "#domain/request.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { after } from "#domain/units.ts";
import type { Step, World } from "../world.ts";
import {
  definition,
  POOL,
  registeredTarget,
  seconds,
  SLOT,
  T0,
  TICK_MS,
  TTL_MS,
} from "./bounds.ts";
import { calm, fault, type Act, type Fault } from "./acts.ts";
import { acts, STARTS } from "./collector.ts";
import { broken, isSettled } from "./invariants.ts";
import { beats, incarnated, isAlive, letsGo, waiting } from "./owning.ts";
import type { CollectorName, LateWrite, State } from "./state.ts";
import { asks, carriedOut, registers, removes } from "./users.ts";

export interface Bounds {
  readonly name: string;
  /** Targets that are there and captured from the beginning on. */
  readonly known: readonly (readonly [string, Cadence])[];
  /** One after the other. */
  readonly registered: readonly (readonly [string, Cadence])[];
  readonly removed?: string;
  readonly asked: readonly string[];
  readonly asksMax: number;
  readonly faults: readonly Fault[];
  /** Of all of these together. */
  readonly faultsMax: number;
  readonly ticksMax: number;
  readonly mayLetGo: boolean;
}

const COLLECTORS: readonly CollectorName[] = ["first", "second"];

export function requestsWorld(bounds: Bounds): World<State> {
  const definitions = bounds.registered.map(([id, cadence]) => definition(id, cadence));

  function steps(state: State): Step<State>[] {
    // The work loop turns every two milliseconds: nobody comes in between but who comes before.
    const turn = starting(state);
    if (turn !== undefined) return [turn];
    const isOver = state.now >= T0 + bounds.ticksMax * TICK_MS;
    return [
      ...COLLECTORS.flatMap((name) => ofCollector(state, name)),
      ...users(state),
      ...lateWrites(state),
      ...(isOver || isUrgent(state) ? [] : [step(state, passes(state))]),
    ];
  }

  function ofCollector(state: State, name: CollectorName): Step<State>[] {
    return [...acts(state, name), ...planned(state, name), ...mishaps(state, name)]
      .filter((act) => isPossible(state, act))
      .map((act) => step(state, { ...act, what: `the ${name} collector ${act.what}` }));
  }

  function planned(state: State, name: CollectorName): Act[] {
    return bounds.mayLetGo && name === "first" ? letsGo(state, name) : [];
  }

  function users(state: State): Step<State>[] {
    const all = [
      ...registers(state, definitions),
      ...removes(state, bounds.removed),
      ...asks(state, bounds.asked),
    ];
    return all.filter((act) => isPossible(state, act)).map((act) => step(state, act));
  }

  function isPossible({ budget }: State, { fault }: Act): boolean {
    return fault === undefined || (budget.faultsLeft > 0 && bounds.faults.includes(fault));
  }

  return {
    name: bounds.name,
    components: [
      "now", "lease", "schedules", "targets", "request", "first", "second", "registration",
      "removal", "late", "kept", "started", "promised", "budget",
    ],
    initial: underWay(initial(bounds, definitions)),
    steps,
    broken,
    isSettled,
    continuation: (state) => {
      for (const name of COLLECTORS) {
        const stops = state[name].phase === "stopping" ? letsGo(state, name) : [];
        const act = acts(state, name).find(({ isUrgent }) => isUrgent) ?? stops[0];
        if (act !== undefined)
          return step(state, { ...act, what: `the ${name} collector ${act.what}` });
      }
      const [act] = [...registers(state, definitions), ...(state.removal.kind === "removing" ? removes(state, bounds.removed) : [])];
      return step(state, act ?? passes(state));
    },
    describe,
  }; // prettier-ignore
}

function step(state: State, { what, next, fault }: Act): Step<State> {
  const isFault = fault !== undefined;
  if (!isFault) return { label: () => what, next, isFault };
  const { budget } = next;
  const spent = {
    ...budget,
    faultsLeft: budget.faultsLeft - 1,
    faultsSoFar: state.budget.faultsSoFar + 1,
  };
  return { label: () => what, next: { ...next, budget: spent }, isFault };
}

function starting(state: State): Step<State> | undefined {
  for (const name of COLLECTORS) {
    const act = acts(state, name).find(({ what }) => what === STARTS);
    if (act !== undefined) return step(state, { ...act, what: `the ${name} collector ${STARTS}` });
  }
  return undefined;
}

function isUrgent(state: State): boolean {
  return COLLECTORS.some((name) => acts(state, name).some((act) => act.isUrgent));
}

function passes(state: State): Act {
  const later: State = { ...state, now: after(state.now, TICK_MS) };
  const next = COLLECTORS.reduce((so, name) => beats(so, name), later);
  return { what: `time passes: ${seconds(later.now)}`, next, isUrgent: false };
}

function mishaps(state: State, name: CollectorName): Act[] {
  const collector = state[name];
  if (collector.phase === "waiting" || collector.phase === "ended") return [];
  const crashed = fault("crash", "crashes", { ...state, [name]: incarnated(collector) });
  const { isPaused } = collector;
  const turned: State = { ...state, [name]: { ...collector, isPaused: !isPaused } };
  const paused = isPaused ? calm("goes on", turned) : fault("pause", "is paused", turned);
  return [crashed, paused];
}

/** Writes that were sent long ago land now; those that never land are in the states without this step. */
function lateWrites(state: State): Step<State>[] {
  return state.late.map((write, index) => {
    const rest: State = { ...state, late: state.late.filter((_, other) => other !== index) };
    return step(state, { ...landed(rest, write), isUrgent: false });
  });
}

function landed(state: State, write: LateWrite): Pick<Act, "what" | "next"> {
  switch (write.kind) {
    case "commit": {
      const { request } = write;
      const stored = state.schedules.find(({ cadence }) => cadence === request.cadence);
      const { result, after: written } = commit(stored, request);
      const schedules = state.schedules.map((one) =>
        one === stored && written !== undefined ? written : one,
      );
      return {
        what: `a commit of the ${write.by} collector lands late: ${result.kind}`,
        next: { ...state, schedules },
      };
    }
    case "put":
      return {
        what: "a request lands late",
        next: { ...state, request: mergeRequests(state.request, write.request) },
      };
    case "remove": {
      const result = removal(state.request, write.request);
      const next = result === "removed" ? { ...state, request: undefined } : state;
      return { what: `a removal of a request lands late: ${result}`, next };
    }
    case "touch":
      return { what: "a touch lands late", next: carriedOut(state, write.step) };
  }
}

function initial(bounds: Bounds, definitions: readonly TargetDefinition[]): State {
  const owner = "owner 1" as Owner;
  const targets = bounds.known.map(([id, cadence]) => registeredTarget(id, cadence, T0));
  const keys = [...new Set(targets.map(({ cadence }) => cadenceKey(cadence)))].sort();
  const holder = { owner, expiresAt: after(T0, TTL_MS), deadlineAt: after(T0, 3_600_000) };
  const lease = { ...newLease(POOL, leaseId(1), wholeSpace(), T0), holder, epoch: 1, version: 2 };
  return {
    now: T0,
    lease,
    schedules: keys.map((key) => newSchedule(POOL, SLOT, key, T0)),
    targets: targets.sort((a, b) => (a.id < b.id ? -1 : 1)),
    request: undefined,
    first: {
      ...waiting(owner),
      phase: "owns",
      lease,
      hold: { contents: undefined, runs: [], unread: true },
    },
    second: waiting("owner 2" as Owner),
    registration:
      definitions.length === 0 ? { kind: "done" } : { kind: "idle", index: 0, touched: [] },
    removal: { kind: "idle" },
    late: [],
    kept: { samples: [], missed: [], served: Object.fromEntries(targets.map(({ id }) => [id, 0])) },
    started: { captures: [], wrong: undefined },
    promised: {
      registered: Object.fromEntries(
        targets.map(({ id, revision }) => [id, { revision, at: T0 - 1 }]),
      ),
      asks: {},
      acknowledged: {},
    },
    budget: { faultsLeft: bounds.faultsMax, faultsSoFar: 0, asksLeft: bounds.asksMax, stamps: 0 },
  };
}

/** The first collector has read what is there. */
function underWay(state: State): State {
  const act = acts(state, "first").find(({ what }) => what.startsWith("reads"));
  return act === undefined ? state : underWay(act.next);
}

function describe({ now, schedules, request, first, second }: State): string {
  const shown = schedules.map(
    ({ cadence, version, revision, epoch, watermark }) =>
      `${cadence} v${version} r${revision} e${epoch} through +${watermark.at - T0} ms`,
  );
  const asked = request === undefined ? "nothing asked for" : `asked for: ${request.stamp}`;
  return [
    `${seconds(now)}; ${shown.join("; ")}; ${asked}`,
    `first: ${first.phase}${isAlive(first) ? "" : ", not running"}; second: ${second.phase}`,
  ].join("\n");
}
