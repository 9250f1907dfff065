/**
 * What a target's records say about a span of time: uptime, p95, the last error.
 *
 * In:    records, ascending by time                      Out: Figures
 * Holds: uptime is the share of captures that succeeded; p95 is that of those that succeeded, by
 *        nearest rank: the latency that 95 % of them did not exceed.
 * Fails: never (pure).
 */
import type { TargetRecord } from "#domain/reader.ts";
import type { Failure, SampleRecord } from "#domain/sample.ts";
import type { DurationMs, EpochMs } from "#domain/units.ts";

export interface Figures {
  readonly captures: number;
  readonly failed: number;
  /** Rounds in which it was due and not captured. */
  readonly missed: number;
  /** 0 to 1; undefined without captures. */
  readonly uptime?: number;
  /** undefined where none succeeded. */
  readonly p95Ms?: DurationMs;
  readonly last?: SampleRecord;
  readonly lastFailure?: Failure & { readonly at: EpochMs };
}

export function figuresOf(records: readonly TargetRecord[]): Figures {
  const samples = records.filter((record) => record.kind === "sample");
  const succeeded = samples.filter(({ capture }) => capture.failure === undefined);
  const p95Ms = percentile(
    succeeded.map(({ capture }) => capture.durationMs),
    0.95,
  );
  const last = samples.at(-1);
  const lastFailed = samples.findLast(({ capture }) => capture.failure !== undefined)?.capture;
  return {
    captures: samples.length,
    failed: samples.length - succeeded.length,
    missed: records.length - samples.length,
    ...(samples.length > 0 && { uptime: succeeded.length / samples.length }),
    ...(p95Ms !== undefined && { p95Ms }),
    ...(last !== undefined && { last }),
    ...(lastFailed?.failure !== undefined && {
      lastFailure: { ...lastFailed.failure, at: lastFailed.startedAt },
    }),
  };
}

/** Nearest rank. */
function percentile(values: readonly DurationMs[], share: number): DurationMs | undefined {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)];
}
