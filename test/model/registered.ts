/** A world as the commands know it: its states' type is its own business. */
import { explore, replay, type ExploreLimits, type Outcome, type World } from "./explore.ts";

export interface RegisteredWorld {
  readonly name: string;
  /** At most this many states in `npm test`, 0 for none; undefined for a world that is small as it is. */
  readonly small: number | undefined;
  explore(limits: ExploreLimits): Outcome;
  replay(labels: readonly string[]): { readonly broken: string | undefined };
}

interface Sizes {
  /** 0: nothing of it in `npm test`. */
  readonly small?: number;
  /** Never more than so many states of it. */
  readonly statesMax?: number;
}

export function registered<S extends object>(
  world: World<S>,
  { small, statesMax = Number.POSITIVE_INFINITY }: Sizes = {},
): RegisteredWorld {
  return {
    name: world.name,
    small,
    explore: (limits) =>
      explore(world, { ...limits, statesMax: Math.min(limits.statesMax, statesMax) }),
    replay: (labels) => ({ broken: replay(world, labels).broken }),
  };
}
