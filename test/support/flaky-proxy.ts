/**
 * An HTTP proxy before the engine that does to answers what networks do: loses them after the write
 * was applied, holds them for ever, cuts them in the middle.
 *
 * It can also let something happen between a caller's read and its write.
 *
 * Holds: the engine has always answered before an answer is lost; requests without a fault pass through.
 */
import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import { onLoopback } from "./loopback.ts";

/**
 * lose: closed without an answer; hold: never answered; cut: headers and half a body, then nothing.
 * Without reaching the engine, in its stead: conflict: another transaction is on it; unprocessed: a
 * batch of which nothing was taken; throttle: too many requests at the moment.
 */
export type Fault = "lose" | "hold" | "cut" | "conflict" | "unprocessed" | "throttle";

export interface FlakyProxy {
  readonly endpoint: string;
  /** The next `count` requests of this DynamoDB operation meet the fault. */
  fail(operation: string, fault: Fault, count?: number): void;
  /** Runs before the next request of this operation is passed on: what happens between read and write. */
  before(operation: string, action: () => Promise<unknown>): void;
  /** Requests of this operation that reached the proxy. */
  seen(operation: string): number;
  stop(): Promise<void>;
}

export async function flakyProxy(target: string): Promise<FlakyProxy> {
  const faults = new Map<string, Fault[]>();
  const actions = new Map<string, () => Promise<unknown>>();
  const seen = new Map<string, number>();

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const operation = String(incoming.headers["x-amz-target"]).split(".")[1] ?? "";
    seen.set(operation, (seen.get(operation) ?? 0) + 1);
    const fault = faults.get(operation)?.shift();
    const action = actions.get(operation);
    actions.delete(operation);
    await action?.();
    const { status, headers, body } = await answerTo(fault, operation, target, incoming);
    switch (fault) {
      case undefined:
      case "conflict":
      case "unprocessed":
      case "throttle":
        outgoing.writeHead(status, headers).end(body);
        return;
      case "lose":
        outgoing.destroy();
        return;
      case "hold":
        return;
      case "cut":
        outgoing.writeHead(status, headers).write(body.subarray(0, body.length / 2));
        return;
    }
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const { endpoint, stop } = await onLoopback(server);
  return {
    endpoint,
    fail(operation, fault, count = 1) {
      faults.set(
        operation,
        Array.from({ length: count }, () => fault),
      );
    },
    before(operation, action) {
      actions.set(operation, action);
    },
    seen: (operation) => seen.get(operation) ?? 0,
    stop,
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

async function answerTo(
  fault: Fault | undefined,
  operation: string,
  target: string,
  incoming: IncomingMessage,
): Promise<Answer> {
  if (fault === "conflict") return answer(400, conflictIn(operation));
  if (fault === "throttle") return answer(400, throttleOf(operation));
  if (fault !== "unprocessed") return await forward(target, incoming);
  const { RequestItems } = JSON.parse((await buffer(incoming)).toString()) as {
    readonly RequestItems: unknown;
  };
  return answer(200, { UnprocessedItems: RequestItems });
}

/** As DynamoDB says it: of a transaction with its reasons, of a single write in a word. */
function conflictIn(operation: string): object {
  const type = (name: string): string => `com.amazonaws.dynamodb.v20120810#${name}`;
  const message = "Transaction is ongoing for the item";
  if (operation !== "TransactWriteItems") {
    return { __type: type("TransactionConflictException"), message };
  }
  const CancellationReasons = [{ Code: "TransactionConflict", Message: message }, { Code: "None" }];
  return { __type: type("TransactionCanceledException"), message, CancellationReasons };
}

/** The same two forms. */
function throttleOf(operation: string): object {
  const type = (name: string): string => `com.amazonaws.dynamodb.v20120810#${name}`;
  const message = "The level of configured provisioned throughput for the table was exceeded";
  if (operation !== "TransactWriteItems") {
    return { __type: type("ProvisionedThroughputExceededException"), message };
  }
  const CancellationReasons = [{ Code: "ThrottlingError", Message: message }, { Code: "None" }];
  return { __type: type("TransactionCanceledException"), message, CancellationReasons };
}

function answer(status: number, body: object): Answer {
  const headers = { "content-type": "application/x-amz-json-1.0" };
  return { status, headers, body: Buffer.from(JSON.stringify(body)) };
}

async function forward(target: string, incoming: IncomingMessage): Promise<Answer> {
  const body = await buffer(incoming);
  const { method = "POST", headers, url = "/" } = incoming;
  const request = httpRequest(new URL(url, target), { method, headers, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const { statusCode, headers: answered } = response;
  return { status: statusCode ?? 502, headers: answered, body: await buffer(response) };
}
