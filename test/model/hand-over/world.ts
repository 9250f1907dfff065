/** A world whose slots change hands, made from how big it is and what may go wrong in it. */
import { newLease, type Lease } from "#domain/lease.ts";
import { rangesOfSlots } from "#domain/range.ts";
import { newSchedule } from "#domain/schedule.ts";
import type { Step, World } from "../world.ts";
import { withRun } from "./capturing.ts";
import { broken, isSettled } from "./invariants.ts";
import { look, readSchedule, withProcess } from "./owning.ts";
import { PROCESSES, type Bounds, type LeaseKey, type Process, type State } from "./state.ts";
import { GOES_ON, happenings, plan, type Happening } from "./steps.ts";
import { cadenceOf, type Place, type Setting } from "./store.ts";
import { idOf, placesOf, POOL, T0 } from "./times.ts";

export function handOverWorld(bounds: Bounds): World<State> {
  const places = placesOf(bounds);
  const setting: Setting = { bounds, places };
  const slots = places.length === 1 ? (["0"] as const) : (["0", "1"] as const);
  // Steps and continuation of a state are asked for one after the other.
  let last: { readonly state: State; readonly steps: readonly Happening[] } | undefined;
  const all = (state: State): readonly Happening[] => {
    if (last?.state !== state) last = { state, steps: happenings(setting, state) };
    return last.steps;
  };
  return {
    name: bounds.name,
    components: [
      "now",
      ...bounds.leases,
      ...slots.map((slot) => `schedule${slot}` as const),
      ...slots.map((slot) => `truth${slot}` as const),
      ...bounds.processes,
      "late",
      "choices",
      "faults",
    ],
    initial: begun(setting, promised(setting, owned(setting, initialState(setting)))),
    steps: all,
    broken: (before, state) => broken(setting, before, state),
    continuation: (state) => next(all(state)),
    isSettled: (state) => isSettled(setting, state),
  };
}

/** What must be done is done in its order; who stands still goes on; then time does. */
function next(all: readonly Happening[]): Step<State> | undefined {
  return all.find((each) => each.isUrgent) ?? all.find((each) => each.label().endsWith(GOES_ON));
}

function promised(setting: Setting, state: State): State {
  return (setting.bounds.promised ?? []).reduce((before, hand) => {
    let next = before;
    plan(setting, before, hand, (_kind, _label, planned) => {
      next = planned ?? before;
    });
    return next;
  }, state);
}

/** Some own their leases already, and have read their slots. */
function owned(setting: Setting, state: State): State {
  return setting.bounds.owns.reduce((before, key) => {
    const waiting = withProcess(before, key, { phase: "waiting" });
    const taken = look(setting, waiting, key) ?? waiting;
    return setting.places.reduce((now, _, slot) => {
      const own = now[key];
      return own.phase === "owns" && own.holds[slot] !== undefined
        ? withProcess(now, key, withRun(own, slot, readSchedule(setting, now, key, slot)))
        : now;
    }, taken);
  }, state);
}

/** Where code that was changed on purpose doesn't get so far, its world begins where it got to. */
function begun(setting: Setting, initial: State): State {
  let state = initial;
  for (const label of setting.bounds.begun ?? []) {
    const step = happenings(setting, state).find((each) => each.label() === label);
    if (step === undefined) break;
    state = step.next;
  }
  return state;
}

function initialState({ bounds, places }: Setting): State {
  const idle: Process = { phase: "not started" };
  const processes = Object.fromEntries(PROCESSES.map((key) => [key, idle])) as Record<
    (typeof PROCESSES)[number],
    Process
  >;
  return {
    now: 0,
    leaseA: leaseOf("leaseA"),
    leaseB: leaseOf("leaseB"),
    leaseC: leaseOf("leaseC"),
    schedule0: scheduleAt(places[0]),
    schedule1: scheduleAt(places[1]),
    truth0: truthAt(places[0]),
    truth1: truthAt(places[1]),
    ...processes,
    late: [],
    choices: bounds.choices,
    faults: { crash: 0, pause: 0, chunk: 0, late: 0, lost: 0, overdue: 0 },
  };

  function leaseOf(key: LeaseKey): Lease | undefined {
    if (!bounds.leases.includes(key)) return undefined;
    const own = places.filter((_, slot) => bounds.begins[slot] === key).map(({ slot }) => slot);
    return newLease(POOL, idOf(key), rangesOfSlots(own, bounds.slotsLog2), T0);
  }

  function scheduleAt(at: Place | undefined): State["schedule0"] {
    return at === undefined ? undefined : newSchedule(POOL, at.slot, cadenceOf(at), T0);
  }

  function truthAt(at: Place | undefined): State["truth0"] {
    if (at === undefined) return undefined;
    return {
      started: at.instants.map(() => []),
      samples: at.instants.map(() => []),
      missed: at.instants.map(() => false),
      rightfully: 0,
    };
  }
}
