import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memorySampleStore, type MemorySampleStore } from "#adapters/memory/sample-store.ts";
import { DependencyError, InvariantError } from "#domain/errors.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import type { Chunk } from "#ports/sample-store.ts";
import {
  chunkWriter,
  type ChunkWriter,
  type ChunkWriterOptions,
} from "#usecases/collect/chunk-writer.ts";
import { keptLog, type KeptLog } from "#test/support/quiet.ts";
import { at, settableClock, type SettableClock } from "#test/support/settable-clock.ts";

const START = "2026-11-21T12:00:00Z";

interface World {
  readonly clock: SettableClock;
  readonly log: KeptLog;
  readonly store: MemorySampleStore;
  readonly writer: ChunkWriter;
  /** What the collector was told, in order: `sealed 1`, `durable 1`, `failed 2`. */
  readonly told: string[];
}

type Put = (chunk: Chunk, keep: (chunk: Chunk) => Promise<void>) => Promise<void>;

function world(
  put: Put = (chunk, keep) => keep(chunk),
  changes: Partial<ChunkWriterOptions> = {},
): World {
  const clock = settableClock(START);
  const log = keptLog();
  const store = memorySampleStore();
  const told: string[] = [];
  const writer = chunkWriter({
    store: { put: (chunk) => put(chunk, (each) => store.put(each)) },
    clock,
    log,
    pool: "main",
    lease: leaseId(7),
    owner: "owner-1" as Owner, // A test's owner needs no randomness.
    epoch: () => 3,
    everyMs: 1_000,
    bytesMax: 1_000,
    onSealed: (sequence) => told.push(`sealed ${sequence}`),
    onDurable: (sequence) => told.push(`durable ${sequence}`),
    onFailed: (sequence, error) =>
      told.push(`failed ${sequence}: ${error instanceof Error ? error.message : "?"}`),
    ...changes,
  });
  return { clock, log, store, writer, told };
}

function full(): Promise<void> {
  return Promise.reject(new DependencyError("the disk is full", { retryable: true }));
}

