/**
 * The SDK's client for chunks, with every default that matters written out.
 *
 * Holds: a call ends within attempts x (connect + request) plus back-off; nothing is retried above
 *        it but conflicts on one key and answers that are cut off (see sample-store.ts).
 * Fails: never when made; its calls do.
 * Source: "Performance design patterns for Amazon S3" (small requests: repeat after 2 s), read 2026-11.
 */
import { S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { limits } from "#domain/limits.ts";

export interface S3ClientOptions {
  /**
   * undefined for AWS, or what AWS_ENDPOINT_URL_S3 names; else a stand-in, which checks no
   * credentials and finds the bucket in the path.
   */
  readonly endpoint?: string;
  /** Needed with an endpoint that is not AWS; else from the environment. */
  readonly region?: string;
  /** Default `limits.objectRequestTimeoutMs`. */
  readonly requestTimeoutMs?: number;
}

/** As many as are ever under way: chunks being put, and chunks being read. */
const CONNECTIONS_MAX = limits.chunkPutsMax + limits.chunkReadsAtOnceMax;

export function s3Client(options: S3ClientOptions = {}): S3Client {
  const { endpoint, region, requestTimeoutMs = limits.objectRequestTimeoutMs } = options;
  return new S3Client({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && {
      endpoint,
      region: region ?? "us-east-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      forcePathStyle: true,
    }),
    maxAttempts: limits.objectAttemptsMax,
    retryMode: "standard",
    // We send SHA-256 with each put, and each frame of a chunk carries a checksum that is checked
    // when it is opened: checksums of the SDK's own would be computed and nobody would need them.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // A chunk is sent at once: asking first costs a round trip, and a refusal 4 MB at most.
    expectContinueHeader: false,
    // A bucket in another region is a mistake in the configuration: it should be seen.
    followRegionRedirects: false,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectTimeoutMs,
      // From sent to headers; without `throwOnRequestTimeout` it would only warn.
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      // An answer that stalls halfway.
      socketTimeout: requestTimeoutMs,
      httpAgent: { keepAlive: true, maxSockets: CONNECTIONS_MAX },
      httpsAgent: { keepAlive: true, maxSockets: CONNECTIONS_MAX },
    }),
  });
}
