/**
 * Those who change what is to be captured: an import of definitions, a removal, and who asks for a
 * capture by hand. They take their time: between two of their steps anything may happen.
 */
import { targetHash } from "#domain/hash.ts";
import { mergeRequests, type CaptureAsked } from "#domain/request.ts";
import { newSchedule, raiseRevision, restart, type Schedule } from "#domain/schedule.ts";
import type { Target, TargetDefinition } from "#domain/target.ts";
import {
  registrationSteps,
  slotChanges,
  type RegistrationStep,
  type TimedTouch,
} from "#usecases/register-targets/slot-changes.ts";
import { calm, fault, type Act } from "./acts.ts";
import { POOL, SLOT, wantedOf } from "./bounds.ts";
import type { Budget, LateWrite, Registration, State } from "./state.ts";

const NO_KEYS = { kind: "keys", resultKeys: [] } as const;

// registration ---------------------------------------------------------------------------------

export function registers(state: State, definitions: readonly TargetDefinition[]): Act[] {
  const { registration } = state;
  switch (registration.kind) {
    case "done":
      return [];
    case "idle":
      return begins(state, registration, definitions);
    case "writing":
      return writes(state, registration, definitions);
  }
}

type Idle = Extract<Registration, { kind: "idle" }>;
type Writing = Extract<Registration, { kind: "writing" }>;

function begins(state: State, idle: Idle, definitions: readonly TargetDefinition[]): Act[] {
  const wanted = definitions[idle.index];
  if (wanted === undefined) return [];
  const changes = slotChanges({
    pool: POOL,
    contents: { schedules: state.schedules, targets: state.targets, broken: [], bytes: 0 },
    wanted: new Map([[wanted.id, wantedOf(wanted)]]),
    now: state.now,
    touched: new Set(idle.touched),
  });
  const registration: Registration = {
    ...idle,
    kind: "writing",
    steps: registrationSteps(changes).filter(
      (step) => step.kind !== "targets" || step.writes.length > 0,
    ),
  };
  return [calm(`the import of ${wanted.id} reads the slot`, { ...state, registration })];
}

function writes(state: State, writing: Writing, definitions: readonly TargetDefinition[]): Act[] {
  const [step, ...left] = writing.steps;
  const definition = definitions[writing.index];
  if (definition === undefined) return [];
  const who = `the import of ${definition.id}`;
  const crashed: Registration = { kind: "idle", index: writing.index, touched: [] };
  const crash = fault("crash", `${who} crashes, and is begun anew`, {
    ...state,
    registration: crashed,
  });
  if (step === undefined)
    return [
      calm(`${who} is acknowledged`, acknowledged(state, writing, definition, definitions)),
      crash,
    ];
  const written = carriedOut(state, step);
  const touched =
    step.kind === "touch" ? [...writing.touched, step.touch.cadence] : writing.touched;
  const next = { ...written, registration: { ...writing, touched, steps: left } };
  const what = `${who} ${described(step)}`;
  return [
    calm(what, next),
    fault("lost answer", `${what}, but the answer is lost`, written),
    ...(step.kind === "targets"
      ? []
      : [
          fault(
            "late write",
            `${what}, and a copy is under way for long`,
            withCopy(next, written, step),
          ),
        ]),
    crash,
  ];
}

function withCopy(next: State, written: State, step: RegistrationStep): State {
  const copy: LateWrite =
    step.kind === "request" && written.request !== undefined
      ? { kind: "put", request: requestOf(stampOf(written.budget), true, NO_KEYS) }
      : { kind: "touch", step };
  return { ...next, late: [...next.late, copy] };
}

function acknowledged(
  state: State,
  { index }: Writing,
  definition: TargetDefinition,
  definitions: readonly TargetDefinition[],
): State {
  const { revision } = wantedOf(definition);
  const registered = { ...state.promised.registered, [definition.id]: { revision, at: state.now } };
  const registration: Registration =
    index + 1 < definitions.length
      ? { kind: "idle", index: index + 1, touched: [] }
      : { kind: "done" };
  return { ...state, promised: { ...state.promised, registered }, registration };
}

function described(step: RegistrationStep): string {
  switch (step.kind) {
    case "targets":
      return "writes the target";
    case "touch":
      return `touches ${step.touch.cadence}`;
    case "request":
      return "asks for first captures";
  }
}