describe("a chunk writer", () => {
  it("seals a chunk a second after its first line, and says when it is durable", async () => {
    const { clock, store, writer, told } = world();
    await clock.advance(5_000);
    writer.append(3, "a\n");
    await clock.advance(400);
    writer.append(60, "b\n");
    writer.append(3, "c\n");
    await clock.advance(599);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(["sealed 1", "durable 1"]);
    const name = {
      pool: "main",
      lease: "0007",
      owner: "owner-1",
      epoch: 3,
      sequence: 1,
      closedAt: at("2026-11-21T12:00:06Z"),
    };
    expect(store.chunks()).toEqual([
      {
        name,
        parts: [
          { bucket: 3, lines: "a\nc\n" },
          { bucket: 60, lines: "b\n" },
        ],
      },
    ]);
  });

  it("seals a chunk that is full, with the line that filled it", async () => {
    const { clock, store, writer, told } = world();
    const line = `${"x".repeat(399)}\n`;
    for (let count = 0; count < 4; count += 1) writer.append(1, line);
    expect(told).toEqual(["sealed 1"]);
    expect(writer.openSequence).toBe(2);
    await clock.advance(1_000);
    expect(told).toEqual(["sealed 1", "durable 1", "sealed 2", "durable 2"]);
    expect(store.chunks().map(({ parts }) => parts[0]?.lines.length)).toEqual([1_200, 400]);
  });

  it("seals a chunk before its time when it is asked to, once its first line is old enough", async () => {
    const { clock, writer, told } = world(undefined, { everyMs: 10_000 });
    writer.append(1, "a\n");
    await clock.advance(999);
    writer.sealAfter(1_000);
    expect(told).toEqual([]);
    await clock.advance(1);
    writer.sealAfter(1_000);
    expect(told).toEqual(["sealed 1"]);
    writer.append(1, "b\n");
    writer.sealAfter(1_000);
    expect(told).toEqual(["sealed 1"]);
    clock.jump(-60_000);
    writer.sealAfter(1_000);
    await writer.flush();
    expect(told).toEqual(["sealed 1", "sealed 2", "durable 1", "durable 2"]);
    writer.sealAfter(0);
    expect(clock.pending).toBe(0);
  });

  it("puts nothing where there are no lines", async () => {
    const { clock, store, writer, told } = world();
    writer.seal();
    await writer.flush();
    await clock.advance(10_000);
    expect(told).toEqual([]);
    expect(store.chunks()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("flushes: everything is durable, and no alarm is left", async () => {
    const { clock, writer, told } = world();
    writer.append(1, "a\n");
    writer.seal();
    writer.append(1, "b\n");
    await writer.flush();
    expect(told).toEqual(["sealed 1", "sealed 2", "durable 1", "durable 2"]);
    expect(writer.pendingBytes).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it("reports in the order of sequences, whichever put ends first", async () => {
    const ends: (() => void)[] = [];
    const { clock, writer, told } = world(() => new Promise((resolve) => ends.push(resolve)));
    for (const line of ["a\n", "b\n", "c\n"]) {
      writer.append(1, line);
      writer.seal();
    }
    ends[2]?.();
    ends[1]?.();
    await clock.settle();
    expect(told).toEqual(["sealed 1", "sealed 2", "sealed 3"]);
    expect(writer.pendingBytes).toBe(6);
    ends[0]?.();
    await clock.settle();
    expect(told.slice(3)).toEqual(["durable 1", "durable 2", "durable 3"]);
    expect(writer.pendingBytes).toBe(0);
  });

  it(`has at most ${limits.chunkPutsMax} puts under way`, async () => {
    let underWay = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const { clock, writer, told } = world(async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise<void>((resolve) => ends.push(resolve));
      underWay -= 1;
    });
    for (let count = 0; count < 20; count += 1) {
      writer.append(1, "a\n");
      writer.seal();
    }
    for (let turn = 0; turn < 20; turn += 1) {
      ends.shift()?.();
      await clock.settle();
    }
    expect(most).toBe(limits.chunkPutsMax);
    expect(told.filter((each) => each.startsWith("durable"))).toHaveLength(20);
  });

  it("tries a failed put again, each time a little later, and says so in the log", async () => {
    let failures = 2;
    const { clock, log, store, writer, told } = world((chunk, keep) => {
      failures -= 1;
      return failures >= 0 ? full() : keep(chunk);
    });
    writer.append(1, "a\n");
    writer.seal();
    await clock.advance(limits.chunkBackoffMs - 1);
    expect(failures).toBe(1);
    await clock.advance(1 + 2 * limits.chunkBackoffMs);
    expect(told).toEqual(["sealed 1", "durable 1"]);
    expect(store.chunks()).toHaveLength(1);
    expect(log.lines.map(({ fields }) => fields["attempt"])).toEqual([1, 2]);
  });

  it("gives up a chunk after its attempts, reports it in order, and goes on", async () => {
    let tries = 0;
    const { clock, writer, told } = world((chunk, keep) => {
      if (chunk.name.sequence === 2) return keep(chunk);
      tries += 1;
      return full();
    });
    writer.append(1, "a\n");
    writer.seal();
    writer.append(1, "b\n");
    const flushed = writer.flush();
    await clock.advance(60_000);
    await flushed;
    expect(tries).toBe(limits.chunkAttemptsMax);
    expect(told).toEqual(["sealed 1", "sealed 2", "failed 1: the disk is full", "durable 2"]);
    expect(writer.pendingBytes).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it("goes on trying while the store is out of reach, so that nothing is captured again", async () => {
    let isOut = true;
    let tries = 0;
    const { clock, log, writer, told } = world((chunk, keep) => {
      tries += 1;
      return isOut ? full() : keep(chunk);
    });
    writer.append(1, "a\n");
    writer.seal();
    await clock.advance(600_000);
    expect(told).toEqual(["sealed 1"]);
    expect(tries).toBeGreaterThan(600_000 / limits.storeBackoffMaxMs - 1);
    // Said at once, then ever more rarely.
    expect(log.lines.length).toBeLessThan(20);
    isOut = false;
    await clock.advance(limits.storeBackoffMaxMs);
    expect(told).toEqual(["sealed 1", "durable 1"]);
  });

  it("tries once more at a flush what has been tried for long, then gives it up", async () => {
    let tries = 0;
    const { clock, writer, told } = world(() => {
      tries += 1;
      return full();
    });
    writer.append(1, "a\n");
    writer.seal();
    await clock.advance(60_000);
    const before = tries;
    const flushed = writer.flush();
    await clock.advance(limits.storeBackoffMaxMs);
    await flushed;
    expect(tries).toBe(before + 1);
    expect(told).toEqual(["sealed 1", "failed 1: the disk is full"]);
    expect(clock.pending).toBe(0);
  });

  it("doesn't repeat what can't get better", async () => {
    let tries = 0;
    const { clock, writer, told } = world(() => {
      tries += 1;
      return Promise.reject(new InvariantError("a bug"));
    });
    writer.append(1, "a\n");
    writer.seal();
    await clock.settle();
    expect(tries).toBe(1);
    expect(told).toEqual(["sealed 1", "failed 1: a bug"]);
  });

  it("is full when too much is waiting, and no longer once it is durable", async () => {
    const ends: (() => void)[] = [];
    const { clock, writer } = world(() => new Promise((resolve) => ends.push(resolve)), {
      backlogBytesMax: 10,
    });
    writer.append(1, "12345678\n");
    writer.seal();
    expect(writer.isFull()).toBe(false);
    writer.append(1, "\n");
    expect(writer.isFull()).toBe(true);
    ends[0]?.();
    await clock.settle();
    expect(writer.isFull()).toBe(false);
    expect(writer.pendingBytes).toBe(1);
  });

  it("refuses a bucket that can't be one", () => {
    expect(() => {
      world().writer.append(64, "a\n");
    }).toThrow(InvariantError);
  });

  it("loses and repeats no line, whatever fails and whenever chunks are sealed", async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ bucket: fc.nat(63), length: fc.nat(300) }) },
      { weight: 1, arbitrary: fc.constant("seal" as const) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 1_500 }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.infiniteStream(fc.nat(3)),
        async (steps, luck) => {
          const attempts = new Map<number, number>();
          const { clock, store, writer, told } = world((chunk, keep) => {
            const { sequence } = chunk.name;
            attempts.set(sequence, (attempts.get(sequence) ?? 0) + 1);
            return luck.next().value === 0 ? full() : keep(chunk);
          });
          const appended: string[] = [];
          for (const each of steps) {
            if (each === "seal") writer.seal();
            else if (typeof each === "number") await clock.advance(each);
            else {
              const line = `${appended.length}${"x".repeat(each.length)}\n`;
              appended.push(line);
              writer.append(each.bucket, line);
            }
          }
          const flushed = writer.flush();
          await clock.advance(120_000);
          await flushed;
          const outcomes = told
            .filter((each) => !each.startsWith("sealed"))
            .map((each) => Number(/\d+/u.exec(each)?.[0]));
          expect(outcomes).toEqual(Array.from(outcomes, (_, index) => index + 1));
          const failed = told.filter((each) => each.startsWith("failed"));
          const lines = store
            .chunks()
            .flatMap(({ parts }) => parts.flatMap((one) => one.lines.match(/[^\n]*\n/gu) ?? []));
          expect(new Set(lines).size).toBe(lines.length);
          if (failed.length === 0) expect(lines.toSorted()).toEqual(appended.toSorted());
          expect(Math.max(0, ...attempts.values())).toBeLessThanOrEqual(limits.chunkAttemptsMax);
          expect(writer.pendingBytes).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
