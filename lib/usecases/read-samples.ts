/**
 * What is known of one target over a span of time: one record per round, newest hours read first.
 *
 * A chunk closed at C holds nothing that happened after C. So once all chunks closed at T or later
 * are read, what is known of rounds after T is final: reading goes back hour by hour and stops as
 * soon as the newest `limit` records are.
 *
 * In:    the target, since, until, limit                  Out: SamplesRead
 * Holds: exactly one record per (target, round), see #domain/reader.ts; memory is bounded by the
 *        records kept and by the names of one hour's chunks.
 * Fails: DependencyError when the store can't be read. Broken chunks and lines are counted, named
 *        and skipped; chunks that retention removes meanwhile are counted.
 */
import { limits } from "#domain/limits.ts";
import {
  targetReader,
  type ReaderSpan,
  type ReaderTarget,
  type TargetReader,
  type TargetRecord,
} from "#domain/reader.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import { chunkScan, type ScanCounts } from "./read-samples/chunk-scan.ts";

export interface ReadSamplesDeps {
  readonly store: Pick<SampleStore, "list" | "get">;
  readonly clock: Clock;
}

export interface ReadSamplesQuery {
  readonly pool: string;
  readonly target: string;
  /** The pool's, from its fleet record. */
  readonly slotsLog2: number;
  /** Helps to tell whether a slot's missed rounds were this target's. */
  readonly registered?: ReaderTarget["registered"];
  readonly since: EpochMs;
  /** Default: now. */
  readonly until?: EpochMs;
  /** The newest ones are kept; default and most `limits.samplesMax`. */
  readonly limit?: number;
}

export interface SamplesRead extends ScanCounts {
  /** Ascending by `timeOf`. */
  readonly records: readonly TargetRecord[];
  /** Whether older records in the span were left out, or may be: reading stops at `limit`. */
  readonly truncated: boolean;
}

const HOUR_MS = 3_600_000;
/** With clocks that are this far apart nothing is overlooked. */
const SKEW_MS = 2_000;
/**
 * What is recorded of a span after it ended (missed rounds, captures repeated after a crash) is
 * looked for this much later.
 */
const AFTERWARDS_MS = HOUR_MS;
/** Where nothing was found the next look back is twice as long, up to a day. */
const WINDOW_MAX_MS = 24 * HOUR_MS;
/** 27 years without a sample. */
const WINDOWS_MAX = 10_000;

export async function readSamples(
  { store, clock }: ReadSamplesDeps,
  query: ReadSamplesQuery,
): Promise<SamplesRead> {
  const now = clock.now();
  const { pool, target: id, slotsLog2, registered, since } = query;
  const until = query.until ?? epochMs(now + SKEW_MS);
  const limit = Math.min(query.limit ?? limits.samplesMax, limits.samplesMax);
  const span = { since, until, limit };
  const reader = targetReader({ id, slotsLog2, ...(registered !== undefined && { registered }) });
  const scan = chunkScan(store, { pool, target: id, slotsLog2 }, reader);

  const first = since - SKEW_MS;
  let to: number = Math.min(now, until) + AFTERWARDS_MS;
  let windowMs = HOUR_MS;
  for (let windows = 0; to > first && windows < WINDOWS_MAX; windows += 1) {
    const from = Math.max(first, Math.floor((to - windowMs) / HOUR_MS) * HOUR_MS);
    const found = await scan.read(epochMs(from), epochMs(to));
    windowMs = found > 0 ? HOUR_MS : Math.min(2 * windowMs, WINDOW_MAX_MS);
    to = from;
    if (isSettled(reader, span, from)) break;
  }
  const { records, truncated } = reader.answer(span);
  return { records, truncated: truncated || to > first, ...scan.counts() };
}

/** Whether chunks closed before `from` can't change the answer. */
function isSettled(reader: TargetReader, span: ReaderSpan, from: number): boolean {
  if (reader.sampleCount < span.limit) return false;
  const { records } = reader.answer(span);
  return (
    records.length >= span.limit && records.every((record) => nameOf(record) >= from + SKEW_MS)
  );
}

/** A round is named by a moment before all of its instants. */
function nameOf(record: TargetRecord): number {
  if (record.kind === "missed") return record.round;
  return record.round ?? record.capture.startedAt;
}
