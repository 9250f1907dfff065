/**
 * What an SDK error means, by a table of names. Refused conditions are answers and never come here.
 *
 * In:    whatever a call threw                        Out: DependencyError, its cause kept
 * Holds: `retryable` is true where the same call may succeed later without anyone acting.
 * Fails: never.
 * Source: DynamoDB Developer Guide, "Error handling with DynamoDB" (read 2026-11).
 */
import { DependencyError } from "#domain/errors.ts";
import { failureName, isPassing } from "../aws-failure.ts";

/** Beside what passes with every service. */
const RETRYABLE = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingError",
  "LimitExceededException",
  "InternalServerException",
  "ServiceUnavailableException",
  "TransactionConflictException",
  "TransactionInProgressException",
  "ReplicatedWriteConflictException",
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
  const name = failureName(cause);
  const advice = ADVICE.get(name);
  const said = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
  return new DependencyError(
    `${operation}: the store answered ${name}${said}${advice === undefined ? "" : ` (${advice})`}`,
    { retryable: RETRYABLE.has(name) || isPassing(cause), cause },
  );
}
