/** What was refused of each pool's configuration, in memory, for tests. */
import type { ConfigurationState, ConfigurationStore } from "#ports/configuration-store.ts";

export function memoryConfigurationStore(): ConfigurationStore {
  const states = new Map<string, ConfigurationState>();
  return {
    put(state) {
      states.set(state.pool, state);
      return Promise.resolve();
    },
    find: (pool) => Promise.resolve(states.get(pool)),
  };
}
