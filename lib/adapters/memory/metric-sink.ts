/**
 * Metrics in memory: for tests and simulations.
 *
 * Contract: test/contracts/metric-sink.contract.ts
 */
import { batchProblem, type MetricBatch, type MetricSink } from "#ports/metric-sink.ts";

export interface MemoryMetricSink extends MetricSink {
  /** In the order of publication. */
  readonly batches: readonly MetricBatch[];
}

export function memoryMetricSink(): MemoryMetricSink {
  const batches: MetricBatch[] = [];
  return {
    batches,
    publish(batch) {
      if (batchProblem(batch) !== undefined) return Promise.resolve("dropped");
      batches.push(structuredClone(batch));
      return Promise.resolve("published");
    },
  };
}
