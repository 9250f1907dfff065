/**
 * From what went wrong on the network to a failure that a person and a program understand.
 *
 * In:    errors of Node and undici, and where the capture stood      Out: Failure
 * Holds: messages name hosts, addresses and codes; never a header, a body or a query.
 */
import type { Failure, FailureCode } from "#domain/sample.ts";
import { errors } from "./undici.ts";

/** How far a capture had come. */
export type Stage = "looking-up" | "queued" | "connecting" | "waiting" | "reading" | "judging";

/** A failure that travels as an exception through undici, whose handlers take errors only. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly failure: Failure;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = { code, message };
  }
}

export function failureOf(error: unknown, stage: Stage): Failure {
  if (error instanceof CaptureError) return error.failure;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof errors.InvalidArgumentError) {
    return { code: "configuration", message: `the request can't be sent: ${message}` };
  }
  if (error instanceof errors.HeadersOverflowError) {
    return { code: "body-too-large", message: "the answer's head is larger than 16 KiB" };
  }
  if (error instanceof errors.ResponseContentLengthMismatchError) {
    return { code: "reset", message: "the body was not as long as its content-length said" };
  }
  if (error instanceof errors.HTTPParserError) {
    return { code: "reset", message: `the answer is no HTTP/1.1: ${message}` };
  }
  if (isReset(error)) return { code: "reset", message: resetSentence(code, stage) };
  return { code: "internal", message: `${message}${code === undefined ? "" : ` (${code})`}` };
}

/** Whether the other side (or the way to it) ended the connection. */
export function isReset(error: unknown): boolean {
  if (error instanceof errors.SocketError) return true;
  const code = codeOf(error);
  return code !== undefined && RESETS.has(code);
}

const RESETS: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ECONNABORTED",
  "ETIMEDOUT",
  "ENETDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

function resetSentence(code: string | undefined, stage: Stage): string {
  const how = code === undefined || code.startsWith("UND_") ? "" : ` (${code})`;
  return stage === "reading"
    ? `the connection ended before the body did${how}`
    : `the connection ended before an answer came${how}`;
}

export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Why no connection came about; `place` is host and port as a person reads them. */
export function connectFailure(error: unknown, place: string): CaptureError {
  if (error instanceof CaptureError) return error;
  const code = codeOf(error);
  const options = { cause: error };
  switch (code) {
    case "ECONNREFUSED":
      return new CaptureError("connect", `${place} refused the connection`, options);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENETDOWN":
      return new CaptureError("connect", `there is no way to ${place} (${code})`, options);
    case "ECONNRESET":
      return new CaptureError("connect", `${place} ended the connection at once`, options);
    case "EMFILE":
    case "ENFILE":
      return new CaptureError("internal", `no descriptor left for a socket (${code})`, options);
    case undefined:
    default:
      return new CaptureError("connect", `no connection to ${place} (${code ?? "?"})`, options);
  }
}
