/**
 * The Lambda Invoke API on loopback: the SDK's client and `aws lambda invoke --endpoint-url` call
 * local functions through it.
 *
 *     POST /2015-03-31/functions/{name}/invocations     X-Amz-Invocation-Type: Event | RequestResponse | DryRun
 *
 * Holds: answers only programs of this machine: a browser's request names an origin, or another
 *        host than ours, and is refused.
 * Source: AWS Lambda API reference, "Invoke" (2026-11).
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { FunctionName } from "#functions/manifest.ts";
import type { LocalInvoker } from "./invoker.ts";
import { localLimits } from "./local-limits.ts";

export interface LambdaApi {
  readonly endpoint: string;
  close(): Promise<void>;
}

export interface LambdaApiOptions {
  readonly invoker: Pick<LocalInvoker, "invoke" | "invokeAsync">;
  readonly names: readonly FunctionName[];
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export async function startLambdaApi(options: LambdaApiOptions): Promise<LambdaApi> {
  const server = createServer((request, response) => {
    void reply(request, options).then(
      (made) => send(response, made),
      (error: unknown) => send(response, refusal(500, "ServiceException", String(error))),
    );
  });
  // A synchronous invocation lasts as long as its function may.
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has this kind
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const PATH = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/u;

async function reply(request: IncomingMessage, options: LambdaApiOptions): Promise<Reply> {
  const fault = refuseStranger(request);
  if (fault !== undefined) return fault;
  const [path = ""] = (request.url ?? "").split("?");
  const asked = PATH.exec(path)?.[1];
  if (asked === undefined || request.method !== "POST") {
    return refusal(404, "ResourceNotFoundException", "only POST …/functions/{name}/invocations");
  }
  const name = findName(decoded(asked), options.names);
  if (name === undefined) {
    const known = options.names.join(", ");
    return refusal(
      404,
      "ResourceNotFoundException",
      `Function not found: ${asked}; known: ${known}`,
    );
  }
  const type = header(request, "x-amz-invocation-type") ?? "RequestResponse";
  const body = await readBody(request, bodyMax(type));
  if (body === undefined) {
    return refusal(413, "RequestTooLargeException", `more than ${bodyMax(type)} bytes`);
  }
  const event = body === "" ? "{}" : body;
  if (!isJson(event)) {
    return refusal(400, "InvalidRequestContentException", "Could not parse request body into json");
  }
  return await invoke(options, { name, type, event });
}

interface Invocation {
  readonly name: FunctionName;
  readonly type: string;
  readonly event: string;
}

async function invoke(
  { invoker }: LambdaApiOptions,
  { name, type, event }: Invocation,
): Promise<Reply> {
  switch (type) {
    case "DryRun":
      return { status: 204 };
    case "Event": {
      const accepted = invoker.invokeAsync(name, event);
      if (accepted.kind === "throttled") return throttled();
      return { status: 202, headers: { "x-amzn-requestid": accepted.requestId } };
    }
    case "RequestResponse": {
      const outcome = await invoker.invoke(name, event);
      if (outcome === undefined) return throttled();
      return {
        status: 200,
        headers: {
          "content-type": "application/json",
          "x-amzn-requestid": outcome.requestId,
          "x-amz-executed-version": "$LATEST",
          ...(outcome.kind !== "succeeded" && { "x-amz-function-error": "Unhandled" }),
        },
        body: outcome.payload,
      };
    }
    default:
      return refusal(400, "InvalidParameterValueException", `unknown invocation type ${type}`);
  }
}

function throttled(): Reply {
  return refusal(429, "TooManyRequestsException", "no process is free, or the cloud stops");
}

/** A web page that somebody looks at must not be able to invoke anything here. */
function refuseStranger(request: IncomingMessage): Reply | undefined {
  const host = (request.headers.host ?? "").replace(/:\d+$/u, "");
  const isOurs = host === "127.0.0.1" || host === "localhost";
  if (isOurs && request.headers.origin === undefined) return undefined;
  return refusal(403, "AccessDeniedException", "only for programs on this machine");
}

/** A name, a name with a qualifier, or an ARN. */
function findName(asked: string, names: readonly FunctionName[]): FunctionName | undefined {
  const parts = asked.split(":");
  return names.find((name) => parts[0] === name || parts.includes(name));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bodyMax(type: string): number {
  return type === "Event" ? localLimits.asyncPayloadBytesMax : localLimits.syncPayloadBytesMax;
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request) {
    const chunk: Buffer = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined;
    pieces.push(chunk);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function refusal(status: number, type: string, message: string): Reply {
  return {
    status,
    headers: { "content-type": "application/json", "x-amzn-errortype": type },
    body: JSON.stringify({ Type: "User", Message: message, message }),
  };
}

function send(response: ServerResponse, { status, headers = {}, body = "" }: Reply): void {
  response.writeHead(status, headers);
  response.end(body);
}
