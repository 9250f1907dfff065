/**
 * Metrics in CloudWatch.
 *
 * A publication is one request, or several for more than 1,000 metrics or 1 MB. Whatever goes wrong,
 * it answers `dropped`, says so in the log once, and its caller counts it: the count is a metric of
 * the next publication that succeeds. Attempts that fail for a moment are repeated by the SDK, once
 * (see client.ts). Such a repetition may count twice what CloudWatch had taken before its answer was
 * lost: sums of one minute may double, maxima and percentiles hardly change.
 *
 * Holds: never throws; of a batch that is refused for its values nothing is sent.
 * Contract: test/contracts/metric-sink.contract.ts
 */
import { PutMetricDataCommand, type CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { limits } from "#domain/limits.ts";
import type { Log, LogFields } from "#ports/log.ts";
import { batchProblem, type MetricSink } from "#ports/metric-sink.ts";
import { failureName } from "../aws-failure.ts";
import { requestsOf } from "./requests.ts";

export interface CloudWatchMetricSinkOptions {
  readonly client: CloudWatchClient;
  readonly namespace: string;
  readonly log: Log;
}

export function cloudWatchMetricSink({
  client,
  namespace,
  log,
}: CloudWatchMetricSinkOptions): MetricSink {
  return {
    async publish(batch) {
      const { pool } = batch;
      function dropped(fields: LogFields): "dropped" {
        log.warn("metrics.dropped", { namespace, pool, ...fields });
        return "dropped";
      }

      const problem = batchProblem(batch);
      if (problem !== undefined) return dropped({ reason: problem });
      const requests = requestsOf(batch);
      if (requests.length > limits.metricRequestsMax) {
        const expected = `expected at most ${limits.metricRequestsMax}`;
        return dropped({ reason: `found metrics for ${requests.length} requests, ${expected}` });
      }
      let sent = 0;
      try {
        for (const MetricData of requests) {
          await client.send(new PutMetricDataCommand({ Namespace: namespace, MetricData }));
          sent += 1;
        }
        return "published";
      } catch (error) {
        const reason = `${failureName(error)} at request ${sent + 1} of ${requests.length}`;
        return dropped({ reason, error });
      }
    },
  };
}
