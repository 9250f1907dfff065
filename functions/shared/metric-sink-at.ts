/**
 * The metric sink of a location.
 *
 * Holds: the SDK's client for CloudWatch is loaded only where it is asked for.
 */
import { filesystemMetricSink } from "#adapters/filesystem/metric-sink.ts";
import type { Log } from "#ports/log.ts";
import type { MetricSink } from "#ports/metric-sink.ts";
import type { MetricsLocation } from "./metrics-location.ts";

/** Made once for an environment; what a sink drops it says in the log of the invocation. */
export async function metricSinkAt(location: MetricsLocation): Promise<(log: Log) => MetricSink> {
  switch (location.kind) {
    case "file": {
      const { file } = location;
      return (log) => filesystemMetricSink({ file, log });
    }
    case "cloudwatch": {
      const { namespace } = location;
      const [{ cloudWatchClient }, { cloudWatchMetricSink }] = await Promise.all([
        import("#adapters/cloudwatch/client.ts"),
        import("#adapters/cloudwatch/metric-sink.ts"),
      ]);
      const client = cloudWatchClient();
      return (log) => cloudWatchMetricSink({ client, namespace, log });
    }
  }
}
