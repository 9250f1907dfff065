/**
 * What the explorer needs to know of a small world: what may happen in it, and what must hold.
 *
 * A state is a flat record of small immutable values. A step shares the components that it doesn't
 * change with the state before by identity: that is how the explorer sees cheaply what is new.
 */

export interface Step<S> {
  /** Who does what, unique among the steps of one state; asked for only when a trace is shown. */
  readonly label: () => string;
  readonly next: S;
  readonly isFault: boolean;
}

export interface World<S extends object> {
  readonly name: string;
  /** Each is interned: a state is packed as one small integer per component. */
  readonly components: readonly (keyof S & string)[];
  readonly initial: S;
  /** Everything that may happen, faults included, within the world's bounds; always in the same order. */
  steps(state: S): readonly Step<S>[];
  /** An invariant that doesn't hold, as one sentence for a person. */
  broken(before: S | undefined, state: S): string | undefined;
  /** The step without a fault that fair scheduling takes next; undefined when nothing more happens. */
  continuation(state: S): Step<S> | undefined;
  /** Everything due is committed, no promise or cut is pending. */
  isSettled(state: S): boolean;
  /** One or more lines for the time line; without it every change of a component is shown. */
  describe?(state: S): string;
}

/** What stands for the whole state before and after one step. */
export function stepNamed<S extends object>(
  world: World<S>,
  state: S,
  label: string,
): Step<S> | undefined {
  const step = world.steps(state).find((candidate) => candidate.label() === label);
  if (step !== undefined) return step;
  const next = world.continuation(state);
  return next?.label() === label ? next : undefined;
}
