/**
 * How long `samples TARGET --since 24h` takes: a day of chunks as collectors write them (10,000
 * targets every 60 s, 64 slots, a chunk a second from each collector), then reads of single targets.
 *
 *     npm run bench:samples -- [--collectors 2] [--hours 24] [--targets 10000] [--keep DIR]
 *
 * Holds: the day is made by the schedule's own rounds and instants and by the store's own encoding;
 *        only fsync is left out. Exit code 1 when the goal is missed.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import { encodeChunk } from "#adapters/chunk-codec.ts";
import { chunkKey } from "#adapters/chunk-key.ts";
import { filesystemSampleStore } from "#adapters/filesystem/sample-store.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { sampleLine, samplePrefix } from "#domain/chunk-lines.ts";
import { targetHash } from "#domain/hash.ts";
import { instantIn, roundFrom, type Round } from "#domain/instant.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { offsetInSlot, slotOf, type Slot } from "#domain/slot.ts";
import { durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import { bucketOf } from "#ports/sample-store.ts";
import { chunkWriter } from "#usecases/collect/chunk-writer.ts";
import { readSamples } from "#usecases/read-samples.ts";

const GOAL_MS = 2_000;
const READS = 12;
const SLOTS_LOG2 = 6;
const PERIOD_MS = 60_000;
const CADENCE = every(PERIOD_MS);
const START = epochMs(Date.parse("2026-11-20T00:00:00Z"));
const CLOSE_EVERY_MS = 1_000;

interface Member {
  readonly id: string;
  readonly prefix: string;
  readonly bucket: number;
  readonly slot: Slot;
  /** Its instant in the first round of the day. */
  readonly firstAt: EpochMs;
  readonly round: Round;
  readonly collector: number;
}

interface Day {
  readonly chunks: number;
  readonly samples: number;
  readonly bytes: number;
  readonly rawBytes: number;
}

interface Options {
  readonly collectors: number;
  readonly hours: number;
  readonly targets: number;
  readonly keep?: string;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      collectors: { type: "string", default: "2" },
      hours: { type: "string", default: "24" },
      targets: { type: "string", default: "10000" },
      keep: { type: "string" },
    },
  });
  return {
    collectors: Number(values.collectors),
    hours: Number(values.hours),
    targets: Number(values.targets),
    ...(values.keep !== undefined && { keep: values.keep }),
  };
}

function member(index: number, collectors: number): Member {
  const id = `service-${index}.example.com/health`;
  const { hash32 } = targetHash(id);
  const slot = slotOf(hash32, SLOTS_LOG2);
  const round = roundFrom(CADENCE, slot, SLOTS_LOG2, START);
  if (round === undefined) throw new Error("a cadence of 60 s has rounds");
  return {
    id,
    prefix: samplePrefix(id, slot, cadenceKey(CADENCE)),
    bucket: bucketOf(hash32),
    slot,
    firstAt: instantIn(round, CADENCE, slot, SLOTS_LOG2, offsetInSlot(hash32, SLOTS_LOG2)),
    round,
    // Neighbouring slots belong to one collector, as ranges do.
    collector: Math.floor((slot * collectors) / 2 ** SLOTS_LOG2),
  };
}

/** A capture of a usual kind; every ninetieth fails. */
function lineOf(of: Member, minute: number, startedAt: number): string {
  const noise = (startedAt * 2_654_435_761) % 1_000;
  const isFailed = noise % 90 === 0;
  return sampleLine(of.prefix, epochMs(of.round.at + minute * PERIOD_MS), 7, {
    startedAt: epochMs(startedAt),
    durationMs: durationMs(4 + noise / 7),
    ...(isFailed && { failure: { code: "timeout", message: "no answer within 10s" } }),
    values: isFailed ? {} : { status: "ok", version: `2.14.${minute % 3}` },
    timings: { firstByte: 3 + noise / 8, body: 0.3 },
  });
}

async function makeDay(
  root: string,
  members: readonly Member[],
  { hours, collectors }: Options,
): Promise<Day> {
  const folders = new Set<string>();
  let [chunks, samples, bytes, rawBytes] = [0, 0, 0, 0];
  const bySecond = members.toSorted((a, b) => a.firstAt - b.firstAt);
  for (let minute = 0; minute < hours * 60; minute += 1) {
    let next = 0;
    for (let second = 1; second <= PERIOD_MS / CLOSE_EVERY_MS; second += 1) {
      const closedAt = START + minute * PERIOD_MS + second * CLOSE_EVERY_MS;
      const lines = Array.from({ length: collectors }, () => new Array<string>(64).fill(""));
      for (let of = bySecond[next]; of !== undefined; of = bySecond[next]) {
        const startedAt = of.firstAt + minute * PERIOD_MS;
        if (startedAt >= closedAt && second < 60) break;
        const buckets = lines[of.collector];
        if (buckets !== undefined)
          buckets[of.bucket] = `${buckets[of.bucket] ?? ""}${lineOf(of, minute, startedAt)}`;
        samples += 1;
        next += 1;
      }
      for (const [collector, buckets] of lines.entries()) {
        const parts = buckets.flatMap((text, bucket) =>
          text === "" ? [] : [{ bucket, lines: text }],
        );
        if (parts.length === 0) continue;
        const file = await encodeChunk(parts);
        const name = {
          pool: "main",
          closedAt: epochMs(closedAt + collector),
          lease: leaseId(collector),
          epoch: 7,
          owner: `bench-${collector}-00000000000000` as Owner, // Of the length that owners have.
          sequence: minute * 60 + second,
        };
        const path = join(
          root,
          chunkKey(
            name,
            parts.map(({ bucket }) => bucket),
            file.length,
          ),
        );
        if (!folders.has(dirname(path))) mkdirSync(dirname(path), { recursive: true });
        folders.add(dirname(path));
        writeFileSync(path, file);
        chunks += 1;
        bytes += file.length;
        rawBytes += parts.reduce((sum, part) => sum + part.lines.length, 0);
      }
    }
    if (minute % 60 === 59)
      process.stderr.write(`\rmaking a day of chunks: hour ${(minute + 1) / 60} of ${hours} `);
  }
  process.stderr.write("\n");
  return { chunks, samples, bytes, rawBytes };
}

