/** One store call, and the ways it can end: answered, its answer lost, the write late. */
import { canonical } from "../canonical.ts";
import type { Step } from "../world.ts";
import { COLLECTORS, type Actor, type Asking, type Left, type Seen, type State } from "./state.ts";
import { land, leaseIn, send, write, type Answer, type Sent, type Write } from "./store.ts";

export interface Attempt {
  readonly what: string;
  /** The same request as before, whose answer never came. */
  readonly asked?: Asking | undefined;
  readonly answered: (answer: Answer, next: State) => State;
  /** Without it the sender goes on as if it had not asked. */
  readonly unanswered?: (next: State, appliedAt: number | undefined) => State;
  /** When it was asked often enough. */
  readonly givenUp?: (next: State) => State;
}

export interface Sender {
  readonly by: Actor;
  readonly name: string;
  /** What a plan was made from. */
  readonly relied?: readonly Seen[];
}

/** The first is the one without a fault. */
export function attempts(
  state: State,
  sender: Sender,
  request: Write,
  attempt: Attempt,
): Step<State>[] {
  const { by, name, relied = [] } = sender;
  const { what, asked, answered, unanswered } = attempt;
  if (asked !== undefined) return again(state, sender, asked, attempt);
  const { answer, isNew, state: landed } = write(state, by, { write: request, relied });
  const next = answered(answer, landed);
  const steps = [{ label: () => `${name} ${what}`, next, isFault: false }];
  if (unanswered === undefined || !isNew) return steps;
  if (state.left.lost > 0)
    steps.push({
      label: () => `${name} ${what}; the answer is lost`,
      next: unanswered(spent(landed, "lost"), answer.lease?.version),
      isFault: true,
    });
  const sent =
    state.left.late > 0 ? send(state, landed, by, { write: request, relied }) : undefined;
  if (sent !== undefined)
    steps.push({
      label: () => `${name} ${what}; the write is late`,
      next: unanswered({ ...spent(state, "late"), flying: [...state.flying, sent] }, undefined),
      isFault: true,
    });
  return steps;
}

function again(
  state: State,
  { by, name }: Sender,
  asked: Asking,
  { what, answered, givenUp }: Attempt,
): Step<State>[] {
  const { answer, isNew, state: landed } = write(state, by, { write: asked.write, relied: [] });
  const alarm = isNew ? undefined : misled(state, asked, answer);
  const next = answered(answer, landed);
  const steps = [
    {
      label: () => `${name} ${what}: asks again`,
      next: alarm === undefined ? next : { ...next, alarm },
      isFault: false,
    },
  ];
  if (givenUp === undefined) return steps;
  return [
    ...steps,
    { label: () => `${name} ${what}: gives up asking`, next: givenUp(state), isFault: true },
  ];
}

/** Whether an answer says the opposite of what has happened to the request. */
function misled(
  state: State,
  { write: what, appliedAt }: Asking,
  answer: Answer,
): string | undefined {
  switch (what.kind) {
    case "acquire":
    case "give":
    case "release": {
      // Its progress tells a release from others'; here all have the same.
      if (answer.isDone && appliedAt === undefined && what.kind !== "release")
        return `the ${what.kind} is taken for carried out, and never was`;
      const id = what.kind === "give" ? what.request.from : what.request.id;
      if (!answer.isDone && appliedAt !== undefined && leaseIn(state, id)?.version === appliedAt)
        return `the ${what.kind} was carried out, and its sender is told that it wasn't`;
      return undefined;
    }
    case "renew":
    case "cancel":
    case "promise":
    case "move":
    case "add":
    case "remove":
    case "commit":
      return undefined;
  }
}

export function spent(state: State, what: keyof Left): State {
  return { ...state, left: { ...state.left, [what]: state.left[what] - 1 } };
}

/** Writes that are under way land in any order, each once. */
export function landings(state: State): Step<State>[] {
  return state.flying.map((sent, index) => ({
    label: () => `the late ${described(sent, index)} lands`,
    next: landing(state, sent, index),
    isFault: false,
  }));
}

function landing(state: State, sent: Sent, index: number): State {
  const before = { ...state, flying: state.flying.toSpliced(index, 1) };
  const { state: after, isNew, answer } = land(before, sent);
  if (!isNew) return after;
  for (const key of COLLECTORS) {
    const me = after[key];
    if (sent.by !== key || me.kind === "none" || me.asking === undefined) continue;
    if (canonical(me.asking.write) !== canonical(sent.write)) continue;
    const asking: Asking = { write: me.asking.write, appliedAt: answer.lease?.version };
    return { ...after, [key]: { ...me, asking } };
  }
  return after;
}

function described({ by, write: { kind } }: Sent, index: number): string {
  return `${kind} of ${by} (number ${index + 1} under way)`;
}
