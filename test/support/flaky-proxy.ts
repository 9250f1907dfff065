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

/** lose: closed without an answer; hold: never answered; cut: headers and half a body, then nothing. */
export type Fault = "lose" | "hold" | "cut";

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
    const { status, headers, body } = await forward(target, incoming);
    switch (fault) {
      case undefined:
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
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
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
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

async function forward(target: string, incoming: IncomingMessage): Promise<Answer> {
  const body = await buffer(incoming);
  const { method = "POST", headers, url = "/" } = incoming;
  const request = httpRequest(new URL(url, target), { method, headers, agent: false });
  request.end(body);
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
}
