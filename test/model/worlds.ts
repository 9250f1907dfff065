/**
 * All worlds that are checked. Each area lists its own: a world, and how much of it `npm test` takes.
 */
import { HAND_OVER_WORLDS } from "./hand-over/worlds.ts";
import { LEASE_WORLDS } from "./leases/worlds.ts";
import type { RegisteredWorld } from "./registered.ts";
import { REQUEST_WORLDS } from "./requests/worlds.ts";

export const WORLDS: readonly RegisteredWorld[] = [
  ...LEASE_WORLDS,
  ...REQUEST_WORLDS,
  ...HAND_OVER_WORLDS,
];

/** @throws RangeError when there is none with this name. */
export function registeredWorld(name: string): RegisteredWorld {
  const found = WORLDS.find((world) => world.name === name);
  if (found !== undefined) return found;
  const names = WORLDS.map((world) => world.name).join(", ");
  throw new RangeError(`no world "${name}"; expected one of: ${names}`);
}
