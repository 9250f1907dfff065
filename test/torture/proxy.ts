/**
 * A TCP proxy between the functions and the engine that does to connections what networks do.
 *
 * It doesn't look into what passes: a request is what a client sends, an answer what the engine
 * sends back. So it also loses answers of writes that were applied, and lets requests land that their
 * senders gave up long ago.
 *
 * Holds: bytes of one direction of one connection stay in order; in clear weather they pass at once.
 */
import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import type { Random } from "#test/support/rehearsal-random.ts";

export type Weather =
  | { readonly kind: "clear" }
  /** Both ways. */
  | { readonly kind: "slow"; readonly delayMs: readonly [least: number, most: number] }
  /** Of this share of connections the engine's answers never come: silence, or an end. */
  | { readonly kind: "lost-answers"; readonly share: number }
  /** This share of connections is held: what was sent reaches the engine so much later. */
  | { readonly kind: "late-writes"; readonly share: number; readonly holdMs: number }
  /** Nothing gets through, and nobody is told. */
  | { readonly kind: "silent" };

export interface StoreProxy {
  readonly endpoint: string;
  change(weather: Weather): void;
  /** Ends every connection there is. */
  cut(): number;
  readonly counts: {
    readonly connections: number;
    readonly answersLost: number;
    readonly landedLate: number;
    readonly cut: number;
  };
  stop(): Promise<void>;
}

/** What becomes of one connection: decided with the request that meets bad weather. */
type Fate = "fair" | "swallowed" | "ended" | "held" | "silent";

/** A held connection whose client is gone stays for its answer, but not for ever. */
const LANDED_WITHIN_MS = 5_000;

export async function startStoreProxy(enginePort: number, random: Random): Promise<StoreProxy> {
  const counts = { connections: 0, answersLost: 0, landedLate: 0, cut: 0 };
  const clients = new Set<Socket>();
  const sockets = new Set<Socket>();
  let weather: Weather = { kind: "clear" };

  function fateOf(): Fate {
    switch (weather.kind) {
      case "clear":
      case "slow":
        return "fair";
      case "silent":
        return "silent";
      case "lost-answers":
        if (random() >= weather.share) return "fair";
        return random() < 0.5 ? "swallowed" : "ended";
      case "late-writes":
        return random() < weather.share ? "held" : "fair";
    }
  }

  function delayMs(): number {
    return weather.kind === "slow" ? random.between(...weather.delayMs) : 0;
  }

  const server = createServer({ noDelay: true }, (client) => {
    counts.connections += 1;
    const engine = createConnection({ port: enginePort, host: "127.0.0.1", noDelay: true });
    let fate: Fate = "fair";
    let holdMs = 0;
    const toEngine = lane((bytes) => {
      if (client.destroyed) counts.landedLate += 1;
      engine.write(bytes);
    });
    const toClient = lane((bytes) => client.write(bytes));
    for (const socket of [client, engine]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      // An end that nobody asked for; whoever is on the other side sees it as such.
      socket.on("error", () => socket.destroy());
    }
    clients.add(client);
    client.on("data", (bytes) => {
      if (fate === "fair") {
        fate = fateOf();
        holdMs = fate === "held" && weather.kind === "late-writes" ? weather.holdMs : 0;
      }
      if (fate === "silent") return;
      toEngine.push(bytes, holdMs + delayMs());
    });
    engine.on("data", (bytes) => {
      if (weather.kind === "silent") fate = "silent";
      if (fate === "fair") toClient.push(bytes, delayMs());
      else counts.answersLost += 1;
      if (fate === "ended") client.destroy();
    });
    engine.once("close", () => client.destroy());
    client.once("close", () => {
      clients.delete(client);
      const linger = fate === "held" ? holdMs + LANDED_WITHIN_MS : 0;
      const timer = setTimeout(() => {
        toEngine.close();
        toClient.close();
        engine.destroy();
      }, linger);
      timer.unref();
    });
  });
  server.listen(0, "127.0.0.1", 1_024);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    change(next) {
      weather = next;
    },
    cut() {
      const found = clients.size;
      for (const client of clients) client.destroy();
      counts.cut += found;
      return found;
    },
    counts,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** One direction of a connection: what comes later waits for what came before. */
function lane(send: (bytes: Buffer) => void) {
  const waiting: { readonly bytes: Buffer; readonly dueAt: number }[] = [];
  let timer: NodeJS.Timeout | undefined;

  function drain(): void {
    timer = undefined;
    for (let head = waiting[0]; head !== undefined; head = waiting[0]) {
      const leftMs = head.dueAt - performance.now();
      if (leftMs > 0) {
        timer = setTimeout(drain, leftMs);
        return;
      }
      waiting.shift();
      send(head.bytes);
    }
  }

  return {
    push(bytes: Buffer, afterMs: number): void {
      if (afterMs <= 0 && waiting.length === 0) {
        send(bytes);
        return;
      }
      const dueAt = Math.max(performance.now() + afterMs, waiting.at(-1)?.dueAt ?? 0);
      waiting.push({ bytes, dueAt });
      if (timer === undefined) drain();
    },
    close(): void {
      clearTimeout(timer);
      waiting.length = 0;
    },
  };
}
