/** A context as the platform hands it over, with a deadline that can be set. */
import type { Context } from "aws-lambda";

/** Without the callbacks of older runtimes, which Node 24 on Lambda ignores. */
type CurrentContext = Omit<Context, "done" | "fail" | "succeed">;

export interface ContextOptions {
  readonly leftMs?: number;
  /** Aborted by a platform that drains. */
  readonly lamplighterStop?: AbortSignal;
}

export function lambdaContext({ leftMs = 60_000, lamplighterStop }: ContextOptions = {}): Context {
  const endsAt = Date.now() + leftMs;
  const context: CurrentContext = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: "f",
    functionVersion: "$LATEST",
    invokedFunctionArn: "arn:aws:lambda:local:000000000000:function:f",
    memoryLimitInMB: "256",
    awsRequestId: "request-1",
    logGroupName: "",
    logStreamName: "",
    getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()),
    ...(lamplighterStop !== undefined && { lamplighterStop }),
  };
  // The interface still asks for them; nothing of ours calls them.
  return context as Context;
}
