/**
 * The demo's endpoints, as a process of their own: `node local/demo/server.ts`.
 *
 * Tells its port over the channel, and ends when whoever started it does.
 */
import { createServer, type ServerResponse } from "node:http";
import { behaviourOf } from "./behaviours.ts";

const FAILS_EVERY = 3;
const asked = new Map<string, number>();

const server = createServer((request, response) => {
  const path = request.url ?? "/";
  const behaviour = behaviourOf(path);
  switch (behaviour?.kind) {
    case undefined:
      answer(response, 404, { status: "unknown" });
      return;
    case "json":
      setTimeout(() => answer(response, behaviour.status, behaviour.body), behaviour.afterMs);
      return;
    case "flaky": {
      const times = (asked.get(path) ?? 0) + 1;
      asked.set(path, times % FAILS_EVERY);
      if (times % FAILS_EVERY === 0) answer(response, 500, { status: "failed" });
      else answer(response, 200, { status: "ok" });
      return;
    }
    case "hang":
      // Whoever asks gives up; the connection's end is all that is needed.
      return;
  }
});

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

// Longer than any cadence here, so that connections are reused.
server.keepAliveTimeout = 75_000;
server.listen(0, "127.0.0.1", 1_024, () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) process.send?.({ port: address.port });
});
process.on("disconnect", () => process.exit(0));
