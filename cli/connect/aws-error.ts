/**
 * What AWS refused a command, as one message that says who acts.
 *
 * Holds: the cause is kept; `retryable` only where waiting may help.
 * Source: AWS's "Common errors" of its query and JSON protocols, and names that the SDK gives its
 *         own (read 2026-11).
 */
import { failureName, isPassing } from "#adapters/aws-failure.ts";
import { DependencyError } from "#domain/errors.ts";
import { chosenProfile } from "./aws-profile.ts";

const SIGN_IN =
  "the credentials are not valid (any more): sign in again (`aws sso login`), or renew them";

const ADVICE: readonly (readonly [names: readonly string[], advice: () => string])[] = [
  [["CredentialsProviderError", "TokenProviderError"], noCredentials],
  [
    [
      "ExpiredToken",
      "ExpiredTokenException",
      "InvalidClientTokenId",
      "UnrecognizedClientException",
      "SignatureDoesNotMatch",
      "IncompleteSignature",
    ],
    () => SIGN_IN,
  ],
  [
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"],
    () => "who you are signed in as may not do this: ask whoever runs the account",
  ],
];

/** Until somebody signs in again, all of them stay as they are. */
const STAYING: ReadonlySet<string> = new Set(ADVICE.flatMap(([names]) => names));

/** @param what was tried, e.g. "reading stack Lamplighter". */
export function awsError(what: string, cause: unknown): DependencyError {
  const name = failureName(cause);
  const said = cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
  const advice = ADVICE.find(([names]) => names.includes(name))?.[1]();
  const text = advice === undefined ? `${name}: ${said}` : `${advice} (${name}: ${said})`;
  return new DependencyError(`${what}: ${text}`, {
    retryable: isPassing(cause) && !STAYING.has(name),
    cause,
  });
}

function noCredentials(): string {
  const profile = chosenProfile();
  switch (profile.kind) {
    case "none":
      return "no AWS credentials: set AWS_PROFILE (after `aws sso login`, where it needs one), or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    case "there":
      return `profile ${JSON.stringify(profile.name)} (AWS_PROFILE) gives no credentials: sign in again (\`aws sso login\`) where it needs that, or name another`;
    case "missing":
      return `AWS_PROFILE: no profile is called ${JSON.stringify(profile.name)} in ${profile.where}`;
  }
}
