/**
 * A batch of metrics as PutMetricData takes it.
 *
 * A distribution stays one, as values with their counts: unlike statistic sets, they keep
 * percentiles. One with more values than a datum takes is continued in the next: CloudWatch adds up
 * what it gets of one metric and minute.
 *
 * In:    a batch of any size                               Out: the data of each request
 * Holds: pure; each request is within the service's limits; standard resolution, one dimension.
 * Source: "PutMetricData" and "MetricDatum", Amazon CloudWatch API reference (read 2026-11).
 */
import type { MetricDatum } from "@aws-sdk/client-cloudwatch";
import { METRIC_DIMENSION } from "#domain/metric.ts";
import type { Metric, MetricBatch } from "#ports/metric-sink.ts";

export const VALUES_PER_DATUM_MAX = 150;
export const DATA_PER_REQUEST_MAX = 1_000;
/** 1 MB, less what is around the data. */
export const BYTES_PER_REQUEST_MAX = 1_000_000 - 2_000;

export function requestsOf(batch: MetricBatch): MetricDatum[][] {
  const requests: MetricDatum[][] = [];
  let current: MetricDatum[] = [];
  let bytes = 0;
  for (const datum of batch.metrics.flatMap((metric) => dataOf(metric, batch))) {
    // Its time stamp is shorter on the wire than here: an upper bound.
    const size = Buffer.byteLength(JSON.stringify(datum)) + 1;
    const isFull = current.length >= DATA_PER_REQUEST_MAX || bytes + size > BYTES_PER_REQUEST_MAX;
    if (current.length === 0 || isFull) {
      current = [];
      bytes = 0;
      requests.push(current);
    }
    current.push(datum);
    bytes += size;
  }
  return requests;
}

function dataOf({ name, unit, values, counts }: Metric, { pool, at }: MetricBatch): MetricDatum[] {
  const common = {
    MetricName: name,
    Dimensions: [{ Name: METRIC_DIMENSION, Value: pool }],
    Timestamp: new Date(at),
    Unit: unit,
  };
  const [only, ...others] = values;
  if (others.length === 0 && counts === undefined) return [{ ...common, Value: only }];
  const parts = Math.ceil(values.length / VALUES_PER_DATUM_MAX);
  return Array.from({ length: parts }, (_, part) => {
    const [from, to] = [part * VALUES_PER_DATUM_MAX, (part + 1) * VALUES_PER_DATUM_MAX];
    return {
      ...common,
      Values: values.slice(from, to),
      ...(counts !== undefined && { Counts: counts.slice(from, to) }),
    };
  });
}
