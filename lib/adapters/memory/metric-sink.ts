/**
 * Metrics in memory: for tests and simulations.
 *
 * Contract: test/contracts/metric-sink.contract.ts
 */
import type { MetricBatch, MetricSink } from "#ports/metric-sink.ts";

export interface MemoryMetricSink extends MetricSink {
  /** In the order of publication. */
  readonly batches: readonly MetricBatch[];
}

export function memoryMetricSink(): MemoryMetricSink {
  const batches: MetricBatch[] = [];
  return {
    batches,
    publish(batch) {
      const numbers = batch.metrics.flatMap(({ values, counts = [] }) => [...values, ...counts]);
      if (!numbers.every(Number.isFinite)) return Promise.resolve("dropped");
      batches.push(structuredClone(batch));
      return Promise.resolve("published");
    },
  };
}
