/**
 * What an AWS client's error means: whether the same call may succeed later without anyone acting.
 *
 * In:    whatever a call threw                        Out: its name, whether it passes
 * Holds: true for throttling, faults of the service (5xx), lost and slow connections, and keys or a
 *        clock that are just being put right; false for everything that says "not like this".
 * Fails: never.
 * Source: "Retry behavior", AWS SDKs and Tools Reference Guide; "List of error codes", Amazon S3 API
 *         reference (both read 2026-11); network errors by Node's codes.
 */

const PASSING = new Set([
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "RequestThrottled",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "ConditionalRequestConflict",
  "OperationAborted",
  "InternalError",
  "InternalServerError",
  "InternalServiceError",
  "ServiceUnavailable",
  "RequestTimeout",
  "TimeoutError",
  "AbortError",
  "NetworkingError",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  // A clock that is off, or keys that are being renewed: both pass.
  "RequestTimeTooSkewed",
  "RequestExpired",
  "ExpiredToken",
  "ExpiredTokenException",
]);

const TOO_MANY = 429;
const SERVER_FAULT = 500;

export function isPassing(error: unknown): boolean {
  if (PASSING.has(failureName(error))) return true;
  const status = httpStatus(error);
  return status !== undefined && (status === TOO_MANY || status >= SERVER_FAULT);
}

/** The service's name for it where it has one, else Node's code. */
export function failureName(error: unknown): string {
  if (!(error instanceof Error)) return "Unknown";
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return error.name === "Error" && code !== undefined ? code : error.name;
}

/** As the client recorded it; undefined where no answer came. */
export function httpStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) {
    return undefined;
  }
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}
