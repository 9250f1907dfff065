/** The worlds of slots that change hands while their rounds are captured. */
import { registered, type RegisteredWorld } from "../registered.ts";
import { HAND_OVERS } from "./bounds.ts";
import { handOverWorld } from "./world.ts";

/** As many states of each as `npm test` has time for. */
const SMALL = 8_000;

export const HAND_OVER_WORLDS: readonly RegisteredWorld[] = HAND_OVERS.map((bounds) =>
  registered(handOverWorld(bounds), { small: SMALL }),
);
