/**
 * Metrics as JSON Lines in a local file, a batch a line.
 *
 * At `bytesMax` the file is put aside as `<file>.<ms>-<random>`, a name that nobody else makes, so
 * that several processes may publish to one file; of those put aside the newest `filesMax` are kept.
 *
 * Holds: publication never fails its caller; at most (filesMax + 1) × bytesMax, about, is kept.
 * Contract: test/contracts/metric-sink.contract.ts
 */
import { randomUUID } from "node:crypto";
import { appendFile, mkdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import * as z from "zod";
import { limits } from "#domain/limits.ts";
import { METRIC_UNITS } from "#domain/metric.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import type { Log } from "#ports/log.ts";
import { batchProblem, type MetricBatch, type MetricSink } from "#ports/metric-sink.ts";
import { namesIn } from "./folder-names.ts";
import { codeOf, storeFailure } from "./store-failure.ts";

export interface FilesystemMetricSinkOptions {
  /** Its folder is made when it is missing. */
  readonly file: string;
  readonly log: Log;
  /** Default `limits.metricFileBytesMax`. */
  readonly bytesMax?: number;
  /** Default `limits.metricFilesMax`. */
  readonly filesMax?: number;
}

const batchSchema = z.strictObject({
  pool: z.string(),
  at: z.number().transform(epochMs),
  metrics: z.array(
    z.strictObject({
      name: z.string(),
      unit: z.enum(METRIC_UNITS),
      values: z.array(z.number()).readonly(),
      counts: z.array(z.number()).readonly().exactOptional(),
    }),
  ),
});

export function filesystemMetricSink(options: FilesystemMetricSinkOptions): MetricSink {
  const file = resolve(options.file);
  const { bytesMax = limits.metricFileBytesMax, filesMax = limits.metricFilesMax } = options;
  let droppedTotal = 0;

  return {
    async publish(batch) {
      try {
        const reason = batchProblem(batch);
        if (reason !== undefined) throw new Error(reason);
        const line = `${JSON.stringify(batchSchema.parse(batch))}\n`;
        await mkdir(dirname(file), { recursive: true });
        if ((await sizeOf(file)) >= bytesMax) await putAside(file, batch.at, filesMax);
        // One write with O_APPEND: lines of several processes don't mix.
        await appendFile(file, line);
        return "published";
      } catch (error) {
        droppedTotal += 1;
        options.log.warn("metrics.dropped", { file, pool: batch.pool, droppedTotal, error });
        return "dropped";
      }
    },
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return 0;
    throw error;
  }
}

async function putAside(file: string, at: EpochMs, filesMax: number): Promise<void> {
  const moment = String(Math.max(0, Math.floor(at))).padStart(13, "0");
  await ignoreAbsence(rename(file, `${file}.${moment}-${randomUUID()}`));
  const aside = await putAsideFiles(file);
  for (const old of aside.slice(0, Math.max(0, aside.length - filesMax))) {
    await ignoreAbsence(unlink(old));
  }
}

/** Another process may have put aside or removed the same file. */
async function ignoreAbsence(change: Promise<void>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Oldest first. */
async function putAsideFiles(file: string): Promise<readonly string[]> {
  const start = `${basename(file)}.`;
  const names = await namesIn(dirname(file));
  return names
    .filter((name) => name.startsWith(start) && /^\d{13}-/u.test(name.slice(start.length)))
    .sort()
    .map((name) => join(dirname(file), name));
}

export interface MetricsRead {
  /** Ascending by time. */
  readonly batches: readonly MetricBatch[];
  /** Lines that are none of ours, or were cut off by a crash. */
  readonly linesBroken: number;
}

/**
 * The batches of `since` and later.
 * @throws DependencyError when a file can't be read; one that isn't there is empty.
 */
export async function readMetrics(file: string, since: EpochMs): Promise<MetricsRead> {
  const path = resolve(file);
  const batches: MetricBatch[] = [];
  let linesBroken = 0;
  const aside = (await putAsideFiles(path)).filter((each) => !isWhollyBefore(each, since));
  for (const each of [...aside, path]) {
    for (const line of (await textOf(each)).split("\n")) {
      if (line === "" || isBefore(line, since)) continue;
      const batch = parseBatch(line);
      if (batch === undefined) linesBroken += 1;
      else if (batch.at >= since) batches.push(batch);
    }
  }
  return { batches: batches.sort((a, b) => a.at - b.at), linesBroken };
}

/** Clocks of several publishers, and batches that were published late. */
const OUT_OF_ORDER_MAX_MS = 3_600_000;

/** A file's name says when it was put aside: nothing in it is younger. */
function isWhollyBefore(file: string, since: EpochMs): boolean {
  const moment = /\.(?<moment>\d{13})-[^.]*$/u.exec(file)?.groups?.["moment"];
  return moment !== undefined && Number(moment) + OUT_OF_ORDER_MAX_MS < since;
}

/** Without parsing the whole of it: whoever asks each minute wants the last few of thousands. */
function isBefore(line: string, since: EpochMs): boolean {
  const at = /^\{"pool":"[^"]*","at":(?<at>\d+)[,}]/u.exec(line)?.groups?.["at"];
  return at !== undefined && Number(at) < since;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return "";
    throw storeFailure(`read metrics in ${path}`, cause);
  }
}

function parseBatch(line: string): MetricBatch | undefined {
  try {
    return batchSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
