/**
 * Registering many targets on the engine: time, memory, units, and how hard one partition is hit.
 *
 *     npm run bench:register [-- TARGETS SLOTS_LOG2]
 *
 * Prints each number beside its goal; exit status 1 where one is missed.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { readTargetLines } from "#adapters/endpoint-files/target-lines.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { jsonLog } from "#adapters/system/log.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { registerTargets, type RegistrationReport } from "#usecases/register-targets.ts";
import { startTestEngine, type TestEngine } from "#test/support/engine.ts";

const TARGETS = Number(process.argv[2] ?? 100_000);
const SLOTS_LOG2 = Number(process.argv[3] ?? 6);
/** Write units a second that a partition takes. */
const PARTITION_UNITS_MAX = 1_000;
const MEMORY_MAX_MB = 400;

interface Measured {
  readonly report: RegistrationReport;
  readonly seconds: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** Of the partition and second with the most. */
  readonly hottest: number;
}

function* lines(): Generator<string> {
  for (let n = 0; n < TARGETS; n += 1) {
    const cadence = n % 2 === 0 ? "every 60s" : "every 10m";
    const tags = { team: `team-${n % 20}`, rack: `rack-${n % 400}` };
    yield `${JSON.stringify({ url: `http://10.0.0.1:8080/health/${n}`, cadence, tags })}\n`;
  }
}

async function* definitions(file: string): AsyncGenerator<TargetDefinition> {
  const options = { file, policies: POLICIES_DEFAULT };
  for await (const line of readTargetLines(createReadStream(file), options)) {
    if (line.kind === "problem") throw new Error(line.problem.found);
    if (line.kind === "target") yield line.target;
  }
}

/** Counts the units of each put by slot and second, as if each came when its call began. */
function watched(
  schedules: ScheduleStore,
  meter: CapacityMeter,
  hot: Map<string, number>,
): ScheduleStore {
  // prettier-ignore
  const units = (): number => meter.totals().get("targets.put")?.write ?? 0;
  return {
    ...schedules,
    async putTargets(pool, slot, targets) {
      const key = `${slot} ${Math.floor(performance.now() / 1_000)}`;
      // A record of this size is one unit: the units a target that are printed show it.
      hot.set(key, (hot.get(key) ?? 0) + targets.length);
      await schedules.putTargets(pool, slot, targets);
      if (units() === 0) throw new Error("the engine reports no consumed units");
    },
  };
}

async function measure(engine: TestEngine, file: string): Promise<Measured> {
  const clock = systemClock();
  const meter = capacityMeter();
  const { client, tables } = engine;
  const hot = new Map<string, number>();
  const schedules = dynamoScheduleStore({ client, tableName: tables.targets, meter, clock });
  const deps = {
    schedules: watched(schedules, meter, hot),
    requests: dynamoRequestStore({ client, tableName: tables.leases, meter, clock }),
    clock,
    ids: systemIds(),
    log: jsonLog({ clock, level: "warn" }),
  };
  const settings = { pool: "bench", slotsLog2: SLOTS_LOG2, policies: POLICIES_DEFAULT };
  const startedAt = performance.now();
  const report = await registerTargets(deps, settings, definitions(file));
  const seconds = (performance.now() - startedAt) / 1_000;
  const totals = [...meter.totals().values()];
  return {
    report,
    seconds,
    writeUnits: totals.reduce((sum, { write }) => sum + write, 0),
    readUnits: totals.reduce((sum, { read }) => sum + read, 0),
    hottest: Math.max(0, ...hot.values()),
  };
}

let missed = 0;

function line(name: string, value: string, goal = "", met = true): void {
  if (!met) missed += 1;
  const verdict = goal === "" ? "" : `goal ${goal}  ${met ? "met" : "MISSED"}`;
  console.log(`${name.padEnd(44)}${value.padStart(12)}  ${verdict}`.trimEnd());
}

function tell(title: string, { report, seconds, writeUnits, readUnits, hottest }: Measured): void {
  console.log(`\n${title}`);
  line("added / changed / unchanged", `${report.added} / ${report.changed} / ${report.unchanged}`);
  line("time", `${seconds.toFixed(1)} s`);
  line("targets a second", (report.done / seconds).toFixed(0));
  line("write units", writeUnits.toFixed(0));
  line("write units a target", (writeUnits / report.done).toFixed(3));
  line("read units", readUnits.toFixed(0));
  const most = `<= ${PARTITION_UNITS_MAX}`;
  line("hottest partition, write units in a second", String(hottest), most, hottest <= PARTITION_UNITS_MAX); // prettier-ignore
}

const folder = await mkdtemp(join(tmpdir(), "lamplighter-register-"));
const file = join(folder, "targets.jsonl");
await pipeline(lines, createWriteStream(file));
const engine = await startTestEngine();
try {
  console.log(
    `${TARGETS} targets (every 60 s and every 10 min) on ${2 ** SLOTS_LOG2} slots, from JSON Lines`,
  );
  tell("first import", await measure(engine, file));
  tell("the same again", await measure(engine, file));
  const peakMb = process.resourceUsage().maxRSS / 1_024;
  console.log("");
  line("peak memory of the process", `${peakMb.toFixed(0)} MB`, `<= ${MEMORY_MAX_MB} MB`, peakMb <= MEMORY_MAX_MB); // prettier-ignore
} finally {
  await engine.stop();
  await rm(folder, { recursive: true });
}
process.exitCode = missed === 0 ? 0 : 1;
