import { appendFile, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesystemMetricSink, readMetrics } from "#adapters/filesystem/metric-sink.ts";
import { DependencyError } from "#domain/errors.ts";
import { epochMs } from "#domain/units.ts";
import type { MetricSink } from "#ports/metric-sink.ts";
import {
  metricBatch,
  metricSinkContract,
  statisticsOf,
} from "#test/contracts/metric-sink.contract.ts";
import { keptLog } from "#test/support/quiet.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const newFolder = temporaryFolders();
const ALWAYS = epochMs(0);

metricSinkContract("a local file", async () => {
  const file = join(await newFolder(), "metrics.jsonl");
  return {
    sink: filesystemMetricSink({ file, log: keptLog() }),
    statistics: async (...place) =>
      statisticsOf((await readMetrics(file, ALWAYS)).batches, ...place),
  };
});

describe("metrics in a local file", () => {
  it("are read from a moment on", async () => {
    const file = join(await newFolder(), "metrics.jsonl");
    const sink = filesystemMetricSink({ file, log: keptLog() });
    for (const moment of [3, 1, 2]) await sink.publish(metricBatch(moment));
    const { batches } = await readMetrics(file, epochMs(2));
    expect(batches).toEqual([metricBatch(2), metricBatch(3)]);
  });

  it("are none where there is no file", async () => {
    const file = join(await newFolder(), "none", "metrics.jsonl");
    expect(await readMetrics(file, ALWAYS)).toEqual({ batches: [], linesBroken: 0 });
  });

  it("take a bounded place on the disk; the newest are kept", async () => {
    const folder = await newFolder();
    const file = join(folder, "metrics.jsonl");
    const [bytesMax, filesMax] = [1_000, 3];
    const sinks = [1, 2].map(() =>
      filesystemMetricSink({ file, log: keptLog(), bytesMax, filesMax }),
    );
    for (let moment = 1; moment <= 100; moment += 1) {
      await Promise.all(sinks.map((sink) => sink.publish(metricBatch(moment))));
    }
    const names = await readdir(folder);
    expect(names.length).toBeLessThanOrEqual(filesMax + 1);
    for (const name of names)
      expect((await stat(join(folder, name))).size).toBeLessThan(2 * bytesMax);
    const { batches, linesBroken } = await readMetrics(file, ALWAYS);
    expect(linesBroken).toBe(0);
    expect(batches.length).toBeGreaterThan(6);
    expect(batches.slice(-6).map(({ at }) => at)).toEqual([98, 98, 99, 99, 100, 100]);
  });

  it("of several writers at once are all there", async () => {
    const file = join(await newFolder(), "metrics.jsonl");
    const sink = (): MetricSink => filesystemMetricSink({ file, log: keptLog() });
    const moments = Array.from({ length: 60 }, (_, index) => index + 1);
    await Promise.all(moments.map((moment) => sink().publish(metricBatch(moment))));
    expect((await readMetrics(file, ALWAYS)).batches.map(({ at }) => at)).toEqual(moments);
  });

  it("with broken lines are read without them, and those are counted", async () => {
    const file = join(await newFolder(), "metrics.jsonl");
    const sink = filesystemMetricSink({ file, log: keptLog() });
    await sink.publish(metricBatch(1));
    await appendFile(
      file,
      '{"pool":"main","at":2\n[]\n{"pool":"main","at":2,"metrics":[],"more":1}\n',
    );
    await sink.publish(metricBatch(3));
    expect(await readMetrics(file, ALWAYS)).toEqual({
      batches: [metricBatch(1), metricBatch(3)],
      linesBroken: 3,
    });
  });

  it("that can't be written are dropped, and the log says so with the count", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "file"), "");
    const log = keptLog();
    const sink = filesystemMetricSink({ file: join(folder, "file", "metrics.jsonl"), log });
    expect(await sink.publish(metricBatch(1))).toBe("dropped");
    expect(await sink.publish(metricBatch(2))).toBe("dropped");
    expect(log.lines.map(({ fields }) => fields["droppedTotal"])).toEqual([1, 2]);
  });

  it("that were put aside long before are not even opened", async () => {
    const file = join(await newFolder(), "metrics.jsonl");
    // Nobody can read a folder as a file.
    await mkdir(`${file}.${String(1_000).padStart(13, "0")}-old`);
    const hour = 3_600_000;
    expect((await readMetrics(file, epochMs(hour + 1_001))).batches).toEqual([]);
    await expect(readMetrics(file, epochMs(hour + 1_000))).rejects.toThrow(DependencyError);
  });

  it("that can't be read are a failure, not an empty answer", async () => {
    const file = join(await newFolder(), "metrics.jsonl");
    await mkdir(file);
    await expect(readMetrics(file, ALWAYS)).rejects.toThrow(DependencyError);
  });
});
