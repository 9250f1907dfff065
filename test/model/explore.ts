/**
 * Every state that a small world can reach, breadth first: the first thing that doesn't hold is
 * found by a shortest trace.
 *
 * In each state all steps are taken, and the one that goes on without a fault; where that chain
 * ends, or turns in a ring, before anything is settled, the state it began in is stuck.
 *
 * Holds: at most statesMax states and secondsMax seconds; what was stopped says so.
 */
import { performance } from "node:perf_hooks";
import { chains, firstStuck } from "./chains.ts";
import { replay } from "./replay.ts";
import { stateTable, type StateTable } from "./state-table.ts";
import { pasteableTest, timeline } from "./timeline.ts";
import type { World } from "./world.ts";

export type { Step, World } from "./world.ts";
export { replay, type Replayed } from "./replay.ts";

export interface ExploreLimits {
  readonly statesMax: number;
  readonly secondsMax: number;
}

export interface Explored {
  readonly states: number;
  readonly edges: number;
  /** Most steps from the initial state to any. */
  readonly depth: number;
  readonly bytesPerState: number;
  readonly seconds: number;
  /** Which limit stopped it; undefined when every state was found. */
  readonly stoppedAt?: "states" | "seconds";
  /** How many different values each component has. */
  readonly values: Readonly<Record<string, number>>;
}

export interface Holds extends Explored {
  readonly kind: "holds";
  readonly complete: boolean;
}

export interface Broken extends Explored {
  readonly kind: "broken";
  readonly what: string;
  /** Labels of the steps, shortest. */
  readonly trace: readonly string[];
  readonly timeline: string;
  readonly pasteableTest: string;
}

export type Outcome = Holds | Broken;

/** The clock is looked at once in so many states. */
const LOOK_EVERY = 256;

/** Number of the step that a state goes on with without a fault, when it is none of the others. */
const CONTINUES = 0xffff;

interface Search<S extends object> {
  readonly world: World<S>;
  readonly table: StateTable<S>;
  edges: number;
}

interface Violation {
  readonly what: string;
  /** Leads from `row` to where it doesn't hold; undefined when `row` itself is meant. */
  readonly step: number | undefined;
  readonly row: number;
}

export function explore<S extends object>(world: World<S>, limits: ExploreLimits): Outcome {
  const startedAt = performance.now();
  const search: Search<S> = { world, table: stateTable(world.components), edges: 0 };
  const { table } = search;
  const follows = chains();
  const initial = table.find(world.initial).row;
  const levels = { depth: 0, endsAt: 1 };
  let stoppedAt: Explored["stoppedAt"];

  const explored = (): Explored => ({
    states: table.size,
    edges: search.edges,
    depth: levels.depth,
    bytesPerState: (table.bytes + follows.bytes) / table.size,
    seconds: (performance.now() - startedAt) / 1_000,
    values: table.values(),
    ...(stoppedAt !== undefined && { stoppedAt }),
  });
  const broken = ({ what, row, step }: Violation): Broken => {
    const trace = traceTo(search, row, step);
    return {
      kind: "broken",
      what,
      trace,
      timeline: timeline(world, trace),
      pasteableTest: pasteableTest(world.name, what, trace),
      ...explored(),
    };
  };

  const wrong = world.broken(undefined, world.initial);
  if (wrong !== undefined) return broken({ what: wrong, row: initial, step: undefined });
  let row = 0;
  for (; row < table.size; row += 1) {
    if (row === levels.endsAt) {
      levels.depth += 1;
      levels.endsAt = table.size;
    }
    if (table.size >= limits.statesMax) stoppedAt = "states";
    else if (row % LOOK_EVERY === 0 && performance.now() - startedAt > limits.secondsMax * 1_000)
      stoppedAt = "seconds";
    if (stoppedAt !== undefined) break;
    const state = table.stateOf(row);
    const violation = expand(search, row, state);
    if (violation !== undefined) return broken(violation);
    const next = goesOn(search, row, state);
    if (next.kind === "violation") return broken(next.violation);
    follows.push(next.chain);
    if (next.chain === "ends") break;
  }
  const stuck = firstStuck(search, follows);
  if (stuck !== undefined) {
    const { what } = replay(world, traceTo(search, stuck, undefined)).stuck ?? { what: "stuck" };
    return broken({ what, row: stuck, step: undefined });
  }
  return { kind: "holds", complete: stoppedAt === undefined, ...explored() };
}

/** Takes every step from one state. */
function expand<S extends object>(search: Search<S>, row: number, state: S): Violation | undefined {
  const { world, table } = search;
  const steps = world.steps(state);
  for (const [number, { next }] of steps.entries()) {
    const what = world.broken(state, next);
    if (what !== undefined) return { what, row, step: number };
    table.find(next, { row, state, step: number });
  }
  search.edges += steps.length;
  return undefined;
}

type GoesOn =
  | { readonly kind: "violation"; readonly violation: Violation }
  | { readonly kind: "chain"; readonly chain: number | "settled" | "ends" };

function goesOn<S extends object>({ world, table }: Search<S>, row: number, state: S): GoesOn {
  if (world.isSettled(state)) return { kind: "chain", chain: "settled" };
  const step = world.continuation(state);
  if (step === undefined) return { kind: "chain", chain: "ends" };
  const what = world.broken(state, step.next);
  if (what !== undefined) return { kind: "violation", violation: { what, row, step: CONTINUES } };
  return { kind: "chain", chain: table.find(step.next, { row, state, step: CONTINUES }).row };
}

/** Labels from the initial state to `row`, and of one step more. */
function traceTo<S extends object>(
  { world, table }: Search<S>,
  row: number,
  last: number | undefined,
): string[] {
  const path: { readonly row: number; readonly step: number }[] = [];
  if (last !== undefined) path.push({ row, step: last });
  for (let at = row; at !== 0; at = table.parentOf(at))
    path.push({ row: table.parentOf(at), step: table.stepOf(at) });
  return path.toReversed().map(({ row: from, step }) => {
    const state = table.stateOf(from);
    const taken = step === CONTINUES ? world.continuation(state) : world.steps(state)[step];
    if (taken === undefined) throw new RangeError(`no step ${step} in state ${from}`);
    return taken.label();
  });
}
