/**
 * What services that keep secrets have in common: their client's settings, and what their errors mean.
 *
 * Holds: nothing of an answer gets into an error: the client's own may carry the answer's text, so
 *        it is not kept as the cause, and only its name is repeated.
 */
import { NodeHttpHandler, type NodeHttpHandlerOptions } from "@smithy/node-http-handler";
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { SecretResult } from "#ports/secrets.ts";
import { failureName, isPassing } from "../aws-failure.ts";

/** @throws DependencyError when the service can't be asked now; it has no cause. */
export interface SecretLookup {
  (id: string): Promise<SecretResult>;
}

export interface SecretClientSettings {
  readonly maxAttempts: number;
  readonly retryMode: "standard";
  readonly requestHandler: NodeHttpHandler;
}

const HANDLER: NodeHttpHandlerOptions = {
  connectionTimeout: limits.connectTimeoutMs,
  // From sent to headers; without `throwOnRequestTimeout` it would only warn.
  requestTimeout: limits.requestTimeoutMs,
  throwOnRequestTimeout: true,
  // An answer that stalls halfway.
  socketTimeout: limits.requestTimeoutMs,
  httpAgent: { keepAlive: true, maxSockets: limits.secretsAtOnceMax },
  httpsAgent: { keepAlive: true, maxSockets: limits.secretsAtOnceMax },
};

/** The endpoint is AWS's own, or what the SDK's variables name (AWS_ENDPOINT_URL_SSM and the like). */
export function secretClientSettings(): SecretClientSettings {
  return {
    maxAttempts: limits.storeAttemptsMax,
    retryMode: "standard",
    requestHandler: new NodeHttpHandler(HANDLER),
  };
}

/** Where nobody waiting will help. */
const ADVICE = new Map([
  ["AccessDeniedException", "the role may not read it, or the key it is encrypted with"],
  ["InvalidKeyId", "the key it is encrypted with is gone, or closed to the role"],
  ["DecryptionFailure", "the key it is encrypted with is gone, or closed to the role"],
  ["InvalidRequestException", "it is marked for deletion"],
  ["UnrecognizedClientException", "the credentials are not valid here"],
  ["CredentialsProviderError", "no credentials were found"],
]);

/**
 * @param what the reference, without the key in it.
 * @throws DependencyError for what passes.
 */
export function missingFor(what: string, cause: unknown): SecretResult {
  const name = failureName(cause);
  // An answer that can't be read is the network's doing; its text may be in the error's message.
  if (isPassing(cause) || name === "SyntaxError" || name === "Error") {
    throw new DependencyError(`${what} can't be looked up now: ${name}`, { retryable: true });
  }
  const advice = ADVICE.get(name);
  const why = advice === undefined ? name : `${name} (${advice})`;
  return { kind: "missing", reason: `is missing: ${why}` };
}

export function textResult(text: string | undefined): SecretResult {
  if (text === undefined) return { kind: "missing", reason: "is binary, expected a text" };
  if (text === "") return { kind: "missing", reason: "is empty" };
  if (Buffer.byteLength(text) > limits.secretBytesMax)
    return { kind: "missing", reason: `is longer than ${limits.secretBytesMax} bytes` };
  return { kind: "found", value: text };
}
