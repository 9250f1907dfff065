/**
 * The CloudWatch sink as its contract tests it, on whatever speaks CloudWatch at an endpoint: the
 * stub, or a stand-in for all of AWS.
 */
import { GetMetricDataCommand, type CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { cloudWatchClient, type CloudWatchClientOptions } from "#adapters/cloudwatch/client.ts";
import { cloudWatchMetricSink } from "#adapters/cloudwatch/metric-sink.ts";
import { METRIC_DIMENSION, METRIC_NAMESPACE } from "#domain/metric.ts";
import type { EpochMs } from "#domain/units.ts";
import type {
  MetricSinkUnderTest,
  MetricStatistics,
} from "#test/contracts/metric-sink.contract.ts";
import { keptLog, type KeptLog } from "./quiet.ts";

export interface CloudWatchSinkUnderTest extends MetricSinkUnderTest {
  readonly client: CloudWatchClient;
  readonly log: KeptLog;
}

export function cloudWatchSinkUnderTest(
  options: CloudWatchClientOptions,
  namespace: string = METRIC_NAMESPACE,
): CloudWatchSinkUnderTest {
  const client = cloudWatchClient(options);
  const log = keptLog();
  return {
    client,
    log,
    sink: cloudWatchMetricSink({ client, namespace, log }),
    statistics: (pool, name, minuteAt) =>
      readStatistics(client, { namespace, pool, name, minuteAt }),
  };
}

export interface MetricPlace {
  readonly namespace: string;
  readonly pool: string;
  readonly name: string;
  readonly minuteAt: EpochMs;
}

/** What GetMetricData says of one metric and minute; undefined when nothing. */
export async function readStatistics(
  client: CloudWatchClient,
  { namespace, pool, name, minuteAt }: MetricPlace,
): Promise<MetricStatistics | undefined> {
  const Metric = {
    Namespace: namespace,
    MetricName: name,
    Dimensions: [{ Name: METRIC_DIMENSION, Value: pool }],
  };
  const stats = ["SampleCount", "Sum", "Minimum", "Maximum"] as const;
  const { MetricDataResults = [] } = await client.send(
    new GetMetricDataCommand({
      MetricDataQueries: stats.map((Stat) => ({
        Id: Stat.toLowerCase(),
        MetricStat: { Metric, Period: 60, Stat },
      })),
      StartTime: new Date(minuteAt),
      EndTime: new Date(minuteAt + 60_000),
    }),
  );
  const [sampleCount, sum, minimum, maximum] = stats.map(
    (stat) => MetricDataResults.find(({ Id }) => Id === stat.toLowerCase())?.Values?.[0],
  );
  if (sampleCount === undefined || sum === undefined) return undefined;
  if (minimum === undefined || maximum === undefined) return undefined;
  return { sampleCount, sum, minimum, maximum };
}
