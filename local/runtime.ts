/**
 * The process that runs one function, as Lambda's runtime does: `node … local/runtime.ts <name>`.
 *
 * Imports functions/<name>/handler.ts, says that it is ready, then runs one invocation after the
 * other as the supervisor hands them in. Between them it is frozen, from outside.
 *
 * Holds: it ends when its supervisor does.
 */
import { enableCompileCache, flushCompileCache } from "node:module";
import type { Context, Handler } from "aws-lambda";
import {
  toRuntimeSchema,
  type FromRuntime,
  type FunctionError,
  type ToRuntime,
} from "./messages.ts";

/** Callbacks of older runtimes: Node 24 on Lambda has none. */
type ContextNow = Omit<Context, "done" | "fail" | "succeed">;

/** What handlers get beyond Lambda's own context; deployed functions don't have it. */
export interface LocalContext extends ContextNow {
  /** Aborted when the local cloud stops: let go, what is open is not waited for long. */
  readonly lamplighterStop: AbortSignal;
}

type Invocation = Extract<ToRuntime, { kind: "invoke" }>;

const stop = new AbortController();

function send(message: FromRuntime): void {
  process.send?.(message);
}

function errorOf(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  const trace = error.stack?.split("\n");
  return {
    errorType: error.name,
    errorMessage: error.message,
    ...(trace !== undefined && { trace }),
  };
}

function contextOf(functionName: string, { requestId, deadlineAt }: Invocation): LocalContext {
  const region = process.env["AWS_REGION"] ?? "local";
  return {
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:${region}:000000000000:function:${functionName}`,
    memoryLimitInMB: process.env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] ?? "0",
    awsRequestId: requestId,
    logGroupName: process.env["AWS_LAMBDA_LOG_GROUP_NAME"] ?? "",
    logStreamName: process.env["AWS_LAMBDA_LOG_STREAM_NAME"] ?? "",
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineAt - Date.now()),
    lamplighterStop: stop.signal,
  };
}

async function run(handler: Handler, functionName: string, invocation: Invocation): Promise<void> {
  const { requestId } = invocation;
  try {
    const event: unknown = JSON.parse(invocation.event);
    // Lambda calls with two arguments and awaits; the third is the callback of older runtimes.
    const result: unknown = await Reflect.apply(handler, undefined, [
      event,
      contextOf(functionName, invocation),
    ]);
    // Lambda answers with null where a handler returns nothing.
    send({ kind: "result", requestId, payload: JSON.stringify(result ?? null) });
  } catch (error) {
    send({ kind: "error", requestId, error: errorOf(error) });
  }
}

function isHandler(value: unknown): value is Handler {
  return typeof value === "function";
}

async function loadHandler(functionName: string): Promise<Handler> {
  const folder = process.env["LAMPLIGHTER_FUNCTION_FOLDER"] ?? "";
  const url = new URL(`${folder}/handler.ts`, new URL("../", import.meta.url));
  const loaded: unknown = await import(url.href);
  const handler: unknown = Reflect.get(Object(loaded), "handler");
  if (isHandler(handler)) return handler;
  throw new TypeError(`${functionName}: ${url.pathname} exports no function named handler`);
}

async function main(functionName: string): Promise<void> {
  enableCompileCache();
  // A supervisor that is gone sends nothing more: whoever it was that started us, we end with it.
  process.on("disconnect", () => process.exit(0));
  let handler: Handler;
  try {
    handler = await loadHandler(functionName);
  } catch (error) {
    send({ kind: "init-failed", error: errorOf(error) });
    return;
  }
  process.on("message", (message: unknown) => {
    const request = toRuntimeSchema.parse(message);
    switch (request.kind) {
      case "invoke":
        void run(handler, functionName, request);
        return;
      case "stop":
        stop.abort();
        return;
    }
  });
  // Otherwise it is written at the process's end, and these are killed.
  flushCompileCache();
  send({ kind: "ready" });
}

await main(process.argv[2] ?? "");
