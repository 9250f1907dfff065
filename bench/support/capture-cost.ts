/**
 * What one capture costs a collector's processor and sends, by kind of connection: kept alive, new,
 * and new with TLS. Most public targets are of the last kind, since a server closes a connection that
 * is idle for a minute, and a collector holds 800 sockets.
 *
 * The server is a process of its own: `node bench/support/capture-cost.ts` is that one.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import * as z from "zod";
import { httpProbe } from "#adapters/http/http-probe.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { every } from "#domain/cadence.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import type { ProbeTask } from "#ports/probe.ts";

export const CONNECTION_KINDS = ["kept alive", "new", "new, TLS"] as const;
export type ConnectionKind = (typeof CONNECTION_KINDS)[number];

export interface CaptureCost {
  readonly cpuMs: number;
  /** Of the payload, as the other side counts it: headers of IP and TCP come on top. */
  readonly bytesSent: number;
}

const AT_ONCE = 32;
const TARGETS = 320;
const CERTIFICATES = new URL("../../test/adapters/http/certificates/", import.meta.url);
const started = z.object({ kept: z.number(), fresh: z.number(), tls: z.number() });
const counted = z.object({ bytes: z.number() });

/** @param captures how many of each kind. */
export async function captureCosts(
  captures: number,
): Promise<Readonly<Record<ConnectionKind, CaptureCost>>> {
  const server = fork(import.meta.filename, [], { execArgv: [] });
  try {
    const [first] = (await once(server, "message")) as unknown[];
    const ports = started.parse(first);
    const origin = (port: number, scheme = "http"): string => `${scheme}://127.0.0.1:${port}`;
    return {
      "kept alive": await measured(server, origin(ports.kept), captures),
      new: await measured(server, origin(ports.fresh), captures),
      "new, TLS": await measured(server, origin(ports.tls, "https"), captures),
    };
  } finally {
    server.kill();
  }
}

async function measured(
  server: ChildProcess,
  origin: string,
  captures: number,
): Promise<CaptureCost> {
  const secrets = { find: () => Promise.resolve({ kind: "missing", reason: "none" } as const) };
  const probe = httpProbe({ clock: systemClock(), secrets });
  const { signal } = new AbortController();
  const tasks = Array.from({ length: TARGETS }, (_, index) => taskFor(origin, index));
  const round = async (from: number): Promise<void> => {
    const batch = tasks.slice(from % TARGETS, (from % TARGETS) + AT_ONCE);
    for await (const results of probe.capture(batch, signal)) {
      for (const { capture } of results) {
        if (capture.failure !== undefined) throw new Error(capture.failure.message);
      }
    }
  };
  for (let done = 0; done < TARGETS; done += AT_ONCE) await round(done);
  const before = await bytesReceived(server);
  const cpu = process.cpuUsage();
  for (let done = 0; done < captures; done += AT_ONCE) await round(done);
  const { user, system } = process.cpuUsage(cpu);
  const bytes = (await bytesReceived(server)) - before;
  await probe.close();
  return { cpuMs: (user + system) / 1_000 / captures, bytesSent: Math.round(bytes / captures) };
}

function taskFor(origin: string, index: number): ProbeTask {
  const timeoutMs = durationMs(10_000);
  const target = {
    id: `t${index}`,
    pool: "bench",
    probe: {
      kind: "http" as const,
      url: `${origin}/health/${index}`,
      method: "GET",
      headers: {},
      timeoutMs,
      redirectsMax: 5,
      insecure: true,
      keep: [],
      assertions: [{ kind: "status" as const, allowed: [[200, 299] as const] }],
    },
    cadence: every(60_000),
    tags: {},
    revision: "1",
    registeredAt: epochMs(0),
  };
  return { target, timeoutMs };
}

async function bytesReceived(server: ChildProcess): Promise<number> {
  const answer = once(server, "message");
  server.send("count");
  const [told] = (await answer) as unknown[];
  return counted.parse(told).bytes;
}

async function serve(): Promise<void> {
  const open = new Set<Socket>();
  let closed = 0;
  const count = (socket: Socket): void => {
    open.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      closed += socket.bytesRead;
    });
  };
  const answer =
    (keep: boolean): RequestListener =>
    (_, response) => {
      if (!keep) response.setHeader("connection", "close");
      response.end('{"status":"ok"}');
    };
  const [cert, key] = ["good.pem", "good.key"].map((name) =>
    readFileSync(new URL(name, CERTIFICATES)),
  );
  const servers = {
    kept: createHttp(answer(true)),
    fresh: createHttp(answer(false)),
    tls: createHttps({ cert, key }, answer(false)),
  };
  const ports: Record<string, number> = {};
  for (const [name, server] of Object.entries(servers)) {
    server.on("connection", count);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ports[name] = (server.address() as AddressInfo).port; // a TCP server that listens has this kind
  }
  process.on("message", () => {
    process.send?.({ bytes: [...open].reduce((sum, { bytesRead }) => sum + bytesRead, closed) });
  });
  process.on("disconnect", () => process.exit());
  process.send?.(ports);
}

if (process.argv[1] === import.meta.filename) await serve();
