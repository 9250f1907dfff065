/**
 * Where each state's chain of steps without a fault leads: to something settled, or nowhere.
 *
 * Holds: each state is looked at once, so all chains together cost as much as there are states.
 */
import { growable } from "./state-table.ts";
import type { StateTable } from "./state-table.ts";
import type { World } from "./world.ts";

const SETTLED = 0xffff_fffe;
const ENDS = 0xffff_ffff;
/** Far more than any world's longest way home. */
const CHAIN_MAX = 10_000;

export interface Chains {
  /** What the next row goes on with. */
  push(next: number | "settled" | "ends"): void;
  get(row: number): number | "settled" | "ends";
  readonly length: number;
  readonly bytes: number;
}

export function chains(): Chains {
  const follows = growable();
  let length = 0;
  return {
    push(next) {
      length += 1;
      follows.push(next === "settled" ? SETTLED : next === "ends" ? ENDS : next);
    },
    get(row) {
      const next = follows.get(row);
      return next === SETTLED ? "settled" : next === ENDS ? "ends" : next;
    },
    get length() {
      return length;
    },
    get bytes() {
      return follows.bytes;
    },
  };
}

type Verdict = "good" | "stuck";

interface Searched<S extends object> {
  readonly world: World<S>;
  readonly table: StateTable<S>;
}

/**
 * The first state, in the order of their finding, whose chain leads nowhere; undefined without one.
 *
 * When something is known to be stuck, chains that leave what was explored are followed on from
 * there, so that the first is the first indeed; otherwise they are left open.
 */
export function firstStuck<S extends object>(
  searched: Searched<S>,
  follows: Chains,
): number | undefined {
  const marks = new Uint8Array(searched.table.size);
  let first: number | undefined;
  for (let row = 0; row < follows.length; row += 1) {
    if (marks[row] !== UNKNOWN) continue;
    if (mark(row, follows, marks) === "stuck") {
      first = row;
      break;
    }
  }
  if (first === undefined || first === 0) return first;
  for (let row = 0; row < first; row += 1) {
    if (marks[row] === OPEN && walk(searched, row) === "stuck") return row;
  }
  return first;
}

const UNKNOWN = 0;
const GOOD = 1;
const STUCK = 2;
const OPEN = 3;
const UNDER_WAY = 4;

/** Follows one chain to where its end is known, and marks all of it so. */
function mark(row: number, follows: Chains, marks: Uint8Array): Verdict | "open" {
  const path: number[] = [];
  let at = row;
  let verdict = OPEN;
  for (;;) {
    const seen = marks[at] ?? UNKNOWN;
    if (seen !== UNKNOWN) {
      verdict = seen === UNDER_WAY ? STUCK : seen;
      break;
    }
    if (at >= follows.length) break;
    path.push(at);
    marks[at] = UNDER_WAY;
    const next = follows.get(at);
    if (typeof next === "string") {
      verdict = next === "settled" ? GOOD : STUCK;
      break;
    }
    at = next;
  }
  for (const each of path) marks[each] = verdict;
  return verdict === GOOD ? "good" : verdict === STUCK ? "stuck" : "open";
}

/** Follows a chain beyond what was explored. */
function walk<S extends object>({ world, table }: Searched<S>, row: number): Verdict {
  let state = table.stateOf(row);
  for (let length = 0; length < CHAIN_MAX; length += 1) {
    if (world.isSettled(state)) return "good";
    const step = world.continuation(state);
    if (step === undefined) return "stuck";
    state = step.next;
  }
  return "stuck";
}
