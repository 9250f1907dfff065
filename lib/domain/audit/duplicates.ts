/** Captures of one (target, round) that were made more than once: what "redone" counts. */
import type { ChunkRecord } from "../sample.ts";
import type { EpochMs } from "../units.ts";

export interface Duplicate {
  readonly target: string;
  readonly round: EpochMs;
  readonly count: number;
}

export function duplicates(records: readonly ChunkRecord[]): Duplicate[] {
  const counts = new Map<string, Map<EpochMs, number>>();
  for (const record of records) {
    if (record.kind !== "sample" || record.round === undefined) continue;
    const rounds = counts.get(record.target) ?? new Map<EpochMs, number>();
    rounds.set(record.round, (rounds.get(record.round) ?? 0) + 1);
    counts.set(record.target, rounds);
  }
  return [...counts].flatMap(([target, rounds]) =>
    [...rounds].flatMap(([round, count]) => (count > 1 ? [{ target, round, count }] : [])),
  );
}
