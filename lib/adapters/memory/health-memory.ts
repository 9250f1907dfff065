/** What the health check remembers of each pool, in memory, for tests and simulations. */
import type { HealthMemory, HealthState } from "#ports/health-memory.ts";
import { frozen } from "./frozen.ts";

export function memoryHealthMemory(): HealthMemory {
  const states = new Map<string, HealthState>();
  return {
    put(state) {
      states.set(state.pool, frozen(state));
      return Promise.resolve();
    },
    find: (pool) => Promise.resolve(states.get(pool)),
  };
}
