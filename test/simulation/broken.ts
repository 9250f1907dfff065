/** Stores with something wrong in them, to see that the checks bite. */
import type { Backend, Stores } from "./backend.ts";

/** Every process's stores are changed; what checks look at isn't. */
export function brokenBackend(
  sound: Backend,
  change: (stores: Stores) => Partial<Stores>,
): Backend {
  return {
    direct: sound.direct,
    reach(reach) {
      const stores = sound.reach(reach);
      return { ...stores, ...change(stores) };
    },
  };
}
