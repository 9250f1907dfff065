/** A server of a test's own, on a free port of loopback. */
import { once } from "node:events";
import type { Server } from "node:http";

export interface Loopback {
  readonly endpoint: string;
  /** Connections under way are cut. */
  stop(): Promise<void>;
}

export async function onLoopback(server: Server): Promise<Loopback> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
