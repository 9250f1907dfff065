/**
 * Starts functions asynchronously through the Lambda API: AWS's own, or one that speaks like it.
 *
 * Holds: one call, one event accepted; whether it runs once or twice is the platform's business, or
 *        ours where an answer was lost. A call ends within attempts x (connect + request) plus back-off.
 * Fails: DependencyError, retryable when the same call may succeed later.
 */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { Invoker } from "#ports/invoker.ts";

export interface LambdaInvokerOptions {
  /** Empty means AWS. */
  readonly endpoint: string;
  readonly collectFunction: string;
  /** undefined where nobody starts the rebalancer but its schedule. */
  readonly rebalanceFunction?: string;
  /** Default `limits.invokeRequestTimeoutMs`. */
  readonly requestTimeoutMs?: number;
}

const ACCEPTED = 202;

/** What somebody must change before the same call can succeed. */
const NOT_RETRYABLE: ReadonlySet<string> = new Set([
  "ResourceNotFoundException",
  "AccessDeniedException",
  "InvalidRequestContentException",
  "InvalidParameterValueException",
  "RequestTooLargeException",
]);

export function lambdaInvoker(options: LambdaInvokerOptions): Invoker {
  const client = lambdaClient(options);

  async function start(functionName: string, event: object): Promise<void> {
    try {
      const command = new InvokeCommand({
        FunctionName: functionName,
        InvocationType: "Event",
        Payload: Buffer.from(JSON.stringify(event)),
      });
      const { StatusCode } = await client.send(command);
      if (StatusCode !== ACCEPTED) {
        throw new DependencyError(
          `${functionName} answered ${StatusCode ?? "nothing"}, expected ${ACCEPTED}`,
          { retryable: true },
        );
      }
    } catch (cause) {
      if (cause instanceof DependencyError) throw cause;
      const name = cause instanceof Error ? cause.name : String(cause);
      throw new DependencyError(`${functionName} could not be started: ${name}`, {
        retryable: !NOT_RETRYABLE.has(name),
        cause,
      });
    }
  }

  return {
    startCollector: ({ pool, lease }) => start(options.collectFunction, { pool, lease }),
    async startRebalancer(pool) {
      const { rebalanceFunction } = options;
      if (rebalanceFunction === undefined) {
        throw new DependencyError("no rebalance function is named here", { retryable: false });
      }
      await start(rebalanceFunction, { pool });
    },
  };
}

function lambdaClient({
  endpoint,
  requestTimeoutMs = limits.invokeRequestTimeoutMs,
}: LambdaInvokerOptions): LambdaClient {
  return new LambdaClient({
    maxAttempts: limits.storeAttemptsMax,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectTimeoutMs,
      // From sent to headers; without `throwOnRequestTimeout` it would only warn.
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      // An answer that stalls halfway.
      socketTimeout: requestTimeoutMs,
    }),
    // Whoever speaks like Lambda elsewhere asks for no credentials, and looking for some takes seconds.
    ...(endpoint !== "" && {
      endpoint,
      region: "local",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    }),
  });
}
