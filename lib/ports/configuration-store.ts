/**
 * What was refused of a pool's configuration, as its last reader found it: one record a pool.
 *
 * Holds: the last write wins: whoever reads the endpoint files writes the whole state each time.
 * Fails: DependencyError.
 * Contract: test/contracts/configuration-store.contract.ts
 */
import type { EpochMs } from "#domain/units.ts";

export interface ConfigurationState {
  readonly pool: string;
  readonly readAt: EpochMs;
  /** Files and lines that were read. */
  readonly accepted: number;
  /** Those that were refused, and whose targets stay as they last were. */
  readonly refused: number;
  /** As a person reads them: file, line, found, expected. The first few are kept, shortened. */
  readonly problems: readonly string[];
}

export interface ConfigurationStore {
  put(state: ConfigurationState): Promise<void>;
  /** undefined when nobody has written one. */
  find(pool: string): Promise<ConfigurationState | undefined>;
}

const PROBLEMS_MAX = 10;
const PROBLEM_CHARS_MAX = 200;

/** What is kept of a state: at most about 2 KB. */
export function shortened(state: ConfigurationState): ConfigurationState {
  const { pool, readAt, accepted, refused } = state;
  const problems = state.problems
    .slice(0, PROBLEMS_MAX)
    .map((problem) => problem.slice(0, PROBLEM_CHARS_MAX));
  return { pool, readAt, accepted, refused, problems };
}
