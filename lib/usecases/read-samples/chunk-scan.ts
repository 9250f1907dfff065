/**
 * Goes through the chunks that may hold one target and gives their records to its reader.
 *
 * Holds: only chunks with one of the target's buckets are fetched, `limits.chunkReadsAtOnceMax` at
 *        once; a broken chunk or line is counted and skipped, the first chunks also named.
 * Fails: DependencyError when the store can't be read.
 */
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { DependencyError } from "#domain/errors.ts";
import { targetHash } from "#domain/hash.ts";
import { limits } from "#domain/limits.ts";
import type { TargetReader } from "#domain/reader.ts";
import { slotOf } from "#domain/slot.ts";
import type { EpochMs } from "#domain/units.ts";
import {
  bucketOf,
  bucketOfSlot,
  type ChunkEntry,
  type ChunkPart,
  type SampleStore,
} from "#ports/sample-store.ts";
import { lineStart, targetLines } from "./target-lines.ts";

export interface ScanCounts {
  readonly chunksRead: number;
  /** Removed by retention while we read. */
  readonly chunksGone: number;
  readonly chunksBroken: number;
  /** What is wrong with the first of them. */
  readonly broken: readonly string[];
  readonly linesBroken: number;
}

export interface ChunkScan {
  /**
   * Gives what the chunks closed in [from, to) hold of the target to the reader; answers how many
   * such chunks there are.
   */
  read(from: EpochMs, to: EpochMs): Promise<number>;
  counts(): ScanCounts;
}

export interface ScanTarget {
  readonly pool: string;
  readonly target: string;
  readonly slotsLog2: number;
}

type Store = Pick<SampleStore, "list" | "get">;

const PAGES_MAX = 10_000;

export function chunkScan(store: Store, of: ScanTarget, reader: TargetReader): ChunkScan {
  const buckets = bucketsOf(of);
  const start = lineStart(of.target);
  const broken: string[] = [];
  const counts = { chunksRead: 0, chunksGone: 0, chunksBroken: 0, linesBroken: 0 };

  async function readChunk(entry: ChunkEntry): Promise<void> {
    const parts = await partsOf(entry);
    if (parts === "broken") counts.chunksBroken += 1;
    else if (parts === "gone") counts.chunksGone += 1;
    else {
      counts.chunksRead += 1;
      for (const part of parts) readLines(part.lines);
    }
  }

  async function partsOf(entry: ChunkEntry): Promise<readonly ChunkPart[] | "gone" | "broken"> {
    const found: ChunkPart[] = [];
    try {
      for (const bucket of buckets) {
        if (!entry.buckets.includes(bucket)) continue;
        const parts = await store.get(entry, bucket);
        if (parts === undefined) return "gone";
        found.push(...parts);
      }
      return found;
    } catch (error) {
      if (!(error instanceof DependencyError) || error.retryable) throw error;
      if (broken.length < limits.brokenChunksNamedMax) broken.push(error.message);
      return "broken";
    }
  }

  function readLines(lines: string): void {
    for (const line of targetLines(lines, start)) {
      const record = parseChunkLine(line);
      if (record === undefined) counts.linesBroken += 1;
      else reader.add(record);
    }
  }

  return {
    async read(from, to) {
      let found = 0;
      for await (const entries of pages(store, { pool: of.pool, buckets, from, to })) {
        await eachAtOnce(entries, readChunk);
        found += entries.length;
      }
      return found;
    },
    counts: () => ({ ...counts, broken }),
  };
}

/** Where the target's samples are, and where its slot's missed rounds are. */
function bucketsOf({ target, slotsLog2 }: ScanTarget): readonly number[] {
  const { hash32 } = targetHash(target);
  const ofSlot = bucketOfSlot(slotOf(hash32, slotsLog2), slotsLog2);
  return [...new Set([bucketOf(hash32), ofSlot])];
}

interface PagesQuery {
  readonly pool: string;
  readonly buckets: readonly number[];
  readonly from: EpochMs;
  readonly to: EpochMs;
}

async function* pages(
  store: Store,
  { pool, buckets, from, to }: PagesQuery,
): AsyncGenerator<readonly ChunkEntry[]> {
  const [only, ...others] = buckets;
  const query = {
    pool,
    from,
    to,
    ...(only !== undefined && others.length === 0 && { bucket: only }),
  };
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.list({ ...query, ...(cursor !== undefined && { cursor }) });
    yield found.entries.filter((entry) => entry.buckets.some((bucket) => buckets.includes(bucket)));
    cursor = found.cursor;
    if (cursor === undefined) return;
  }
}

/** Takes entries one after another in a bounded number of strands; fails with the first failure. */
async function eachAtOnce(
  entries: readonly ChunkEntry[],
  read: (entry: ChunkEntry) => Promise<void>,
): Promise<void> {
  const rest = entries.values();
  const strand = async (): Promise<void> => {
    for (const entry of rest) await read(entry);
  };
  await Promise.all(Array.from({ length: limits.chunkReadsAtOnceMax }, strand));
}
