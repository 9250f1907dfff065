/**
 * What a capture costs with everything around it, against a bare timing-wheel loop on the same HTTP
 * client, in the same run: processor time at 1,000/s, and captures per second at full speed.
 *
 *     npm run bench:http
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { every } from "#domain/cadence.ts";
import { BENCH_POOL, benchWorld, say } from "./support/bench-world.ts";
import type { Usage } from "./support/collector-child.ts";
import { startCollector } from "./support/collectors.ts";
import { httpTarget } from "./support/http-targets.ts";
import { startTargetServer } from "./support/target-log.ts";

const SETTLE_MS = 15_000;
const MEASURE_MS = 12_000;
const TURNS = 3;
const CONCURRENCY = 64;
/** What is due each second, against what the bare loop did: a little more than the goal. */
const OFFERED = 0.8;

interface Measured {
  readonly cpuMs: number;
  readonly perSecond: number;
}

async function measure(usage: () => Promise<Usage>): Promise<Measured> {
  const before = await usage();
  await wait(MEASURE_MS);
  const after = await usage();
  const captures = after.captures - before.captures;
  return {
    cpuMs: (after.cpuUs - before.cpuUs) / 1_000 / captures,
    perSecond: (captures * 1_000) / (after.at - before.at),
  };
}

function bareLoop(order: object): { usage: () => Promise<Usage>; child: ChildProcess } {
  const child = fork(fileURLToPath(new URL("support/bare-loop.ts", import.meta.url)), [
    JSON.stringify(order),
  ]);
  const usage = async (): Promise<Usage> => {
    child.send("usage");
    const [message] = (await once(child, "message")) as [Usage];
    return message;
  };
  return { usage, child };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Collector and bare loop in turn, at the same rate, so that the machine's mood is shared. */
async function processorTime(perSecond: number): Promise<void> {
  const server = await startTargetServer();
  const world = await benchWorld({ slotsLog2: 6, collectors: 1 });
  const count = perSecond * 10;
  await world.register(
    Array.from({ length: count }, (_, index) =>
      httpTarget(`endpoint-${index}`, `${server.origin}/t/${index}`, every(10_000)),
    ),
  );
  const ours: Measured[] = [];
  const bare: Measured[] = [];
  const collector = startCollector({
    environment: world.environment,
    pool: BENCH_POOL,
    lease: 1,
    deadlineInMs: 3_600_000,
    probe: "wired",
    settings: {},
  });
  const loop = bareLoop({ origin: server.origin, perSecond });
  await wait(SETTLE_MS);
  for (let turn = 0; turn < TURNS; turn += 1) {
    // Both run all the time; each is asked in turn, so neither has the machine to itself.
    const [mine, its] = await Promise.all([measure(collector.usage), measure(loop.usage)]);
    ours.push(mine);
    bare.push(its);
    console.log(
      `  collector ${mine.cpuMs.toFixed(3)} ms at ${mine.perSecond.toFixed(0)}/s; bare loop ${its.cpuMs.toFixed(3)} ms at ${its.perSecond.toFixed(0)}/s`,
    );
  }
  loop.child.disconnect();
  await collector.stop();
  server.stop();
  await world.close();
  const ratio = median(ours.map((each, turn) => each.cpuMs / (bare[turn]?.cpuMs ?? Number.NaN)));
  say(
    `processor time per capture at ${perSecond}/s, against a bare loop`,
    `${ratio.toFixed(2)} x`,
    "<= 2 x",
    ratio <= 2,
  );
}

/** As many captures as it can start on time, when as many are due as the bare loop does at full speed. */
async function fullSpeed(): Promise<void> {
  const server = await startTargetServer();
  const loop = bareLoop({ origin: server.origin, concurrency: CONCURRENCY });
  await wait(4_000);
  const bare = await measure(loop.usage);
  loop.child.disconnect();
  const count = Math.round(bare.perSecond * OFFERED);
  console.log(
    `  bare loop at full speed, ${CONCURRENCY} at once: ${bare.perSecond.toFixed(0)}/s, ${bare.cpuMs.toFixed(3)} ms`,
  );
  const world = await benchWorld({ slotsLog2: 6, collectors: 1 });
  await world.register(
    Array.from({ length: count }, (_, index) =>
      httpTarget(`endpoint-${index}`, `${server.origin}/t/${index}`, every(1_000)),
    ),
  );
  const collector = startCollector(
    {
      environment: world.environment,
      pool: BENCH_POOL,
      lease: 1,
      deadlineInMs: 3_600_000,
      probe: "wired",
      settings: { inFlightMax: CONCURRENCY },
    },
    process.argv.slice(3),
  );
  await wait(SETTLE_MS);
  const arrivedBefore = await server.count();
  const mine = await measure(collector.usage);
  const arrived = ((await server.count()) - arrivedBefore) / (MEASURE_MS / 1_000);
  const { report } = await collector.stop();
  console.log(
    `  collector: ${mine.perSecond.toFixed(0)}/s started, ${arrived.toFixed(0)}/s arrived, ${mine.cpuMs.toFixed(3)} ms`,
    report,
  );
  server.stop();
  await world.close();
  const ratio = arrived / bare.perSecond;
  say(
    "captures per second on loopback, against a bare loop",
    `${ratio.toFixed(2)} x`,
    ">= 0.7 x",
    ratio >= 0.7,
  );
}

const only = process.argv[2];
if (only !== "speed") await processorTime(1_000);
if (only !== "cost") await fullSpeed();
