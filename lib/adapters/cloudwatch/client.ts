/**
 * The SDK's client for metrics, with every default that matters written out.
 *
 * The SDK is the layer that retries: one more attempt after throttling, faults of the service and
 * lost connections, within a second or so. Nothing above it does: the next minute's metrics matter
 * more than this one's.
 *
 * Holds: a call ends within attempts x (connect + request) plus back-off, about six seconds.
 * Fails: never when made; its calls do.
 */
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { limits } from "#domain/limits.ts";

export interface CloudWatchClientOptions {
  /**
   * undefined for AWS, or what AWS_ENDPOINT_URL_CLOUDWATCH names; else a stand-in, which checks no
   * credentials.
   */
  readonly endpoint?: string;
  /** Needed with an endpoint that is not AWS; else from the environment. */
  readonly region?: string;
  /** Default `limits.metricRequestTimeoutMs`. */
  readonly requestTimeoutMs?: number;
}

export function cloudWatchClient(options: CloudWatchClientOptions = {}): CloudWatchClient {
  const { endpoint, region, requestTimeoutMs = limits.metricRequestTimeoutMs } = options;
  return new CloudWatchClient({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && {
      endpoint,
      region: region ?? "us-east-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    }),
    maxAttempts: limits.metricAttemptsMax,
    retryMode: "standard",
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectTimeoutMs,
      // From sent to headers; without `throwOnRequestTimeout` it would only warn.
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      // An answer that stalls halfway.
      socketTimeout: requestTimeoutMs,
    }),
  });
}
