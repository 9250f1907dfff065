/** Captures of one (target, round) that were made more than once: what "redone" counts. */
import type { ChunkRecord } from "../sample.ts";
import type { EpochMs } from "../units.ts";

export interface Duplicate {
  readonly target: string;
  readonly round: EpochMs;
  readonly count: number;
}

export function duplicates(records: readonly ChunkRecord[]): Duplicate[] {
  // Rounds of two cadences may have one name: a target that changes its cadence has both.
  const counts = new Map<string, Duplicate>();
  for (const record of records) {
    if (record.kind !== "sample" || record.round === undefined) continue;
    const { target, cadence, round } = record;
    const key = `${round} ${cadence} ${target}`;
    counts.set(key, { target, round, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].filter(({ count }) => count > 1);
}
