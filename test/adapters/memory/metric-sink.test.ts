import { memoryMetricSink } from "#adapters/memory/metric-sink.ts";
import { metricSinkContract } from "#test/contracts/metric-sink.contract.ts";

metricSinkContract("memory", () => {
  const sink = memoryMetricSink();
  return Promise.resolve({ sink, published: () => Promise.resolve(sink.batches) });
});
