/**
 * What went wrong with an object, in words that say who acts.
 *
 * In:    what was tried, the client's error            Out: DependencyError, its cause kept
 */
import { DependencyError } from "#domain/errors.ts";
import { failureName, isPassing } from "../aws-failure.ts";

/** Where nobody waiting will help. */
const ADVICE = new Map([
  ["NoSuchBucket", "the bucket does not exist: deploy it, or correct SAMPLES_LOCATION"],
  ["AccessDenied", "the role may not do this here, or the bucket's key is closed to it"],
  ["PermanentRedirect", "the bucket is in another region"],
  ["InvalidAccessKeyId", "the credentials are not valid here"],
  ["SignatureDoesNotMatch", "the credentials are not valid here"],
  ["CredentialsProviderError", "no credentials were found"],
  ["KMS.DisabledException", "the bucket's key is disabled"],
  ["KMS.NotFoundException", "the bucket's key is gone"],
]);

/** @param what in words, with the object's or the bucket's name: `keep chunk … in s3://…`. */
export function objectFailure(what: string, cause: unknown): DependencyError {
  const name = failureName(cause);
  const said = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
  const advice = ADVICE.get(name);
  return new DependencyError(
    `can't ${what}: S3 answered ${name}${said}${advice === undefined ? "" : ` (${advice})`}`,
    { retryable: isPassing(cause), cause },
  );
}