function print(name: string, value: string, note = ""): void {
  console.log(`${name.padEnd(34)}${value.padStart(14)}  ${note}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const WRITTEN_LINES = 2_000_000;
const YIELD_EVERY_LINES = 2_000;

/** What a line costs from `append` to compressed bytes: on the collector's own thread, and in all. */
async function printWriteCost(members: readonly Member[]): Promise<void> {
  const lines = members.map((of) => ({ bucket: of.bucket, line: lineOf(of, 1, of.firstAt) }));
  const failures: unknown[] = [];
  const quiet = (): void => undefined;
  const writer = chunkWriter({
    store: {
      put: async ({ parts }) => {
        await encodeChunk(parts);
      },
    },
    clock: { now: () => START, after: () => () => undefined },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    pool: "main",
    lease: leaseId(1),
    owner: "bench" as Owner, // Nobody else writes here.
    epoch: () => 1,
    everyMs: limits.chunkEveryMs,
    bytesMax: limits.chunkBytesMax,
    onSealed: quiet,
    onDurable: quiet,
    onFailed: (_sequence, error) => failures.push(error),
  });
  const own = process.threadCpuUsage();
  const all = process.cpuUsage();
  for (let count = 0; count < WRITTEN_LINES; count += 1) {
    const next = lines[count % lines.length];
    if (next !== undefined) writer.append(next.bucket, next.line);
    if (count % YIELD_EVERY_LINES === 0) await setImmediate();
  }
  await writer.flush();
  if (failures.length > 0) throw new Error("chunks failed", { cause: failures[0] });
  const perLine = ({ user, system }: NodeJS.CpuUsage): string =>
    `${((user + system) / WRITTEN_LINES).toFixed(2)} µs`;
  print("append and compress, a line", perLine(process.threadCpuUsage(own)), "own thread");
  print("", perLine(process.cpuUsage(all)), "all threads");
}

async function main(): Promise<number> {
  const chosen = options();
  const root = chosen.keep ?? mkdtempSync(join(tmpdir(), "lamplighter-bench-"));
  try {
    const members = Array.from({ length: chosen.targets }, (_, index) =>
      member(index, chosen.collectors),
    );
    const made = await makeDay(root, members, chosen);
    print("targets, every 60 s, 64 slots", String(chosen.targets));
    print(
      "samples",
      made.samples.toLocaleString("en"),
      `${(made.rawBytes / made.samples).toFixed(0)} bytes each, ${(made.bytes / made.samples).toFixed(1)} compressed`,
    );
    print(
      "chunks",
      made.chunks.toLocaleString("en"),
      `of ${chosen.collectors} collectors, ${(made.bytes / made.chunks).toFixed(0)} bytes each, ${(made.bytes / 2 ** 20).toFixed(0)} MB`,
    );

    const clock = {
      now: () => epochMs(START + chosen.hours * 3_600_000),
      after: () => () => undefined,
    };
    const store = filesystemSampleStore({ root });
    const times: number[] = [];
    const cpuMs: number[] = [];
    for (let read = 0; read < READS; read += 1) {
      const target = members[Math.floor(((read + 0.5) * members.length) / READS)];
      if (target === undefined) continue;
      const begun = performance.now();
      const cpu = process.cpuUsage();
      const answer = await readSamples(
        { store, clock },
        { pool: "main", target: target.id, slotsLog2: SLOTS_LOG2, since: START },
      );
      times.push(performance.now() - begun);
      const { user, system } = process.cpuUsage(cpu);
      cpuMs.push((user + system) / 1_000);
      if (answer.records.length !== chosen.hours * 60)
        throw new Error(
          `${answer.records.length} records of ${target.id}, expected ${chosen.hours * 60}`,
        );
      if (read === 0) print("chunks opened for one target", answer.chunksRead.toLocaleString("en"));
    }
    const worst = Math.max(...times);
    const rss = process.memoryUsage().rss / 2 ** 20;
    print(
      "read of one target, median",
      `${median(times).toFixed(0)} ms`,
      `${median(cpuMs).toFixed(0)} ms of processor time`,
    );
    print(
      "read of one target, worst",
      `${worst.toFixed(0)} ms`,
      `of ${times.length}; goal: ≤ ${GOAL_MS} ms ${worst <= GOAL_MS ? "met" : "MISSED"}`,
    );
    await printWriteCost(members);
    print("memory of this process", `${rss.toFixed(0)} MB`);
    return worst <= GOAL_MS ? 0 : 1;
  } finally {
    if (chosen.keep === undefined) rmSync(root, { recursive: true, force: true });
  }
}

process.exitCode = await main();
