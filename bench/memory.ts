/**
 * What a collector holds in memory with few and with many targets in its ranges, at the same rate of
 * due captures: 10,000 every 10 s on 64 slots, and 1,000,000 every 1,000 s on 4,096 slots.
 *
 * A collector in a process of its own, its heap capped as the manifest and the local cloud cap it;
 * targets as large as ordinary `http` targets, captures that cost nothing. The targets' records are
 * written directly, since registration isn't what is measured; a million of them take minutes.
 *
 *     npm run bench:memory [-- --targets 1000000] [-- --settle 240] [-- --seconds 120]
 */
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { every } from "#domain/cadence.ts";
import { manifest } from "#functions/manifest.ts";
import { localLimits } from "#local/local-limits.ts";
import { BENCH_POOL, benchWorld, say } from "./support/bench-world.ts";
import type { Usage } from "./support/collector-child.ts";
import { startCollector } from "./support/collectors.ts";
import { putDirectly } from "./support/direct-targets.ts";
import { httpTarget } from "./support/http-targets.ts";

const { values } = parseArgs({
  options: {
    targets: { type: "string", default: "1000000" },
    settle: { type: "string", default: "240" },
    seconds: { type: "string", default: "120" },
  },
});
const DUE_PER_SECOND = 1_000;
const FEW = 10_000;
const TARGETS_PER_SLOT = 250;
const READ_EVERY_MS = 5_000;
const COLLECTIONS = 3;
const WITHIN = 0.2;
const heapMb = Math.floor(manifest.collect.memoryMb * localLimits.heapShare);
const flags = [`--max-old-space-size=${heapMb}`, "--expose-gc"];

interface Measured {
  readonly rssMb: number;
  readonly heapMb: number;
  /** After a forced collection. */
  readonly liveMb: number;
}

const few = await measure(FEW, 6);
const count = Number(values.targets);
const many = await measure(count, Math.max(6, Math.round(Math.log2(count / TARGETS_PER_SLOT))));
for (const [what, a, b] of [
  ["resident", few.rssMb, many.rssMb],
  ["heap after collection", few.liveMb, many.liveMb],
] as const) {
  const ratio = b / a;
  say(
    `collector memory, ${what}, ${count} against ${FEW}`,
    `${b.toFixed(0)} / ${a.toFixed(0)} MB = ${ratio.toFixed(2)}`,
    "within 20 %",
    Math.abs(ratio - 1) <= WITHIN,
  );
}

async function measure(targets: number, slotsLog2: number): Promise<Measured> {
  const cadence = every((targets / DUE_PER_SECOND) * 1_000);
  const world = await benchWorld({ slotsLog2, collectors: 1 });
  try {
    await register(world, { targets, slotsLog2, cadence });
    const collector = startCollector(
      {
        environment: world.environment,
        pool: BENCH_POOL,
        lease: 1,
        deadlineInMs: 3_600_000,
        probe: "noop",
        settings: {},
      },
      flags,
    );
    await wait(Number(values.settle) * 1_000);
    const readings: Usage[] = [];
    while (readings.length < Math.max(1, (Number(values.seconds) * 1_000) / READ_EVERY_MS)) {
      await wait(READ_EVERY_MS);
      readings.push(await collector.usage());
    }
    const live: Usage[] = [];
    for (let time = 0; time < COLLECTIONS; time += 1) {
      collector.child.send("gc");
      live.push(await collector.usage());
      await wait(1_000);
    }
    const { report } = await collector.stop();
    const found = {
      rssMb: medianMb(readings.map(({ rssBytes }) => rssBytes)),
      heapMb: medianMb(readings.map(({ heapBytes }) => heapBytes)),
      liveMb: medianMb(live.map(({ heapBytes }) => heapBytes)),
    };
    const taken = medianMb(readings.map(({ heapTakenBytes }) => heapTakenBytes));
    const external = medianMb(readings.map(({ externalBytes }) => externalBytes));
    const rss = readings.map(({ rssBytes }) => rssBytes / 1e6).sort((a, b) => a - b);
    console.log(
      `  median of ${readings.length} readings: resident ${found.rssMb.toFixed(0)} MB ` +
        `(${rss[0]?.toFixed(0) ?? "?"} to ${rss.at(-1)?.toFixed(0) ?? "?"}), heap ${found.heapMb.toFixed(0)} MB of ${taken.toFixed(0)} taken, buffers ${external.toFixed(0)} MB; ` +
        `heap after a forced collection ${found.liveMb.toFixed(0)} MB; ${captureRate(readings)} captures/s`,
    );
    console.log("  the collector's report:", report);
    return found;
  } finally {
    await world.close();
  }
}

interface Registered {
  readonly targets: number;
  readonly slotsLog2: number;
  readonly cadence: ReturnType<typeof every>;
}

async function register(
  world: Awaited<ReturnType<typeof benchWorld>>,
  { targets, slotsLog2, cadence }: Registered,
): Promise<void> {
  const startedAt = Date.now();
  const seconds = (): number => Math.round((Date.now() - startedAt) / 1_000);
  let shown = 0;
  await putDirectly(world, {
    pool: BENCH_POOL,
    slotsLog2,
    count: targets,
    requested: false,
    definition: (index) => {
      const id = `service-${index}.example.com/health`;
      return { ...httpTarget(id, `https://${id}`, cadence), tags: { team: `team-${index % 20}` } };
    },
    onProgress: (done) => {
      if (done - shown < 100_000) return;
      shown = done;
      console.log(`  ${done} of ${targets} targets in ${seconds()} s`);
    },
  });
  console.log(
    `${targets} targets every ${targets / DUE_PER_SECOND} s on ${2 ** slotsLog2} slots, written in ${seconds()} s; heap capped at ${heapMb} MB`,
  );
}

function medianMb(bytes: readonly number[]): number {
  return (bytes.toSorted((a, b) => a - b)[Math.floor(bytes.length / 2)] ?? Number.NaN) / 1e6;
}

function captureRate(readings: readonly Usage[]): string {
  const [first] = readings;
  const last = readings.at(-1);
  if (first === undefined || last === undefined) return "?";
  return (((last.captures - first.captures) * 1_000) / (last.at - first.at)).toFixed(0);
}
