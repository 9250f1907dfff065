/**
 * What an SDK error means, by a table of names. Refused conditions are answers and never come here.
 *
 * In:    whatever a call threw                        Out: DependencyError, its cause kept
 * Holds: `retryable` is true where the same call may succeed later without anyone acting.
 * Fails: never.
 * Source: DynamoDB Developer Guide, "Error handling with DynamoDB" (read 2026-11); network errors by
 *        Node's codes.
 */
import { DependencyError } from "#domain/errors.ts";

const RETRYABLE = new Set([
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
  "ThrottlingError",
  "LimitExceededException",
  "InternalServerError",
  "InternalServerException",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "TransactionConflictException",
  "TransactionInProgressException",
  "ReplicatedWriteConflictException",
  "TimeoutError",
  "AbortError",
  "NetworkingError",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  // A clock that is off, or keys that are being renewed: both pass.
  "RequestTimeTooSkewed",
  "RequestExpired",
  "ExpiredTokenException",
]);

/** Who acts, where nobody waiting will help. */
const ADVICE = new Map([
  ["ResourceNotFoundException", "the table does not exist: deploy it, or start the local engine"],
  ["AccessDeniedException", "the function's role lacks this action on the table"],
  ["UnrecognizedClientException", "the credentials are not valid here"],
  ["CredentialsProviderError", "no credentials were found"],
  ["ValidationException", "the request is malformed: a bug of ours"],
]);

/** @param operation as metered, e.g. `lease.acquire`. */
export function dependencyError(operation: string, cause: unknown): DependencyError {
  const name = errorName(cause);
  const advice = ADVICE.get(name);
  const said = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
  return new DependencyError(
    `${operation}: the store answered ${name}${said}${advice === undefined ? "" : ` (${advice})`}`,
    { retryable: RETRYABLE.has(name), cause },
  );
}

/** The SDK's name where it has one, else Node's code. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return "Unknown";
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return error.name === "Error" && code !== undefined ? code : error.name;
}
