import { memoryMetricSink } from "#adapters/memory/metric-sink.ts";
import { metricSinkContract, statisticsOf } from "#test/contracts/metric-sink.contract.ts";

metricSinkContract("memory", () => {
  const sink = memoryMetricSink();
  return Promise.resolve({
    sink,
    statistics: (...place) => Promise.resolve(statisticsOf(sink.batches, ...place)),
  });
});
