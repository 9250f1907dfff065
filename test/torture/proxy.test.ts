/** Real connections through the proxy, to an engine that counts what reaches it. */
import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { becomes } from "#local/engine-process.ts";
import { seededRandom } from "#test/support/rehearsal-random.ts";
import { startStoreProxy, type StoreProxy } from "./proxy.ts";

const WITHIN_MS = 5_000;
const ending: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

describe("the proxy before the store", () => {
  it("passes requests and answers in clear weather", async () => {
    const { ask, engine } = await stage();
    const client = await ask("one");
    expect(await client.answers(1)).toBe(true);
    expect(engine.asked).toEqual(["one"]);
  });

  it("loses the answers of what the engine has done, with and without an end", async () => {
    const { ask, engine, proxy } = await stage();
    proxy.change({ kind: "lost-answers", share: 1 });
    const clients = await Promise.all(["a", "b", "c", "d", "e", "f"].map((text) => ask(text)));
    expect(await becomes(() => proxy.counts.answersLost === 6, WITHIN_MS)).toBe(true);
    expect(engine.asked.toSorted()).toEqual(["a", "b", "c", "d", "e", "f"]);
    expect(clients.map(({ got }) => got())).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await becomes(() => clients.some(({ isOpen }) => !isOpen()), WITHIN_MS)).toBe(true);
    expect(clients.some(({ isOpen }) => isOpen())).toBe(true);
  });

  it("lets a held request land after its sender has gone", async () => {
    const { ask, engine, proxy } = await stage();
    proxy.change({ kind: "late-writes", share: 1, holdMs: 300 });
    const client = await ask("late");
    client.end();
    await wait(50);
    expect(engine.asked).toEqual([]);
    expect(await becomes(() => engine.asked.length === 1, WITHIN_MS)).toBe(true);
    expect(proxy.counts.landedLate).toBe(1);
  });

  it("lets nothing through in silence, and refuses nobody; afterwards new connections are served", async () => {
    const { ask, engine, proxy } = await stage();
    proxy.change({ kind: "silent" });
    const client = await ask("unheard");
    await wait(100);
    expect(engine.asked).toEqual([]);
    expect(client.isOpen()).toBe(true);
    proxy.change({ kind: "clear" });
    expect(await (await ask("heard")).answers(1)).toBe(true);
  });

  it("keeps the order of one connection when the delay changes, and cuts what there is", async () => {
    const { ask, engine, proxy } = await stage();
    proxy.change({ kind: "slow", delayMs: [100, 101] });
    const client = await ask("first ");
    await wait(20);
    proxy.change({ kind: "clear" });
    client.write("second");
    expect(await becomes(() => engine.asked.join("") === "first second", WITHIN_MS)).toBe(true);
    expect(proxy.cut()).toBe(1);
    expect(await becomes(() => !client.isOpen(), WITHIN_MS)).toBe(true);
  });
});

interface Stage {
  readonly proxy: StoreProxy;
  readonly engine: { readonly asked: string[] };
  ask(text: string): Promise<Client>;
}

interface Client {
  write(text: string): void;
  end(): void;
  isOpen(): boolean;
  /** Answers received so far. */
  got(): number;
  answers(count: number): Promise<boolean>;
}

async function stage(): Promise<Stage> {
  const asked: string[] = [];
  const engine = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      asked.push(bytes.toString());
      socket.write(".");
    });
  });
  const proxy = await startStoreProxy(await portOf(engine), seededRandom(3));
  ending.push(() => void engine.close());
  ending.push(() => proxy.stop());
  return {
    proxy,
    engine: { asked },
    ask: (text) => connected(Number(new URL(proxy.endpoint).port), text),
  };
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function connected(port: number, text: string): Promise<Client> {
  const socket: Socket = createConnection({ port, host: "127.0.0.1" });
  let got = 0;
  socket.on("data", (bytes) => (got += bytes.length)).on("error", () => socket.destroy());
  ending.push(() => void socket.destroy());
  await once(socket, "connect");
  socket.write(text);
  return {
    write: (more) => void socket.write(more),
    end: () => void socket.destroy(),
    isOpen: () => !socket.destroyed,
    got: () => got,
    answers: (count) => becomes(() => got >= count, WITHIN_MS),
  };
}
