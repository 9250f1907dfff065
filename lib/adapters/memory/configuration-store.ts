/** What was refused of each pool's configuration, in memory, for tests. */
import {
  shortened,
  type ConfigurationState,
  type ConfigurationStore,
} from "#ports/configuration-store.ts";

export function memoryConfigurationStore(): ConfigurationStore {
  const states = new Map<string, ConfigurationState>();
  return {
    put(state) {
      states.set(state.pool, shortened(state));
      return Promise.resolve();
    },
    find: (pool) => Promise.resolve(states.get(pool)),
  };
}
