/**
 * Sends one event through an Invoke API: AWS Lambda's, the local system's, or that of another which
 * speaks like it.
 *
 * Holds: an invocation is never repeated; another of its names is tried only where the first is
 *        unknown, so that nothing ran.
 * Fails: DependencyError.
 */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { httpStatus } from "#adapters/aws-failure.ts";
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { awsError } from "../../connect/aws-error.ts";

export interface Answer {
  readonly kind: "succeeded" | "accepted" | "failed";
  readonly payload: string;
}

export interface Receiver {
  /** undefined for AWS, with region and credentials as the SDK finds them. */
  readonly endpoint?: string;
  /** What the function may be called there; the first that is known counts. */
  readonly names: readonly string[];
  /** On top of the function's own time. */
  readonly marginMs: number;
}

export interface Sent {
  readonly name: FunctionName;
  /** As JSON. */
  readonly event: string;
  readonly isAsync: boolean;
}

export async function send(receiver: Receiver, sent: Sent): Promise<Answer> {
  const client = clientOf(receiver, manifest[sent.name].timeoutMs);
  const { endpoint, names } = receiver;
  try {
    for (const name of names) {
      const answer = await invokeAs(client, name, sent);
      if (answer !== undefined) return answer;
    }
  } catch (cause) {
    throw awsError(`${sent.name} could not be invoked`, cause);
  } finally {
    client.destroy();
  }
  throw new DependencyError(
    `no function at ${endpoint ?? "AWS"} is called ${names.join(" or ")}: is it deployed, or served there?`,
    { retryable: false },
  );
}

function clientOf({ endpoint, marginMs }: Receiver, timeoutMs: number): LambdaClient {
  return new LambdaClient({
    ...(endpoint !== undefined && {
      endpoint,
      region: "local",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    }),
    // An invocation is not repeated behind the person's back.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectTimeoutMs,
      requestTimeout: timeoutMs + marginMs,
      throwOnRequestTimeout: true,
    }),
  });
}

const NOT_FOUND = 404;

/** undefined when no function has this name. */
async function invokeAs(
  client: LambdaClient,
  functionName: string,
  { event, isAsync }: Sent,
): Promise<Answer | undefined> {
  try {
    const { FunctionError, Payload = new Uint8Array() } = await client.send(
      new InvokeCommand({
        FunctionName: functionName,
        InvocationType: isAsync ? "Event" : "RequestResponse",
        Payload: Buffer.from(event),
      }),
    );
    // Nothing comes back: the SDK then has null where its types say undefined.
    if (isAsync) return { kind: "accepted", payload: "" };
    const payload = Buffer.from(Payload).toString("utf8");
    return { kind: FunctionError === undefined ? "succeeded" : "failed", payload };
  } catch (cause) {
    // By its status: those who speak like Lambda don't agree on the error's name.
    if (httpStatus(cause) === NOT_FOUND) return undefined;
    throw cause;
  }
}
