/**
 * What an `http` capture costs in processor time, against bare loops of the same client.
 *
 *     node bench/http-probe-cost.ts [--rate 1000] [--seconds 5] [--rounds 3]
 *
 * The server is a process of its own. Each round runs every loop once, at the same rate and on
 * connections that are kept alive; the median round is printed.
 */
import { fork } from "node:child_process";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Agent, request, type Dispatcher } from "undici";
import { httpProbe } from "#adapters/http/http-probe.ts";
import type { HttpSettings } from "#domain/http-settings.ts";
import type { Target } from "#domain/target.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import { every } from "#domain/cadence.ts";
import type { Clock } from "#ports/clock.ts";
import type { ProbeTask } from "#ports/probe.ts";

const TICK_MS = 5;
const TARGETS = 1_000;
const GOAL = 1.5;

interface Loop {
  readonly name: string;
  /** Starts `count` requests now. */
  start(count: number): void;
  done(): number;
  close(): Promise<void>;
}

const clock: Clock = {
  now: () => epochMs(Date.now()),
  after: (span, wake) => {
    const timer = setTimeout(wake, span);
    return () => {
      clearTimeout(timer);
    };
  },
};

function requestLoop(origin: string): Loop {
  const agent = new Agent({ connections: 256, allowH2: false });
  let done = 0;
  const one = async (): Promise<void> => {
    const { statusCode, body } = await request(`${origin}/ok`, { dispatcher: agent });
    await body.dump();
    if (statusCode === 200) done += 1;
  };
  return {
    name: "undici request + dump",
    start: (count) => {
      for (let left = count; left > 0; left -= 1) void one();
    },
    done: () => done,
    close: () => agent.close(),
  };
}

function dispatchLoop(origin: string): Loop {
  const agent = new Agent({ connections: 256, allowH2: false });
  let done = 0;
  const options: Dispatcher.DispatchOptions = { origin, path: "/ok", method: "GET" };
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: () => undefined,
    onResponseStart: () => undefined,
    onResponseData: () => undefined,
    onResponseEnd: () => {
      done += 1;
    },
    onResponseError: () => undefined,
  };
  return {
    name: "undici dispatch",
    start: (count) => {
      for (let left = count; left > 0; left -= 1) agent.dispatch(options, handler);
    },
    done: () => done,
    close: () => agent.close(),
  };
}

function probeLoop(origin: string, kept: readonly string[]): Loop {
  const secrets = { find: () => Promise.resolve({ kind: "missing", reason: "none" } as const) };
  const probe = httpProbe({ clock, secrets });
  const { signal } = new AbortController();
  const tasks = Array.from({ length: TARGETS }, (_, index) => taskFor(origin, index, kept));
  let done = 0;
  let next = 0;
  const run = async (batch: readonly ProbeTask[]): Promise<void> => {
    for await (const results of probe.capture(batch, signal)) {
      for (const { capture } of results) if (capture.failure === undefined) done += 1;
    }
  };
  return {
    name: kept.length === 0 ? "http probe" : "http probe, JSON kept",
    start: (count) => {
      const batch: ProbeTask[] = [];
      for (let left = count; left > 0; left -= 1) {
        const task = tasks[next % TARGETS];
        if (task !== undefined) batch.push(task);
        next += 1;
      }
      void run(batch);
    },
    done: () => done,
    close: () => probe.close(),
  };
}

function taskFor(origin: string, index: number, keep: readonly string[]): ProbeTask {
  const probe: HttpSettings = {
    kind: "http",
    url: `${origin}/ok`,
    method: "GET",
    headers: {},
    timeoutMs: durationMs(10_000),
    redirectsMax: 5,
    insecure: false,
    keep,
    assertions: [{ kind: "status", allowed: [[200, 299]] }],
  };
  const target: Target = {
    id: `t${index}`,
    pool: "bench",
    probe,
    cadence: every(10_000),
    tags: {},
    revision: "1",
    registeredAt: epochMs(0),
  };
  return { target, timeoutMs: probe.timeoutMs };
}

/** Microseconds of this process's time for one request. */
async function measure(loop: Loop, rate: number, seconds: number): Promise<number> {
  await drive(loop, rate, 1);
  const before = loop.done();
  const cpu = process.cpuUsage();
  await drive(loop, rate, seconds);
  const { user, system } = process.cpuUsage(cpu);
  const done = loop.done() - before;
  if (done < rate * seconds * 0.98) throw new Error(`${loop.name}: only ${done} were answered`);
  return (user + system) / done;
}

/** The same timing wheel for all: every 5 ms, what is due by then. */
async function drive(loop: Loop, rate: number, seconds: number): Promise<void> {
  const startedAt = performance.now();
  const total = rate * seconds;
  let started = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) * rate) / 1_000));
      if (due > started) loop.start(due - started);
      started = due;
      if (started < total) return;
      clearInterval(timer);
      setTimeout(resolve, 100);
    }, TICK_MS);
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      server: { type: "boolean", default: false },
      rate: { type: "string", default: "1000" },
      seconds: { type: "string", default: "5" },
      rounds: { type: "string", default: "3" },
      only: { type: "string" },
    },
  });
  if (values.server) {
    serve();
    return;
  }
  const [rate, seconds, rounds] = [values.rate, values.seconds, values.rounds].map(Number);
  const server = fork(import.meta.filename, ["--server"]);
  const origin = await new Promise<string>((resolve) => server.once("message", resolve));
  const all = [requestLoop, dispatchLoop, probeLoop, probeLoop].map((make, index) =>
    make(origin, index === 3 ? ["status"] : []),
  );
  const loops = all.filter(({ name }) => values.only === undefined || name === values.only);
  const costs = new Map<string, number[]>(loops.map(({ name }) => [name, []]));
  for (let round = 0; round < (rounds ?? 1); round += 1) {
    for (const loop of loops) {
      costs.get(loop.name)?.push(await measure(loop, rate ?? 1_000, seconds ?? 5));
    }
  }
  for (const loop of all) await loop.close();
  server.kill();
  const bare = median(costs.get("undici request + dump") ?? []);
  console.log(`processor time per request at ${rate}/s, ${seconds} s, median of ${rounds} rounds`);
  for (const [name, list] of costs) {
    const cost = median(list);
    const ratio = (cost / bare).toFixed(2);
    console.log(`  ${name.padEnd(24)} ${cost.toFixed(1).padStart(6)} µs   ${ratio} × the first`);
  }
  console.log(`  goal: http probe at most ${GOAL} × the first`);
}

function serve(): void {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end('{"status":"ok"}');
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    process.send?.(`http://127.0.0.1:${port}`);
  });
  process.once("disconnect", () => process.exit());
}

await main();
