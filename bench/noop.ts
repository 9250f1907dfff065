/**
 * How many captures a collector can carry through when capturing itself costs nothing: targets
 * cached, samples kept, commits included, on one core. `npm run bench:noop [targets per second]`
 */
import { setTimeout as wait } from "node:timers/promises";
import { every } from "#domain/cadence.ts";
import { slot } from "#domain/slot.ts";
import { entriesOf } from "#usecases/collect/entries.ts";
import { BENCH_POOL, benchWorld, say } from "./support/bench-world.ts";
import { startCollector, type MeasuredCollector } from "./support/collectors.ts";

const GOAL = 300_000;
const LOOK_MS = 3_000;
const LOOKS_MAX = 40;
const SLOTS_READ = 200;
const MEASURE_MS = 15_000;
const slotsLog2 = 8;
const count = Number(process.argv[2] ?? 240_000);

const world = await benchWorld({ slotsLog2, collectors: 1 });
try {
  const registeringAt = Date.now();
  await world.register(
    Array.from({ length: count }, (_, index) => ({
      id: `vm-${index}`,
      probe: { kind: "noop" as const },
      cadence: every(1_000),
      tags: {},
    })),
  );
  console.log(
    `registered ${count} targets in ${Math.round((Date.now() - registeringAt) / 1_000)} s`,
  );
  const collector = startCollector(
    {
      environment: world.environment,
      pool: BENCH_POOL,
      lease: 1,
      deadlineInMs: 900_000,
      probe: "noop",
      settings: { slotCacheBytesMax: 4e9, inFlightMax: 100_000, lateRateFloorPerSecond: 1_000_000 },
    },
    process.argv.slice(3),
  );
  await steady(collector);
  const before = await collector.usage();
  await wait(MEASURE_MS);
  const after = await collector.usage();
  const { report } = await collector.stop();
  const seconds = (after.at - before.at) / 1_000;
  const cpu = (after.cpuUs - before.cpuUs) / 1e6;
  const captures = after.captures - before.captures;
  console.log(
    `${captures} captures in ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s of processor time, ${((cpu / captures) * 1e6).toFixed(2)} µs each`,
  );
  console.log(report);
  say(
    "no-op captures per second and core, cached, commits included",
    String(Math.round(captures / cpu)),
    `>= ${GOAL}`,
    captures / cpu >= GOAL,
  );
  const readUs = await readCost();
  console.log(
    `uncached, each slot read for each round: ${readUs.toFixed(1)} µs more a capture, ${Math.round(1e6 / (readUs + (cpu / captures) * 1e6))} captures/s and core`,
  );
} finally {
  await world.close();
}

/** Processor time of reading a target: query, parsing, and what its captures need. */
async function readCost(): Promise<number> {
  let targets = 0;
  const before = process.cpuUsage();
  for (let index = 0; index < SLOTS_READ; index += 1) {
    const contents = await world.schedules.readSlot(BENCH_POOL, slot(index, slotsLog2));
    for (const { entries } of entriesOf(contents, slotsLog2).values()) targets += entries.length;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / targets;
}

/** Slots are read one after another at the start: waits until as much is captured as is due, or no more comes. */
async function steady(collector: MeasuredCollector): Promise<void> {
  let last = 0;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const from = await collector.usage();
    await wait(LOOK_MS);
    const to = await collector.usage();
    const rate = ((to.captures - from.captures) * 1_000) / (to.at - from.at);
    console.log(`  ${Math.round(rate)} captures/s, ${Math.round(to.rssBytes / 1e6)} MB`);
    if (look >= 5 && (rate > count * 0.95 || (rate < last * 1.02 && look >= 15))) return;
    last = rate;
  }
}