/** What one step of an import does to the store. */
export function carriedOut(state: State, step: RegistrationStep): State {
  switch (step.kind) {
    case "targets": {
      const targets = step.writes.map(({ target }) => target);
      return { ...state, targets: withTargets(state.targets, targets) };
    }
    case "touch":
      return { ...state, schedules: touched(state.schedules, step.touch) };
    case "request": {
      const budget = { ...state.budget, stamps: state.budget.stamps + 1 };
      const added = requestOf(stampOf(budget), true, NO_KEYS);
      return { ...state, budget, request: mergeRequests(state.request, added) };
    }
  }
}

function withTargets(known: readonly Target[], added: readonly Target[]): readonly Target[] {
  const byId = new Map([...known, ...added].map((target) => [target.id, target]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function touched(
  schedules: readonly Schedule[],
  { cadence, wasEmpty, from }: TimedTouch,
): readonly Schedule[] {
  const known = schedules.find((schedule) => schedule.cadence === cadence);
  if (known === undefined) {
    const made = newSchedule(POOL, SLOT, cadence, from);
    return [...schedules, made].sort((a, b) => (a.cadence < b.cadence ? -1 : 1));
  }
  const after = wasEmpty ? restart(known, from) : raiseRevision(known);
  return schedules.map((schedule) => (schedule === known ? after : schedule));
}

// removal --------------------------------------------------------------------------------------

export function removes(state: State, id: string | undefined): Act[] {
  const { removal } = state;
  if (id === undefined || removal.kind === "done") return [];
  if (removal.kind === "idle") {
    const { [id]: _gone, ...registered } = state.promised.registered;
    const next: State = {
      ...state,
      targets: state.targets.filter((target) => target.id !== id),
      removal: { kind: "removing", touches: undefined },
      promised: { ...state.promised, registered },
    };
    return [calm(`the removal of ${id} removes the target`, next)];
  }
  const touches = removal.touches ?? state.schedules.map(({ cadence }) => cadence);
  const [cadence, ...left] = touches;
  if (cadence === undefined)
    return [calm(`the removal of ${id} is acknowledged`, { ...state, removal: { kind: "done" } })];
  const from = state.now;
  const written = {
    ...state,
    schedules: touched(state.schedules, { cadence, wasEmpty: false, from }),
  };
  const next: State = { ...written, removal: { kind: "removing", touches: left } };
  return [
    calm(`the removal of ${id} touches ${cadence}`, next),
    fault("lost answer", `the removal of ${id} touches ${cadence}, but the answer is lost`, {
      ...written,
      removal: { kind: "removing", touches },
    }),
  ];
}

// by hand ---------------------------------------------------------------------------------------

/** Somebody asks for a capture of a target that is there. */
export function asks(state: State, ids: readonly string[]): Act[] {
  const { budget, promised } = state;
  if (budget.asksLeft === 0) return [];
  return ids
    .filter((id) => state.targets.some((target) => target.id === id))
    .flatMap((id) => {
      const spent = { ...budget, asksLeft: budget.asksLeft - 1, stamps: budget.stamps + 1 };
      const count = (promised.asks[id] ?? 0) + 1;
      const added = requestOf(stampOf(spent), false, {
        kind: "keys",
        resultKeys: [targetHash(id).resultKey],
      });
      const asked = { ...promised, asks: { ...promised.asks, [id]: count } };
      const put: State = {
        ...state,
        budget: spent,
        request: mergeRequests(state.request, added),
        promised: { ...asked, acknowledged: { ...promised.acknowledged, [id]: count } },
      };
      const copy: LateWrite = { kind: "put", request: added };
      return [
        calm(`${id} is asked for by hand`, put),
        fault("late write", `${id} is asked for by hand, and a copy is under way for long`, {
          ...put,
          late: [...put.late, copy],
        }),
        fault("late write", `${id} is asked for by hand, which is under way for long`, {
          ...state,
          budget: spent,
          promised: asked,
          late: [...state.late, copy],
        }),
      ];
    });
}

function requestOf(stamp: string, fresh: boolean, keys: CaptureAsked["keys"]): CaptureAsked {
  return { pool: POOL, slot: SLOT, fresh, keys, stamp };
}

function stampOf({ stamps }: Budget): string {
  return `stamp ${stamps}`;
}
