/**
 * Where metrics go.
 *
 * Holds: publication never fails its caller: what could not be published is counted and said.
 * Contract: test/contracts/metric-sink.contract.ts
 */
import type { EpochMs } from "#domain/units.ts";

export type MetricUnit = "Milliseconds" | "Count" | "Count/Second";

export interface Metric {
  readonly name: string;
  readonly unit: MetricUnit;
  /** One value, or a distribution as values with their counts. */
  readonly values: readonly number[];
  readonly counts?: readonly number[];
}

export interface MetricBatch {
  readonly pool: string;
  readonly at: EpochMs;
  readonly metrics: readonly Metric[];
}

export interface MetricSink {
  publish(batch: MetricBatch): Promise<"published" | "dropped">;
}
