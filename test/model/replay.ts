/**
 * A trace taken again, step by step: what holds on the way, and whether its end goes on to settle.
 *
 * Fails: RangeError for a label that is none of the steps of the state it is asked of.
 */
import { canonical } from "./canonical.ts";
import { stepNamed, type Step, type World } from "./world.ts";

export interface Replayed<S> {
  readonly state: S;
  /** What doesn't hold, on the way or where it goes on to; undefined when all does. */
  readonly broken: string | undefined;
  /** When the last state never settles: why, and the steps that it goes on with. */
  readonly stuck?: { readonly what: string; readonly steps: readonly Step<S>[] };
}

/** Beyond this many steps without a fault a world is going round in a ring that differs each time. */
const CHAIN_MAX = 10_000;
const LABELS_SHOWN = 40;

export function replay<S extends object>(world: World<S>, labels: readonly string[]): Replayed<S> {
  let state = world.initial;
  let broken = world.broken(undefined, state);
  for (const [index, label] of labels.entries()) {
    if (broken !== undefined) return { state, broken: `${broken} (after ${index} steps)` };
    const step = stepNamed(world, state, label);
    if (step === undefined) throw new RangeError(noSuchStep(world, state, label));
    broken = world.broken(state, step.next);
    state = step.next;
  }
  if (broken !== undefined) return { state, broken };
  const stuck = goOn(world, state);
  return stuck === undefined ? { state, broken } : { state, broken: stuck.what, stuck };
}

function goOn<S extends object>(world: World<S>, from: S): Replayed<S>["stuck"] {
  const seen = new Set<string>();
  const steps: Step<S>[] = [];
  let state = from;
  while (steps.length < CHAIN_MAX) {
    if (world.isSettled(state)) return undefined;
    const text = textOf(world, state);
    if (seen.has(text))
      return { what: "stuck: without further faults it goes round and round", steps };
    seen.add(text);
    const step = world.continuation(state);
    if (step === undefined)
      return { what: "stuck: without further faults nothing more happens", steps };
    const what = world.broken(state, step.next);
    steps.push(step);
    if (what !== undefined) return { what, steps };
    state = step.next;
  }
  return { what: `stuck: still not settled after ${CHAIN_MAX} steps`, steps };
}

function textOf<S extends object>(world: World<S>, state: S): string {
  return world.components.map((component) => canonical(state[component])).join("|");
}

function noSuchStep<S extends object>(world: World<S>, state: S, label: string): string {
  const labels = world.steps(state).map((step) => step.label());
  return `no step "${label}" here; expected one of: ${labels.slice(0, LABELS_SHOWN).join("; ")}`;
}
