/**
 * Real servers on loopback and targets that point at them.
 */
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { httpProbe, type HttpProbe, type HttpProbeOptions } from "#adapters/http/http-probe.ts";
import { every } from "#domain/cadence.ts";
import type { HttpSettings } from "#domain/http-settings.ts";
import type { Capture } from "#domain/sample.ts";
import type { Target } from "#domain/target.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { Probe, ProbeTask } from "#ports/probe.ts";
import type { Secrets } from "#ports/secrets.ts";

export const wallClock: Clock = {
  now: () => epochMs(Date.now()),
  after: (span, wake) => {
    const timer = setTimeout(wake, span);
    return () => {
      clearTimeout(timer);
    };
  },
};

export function secretsOf(values: Readonly<Record<string, string>>): Secrets {
  return {
    find: (reference) => {
      const value = values[reference];
      return Promise.resolve(
        value === undefined
          ? { kind: "missing", reason: `${reference} is not set` }
          : { kind: "found", value },
      );
    },
  };
}

/** A probe that is closed when the test ends. */
export function testProbe(options: Partial<HttpProbeOptions> = {}): HttpProbe {
  const probe = httpProbe({ clock: wallClock, secrets: secretsOf({}), ...options });
  onTestFinished(() => probe.close());
  return probe;
}

export interface TestServer {
  readonly origin: string;
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: () => number;
  /** Most connections open at once. */
  readonly peak: () => number;
  /** Ends every connection, idle or not. */
  readonly hangUp: () => void;
}

export async function serve(listener: RequestListener, keepAliveMs = 60_000): Promise<TestServer> {
  const server = createServer({ keepAliveTimeout: keepAliveMs }, listener);
  return listen(server, "http");
}

export async function serveTls(
  name: "good" | "expired",
  listener: RequestListener,
): Promise<TestServer> {
  const options = { cert: certificate(name), key: readFileSync(fileOf(`${name}.key`)) };
  return listen(createTlsServer(options, listener), "https");
}

/** A server that speaks whatever `onSocket` does. */
export async function serveRaw(onSocket: (socket: Socket) => void): Promise<TestServer> {
  return listen(createTcpServer(onSocket), "http");
}

export function certificate(name: "good" | "expired"): string {
  return readFileSync(fileOf(`${name}.pem`), "utf8");
}

function fileOf(name: string): URL {
  return new URL(`certificates/${name}`, import.meta.url);
}

async function listen(server: Server | TcpServer, scheme: string): Promise<TestServer> {
  const open = new Set<Socket>();
  let accepted = 0;
  let peak = 0;
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    accepted += 1;
    peak = Math.max(peak, open.size);
    // Clients hang up on purpose here.
    socket.on("error", () => undefined).once("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 1_024, resolve));
  const hangUp = (): void => {
    for (const socket of open) socket.destroy();
  };
  onTestFinished(async () => {
    hangUp();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  const { port } = address;
  return {
    origin: `${scheme}://127.0.0.1:${port}`,
    port,
    accepted: () => accepted,
    peak: () => peak,
    hangUp,
  };
}

/** Settings as an endpoint file's defaults give them. */
export function settings(url: string, more: Partial<HttpSettings> = {}): HttpSettings {
  return {
    kind: "http",
    url,
    method: "GET",
    headers: {},
    timeoutMs: durationMs(5_000),
    redirectsMax: 5,
    insecure: false,
    keep: [],
    assertions: [{ kind: "status", allowed: [[200, 299]] }],
    ...more,
  };
}

export function task(probe: Target["probe"], id = "t"): ProbeTask {
  const target: Target = {
    id,
    pool: "main",
    probe,
    cadence: every(60_000),
    tags: {},
    revision: "1",
    registeredAt: epochMs(0),
  };
  return { target, timeoutMs: probe.kind === "http" ? probe.timeoutMs : durationMs(1_000) };
}

/** Captures a batch; results by index. */
export async function captureAll(
  probe: Probe,
  probes: readonly Target["probe"][],
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly Capture[]> {
  const captures = new Map<number, Capture>();
  const tasks = probes.map((one, index) => task(one, `t${index}`));
  for await (const results of probe.capture(tasks, signal)) {
    for (const { index, capture } of results) {
      if (captures.has(index)) throw new Error(`two results for ${index}`);
      captures.set(index, capture);
    }
  }
  return probes.map((_, index) => {
    const capture = captures.get(index);
    if (capture === undefined) throw new Error(`no result for ${index}`);
    return capture;
  });
}

export async function captureOne(
  probe: Probe,
  url: string,
  more: Partial<HttpSettings> = {},
): Promise<Capture> {
  const [capture] = await captureAll(probe, [settings(url, more)]);
  if (capture === undefined) throw new Error("no result");
  return capture;
}
