/**
 * Gathers the lines of captures into chunks and keeps them in the sample store, in the background.
 *
 * A chunk and the moves between its states:
 *
 *     open --seal: everyMs after its first line, at bytesMax, or asked--> sealed --put--> durable
 *     sealed --put fails for good--> failed
 *
 * In:    lines by bucket                                  Out: onSealed, onDurable, onFailed
 * Holds: sequences count from 1 without gaps; `onSealed(n)` is called before `seal` returns, and
 *        before `append` returns the line that filled the chunk; each sealed chunk is reported
 *        once, as durable or failed, in the order of sequences.
 * Fails: never by itself: a chunk that can't be kept is given to onFailed, which decides.
 */
import { InvariantError } from "#domain/errors.ts";
import type { LeaseId, Owner } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { BUCKETS_LOG2, type ChunkName, type ChunkDraftPart } from "#ports/sample-store.ts";
import { chunkPuts, type ChunkPutsOptions } from "./chunk-puts.ts";

export interface ChunkWriterOptions extends ChunkPutsOptions {
  readonly pool: string;
  readonly lease: LeaseId;
  readonly owner: Owner;
  /** The lease's epoch as known when a chunk is sealed; each line carries its own. */
  epoch(): number;
  /** From a chunk's first line to its seal. */
  readonly everyMs: number;
  /** Length of a chunk's lines, in characters, at which it is sealed. */
  readonly bytesMax: number;
  /** Length of lines not yet durable at which `isFull`; default `limits.chunkBacklogBytesMax`. */
  readonly backlogBytesMax?: number;
  onSealed(sequence: number): void;
}

export interface ChunkWriter {
  /** @param line ends with a line feed, see `#domain/chunk-lines.ts`. */
  append(bucket: number, line: string): void;
  /** Closes the open chunk and starts keeping it; nothing happens when it has no lines. */
  seal(): void;
  /** Seals if the chunk's first line is at least that old. */
  sealAfter(ms: number): void;
  /** Seals, waits for the store no longer, and resolves once every chunk is durable or has failed. */
  flush(): Promise<void>;
  /** Whether so much is waiting that no capture should be started. */
  isFull(): boolean;
  /** Length of the lines that are neither durable nor failed. */
  readonly pendingBytes: number;
  /** The sequence of the chunk that the next line goes into. */
  readonly openSequence: number;
}

const BUCKETS = 2 ** BUCKETS_LOG2;
const BLOCK_CHARS = 4_096;

export function chunkWriter(options: ChunkWriterOptions): ChunkWriter {
  const { clock, everyMs, bytesMax } = options;
  const backlogBytesMax = options.backlogBytesMax ?? limits.chunkBacklogBytesMax;
  const puts = chunkPuts(options);
  let sequence = 1;
  let lines = emptyLines();
  let blocks = emptyBlocks();
  let openBytes = 0;
  let openedAt = clock.now();
  let cancelSeal: (() => void) | undefined;

  // The hot path. A string that grows is a tree of its pieces, which lives until it is flattened:
  // short ones die young. Blocks of 4 KB instead of a chunk's megabytes took the no-op benchmark
  // from 7.4 to 5 µs a capture (2026-11, `npm run bench:noop`).
  function append(bucket: number, line: string): void {
    const before = lines[bucket];
    if (before === undefined) throw noBucket(bucket);
    const text = before + line;
    if (text.length < BLOCK_CHARS) {
      lines[bucket] = text;
    } else {
      lines[bucket] = "";
      blocks[bucket]?.push(Buffer.from(text, "utf8"));
    }
    if (openBytes === 0) {
      openedAt = clock.now();
      cancelSeal = clock.after(everyMs, seal);
    }
    openBytes += line.length;
    if (openBytes >= bytesMax) seal();
  }

  function seal(): void {
    if (openBytes === 0) return;
    cancelSeal?.();
    const chunk = { name: nextName(), parts: partsOf(lines, blocks) };
    const bytes = openBytes;
    lines = emptyLines();
    blocks = emptyBlocks();
    openBytes = 0;
    sequence += 1;
    options.onSealed(chunk.name.sequence);
    puts.add(chunk, bytes);
  }

  function nextName(): ChunkName {
    const { pool, lease, owner } = options;
    return { pool, lease, owner, epoch: options.epoch(), sequence, closedAt: clock.now() };
  }

  return {
    append,
    seal,
    sealAfter(ms) {
      // A clock that was set back says nothing of its age.
      const age = clock.now() - openedAt;
      if (age >= ms || age < 0) seal();
    },
    flush() {
      seal();
      return puts.settled();
    },
    isFull: () => openBytes + puts.pendingBytes >= backlogBytesMax,
    get pendingBytes() {
      return openBytes + puts.pendingBytes;
    },
    get openSequence() {
      return sequence;
    },
  };
}

function noBucket(bucket: number): InvariantError {
  return new InvariantError(`a bucket is 0 to ${BUCKETS - 1}, found ${bucket}`);
}

function emptyLines(): string[] {
  return new Array<string>(BUCKETS).fill("");
}

function emptyBlocks(): Buffer[][] {
  return Array.from({ length: BUCKETS }, () => []);
}

function partsOf(lines: readonly string[], blocks: readonly Buffer[][]): readonly ChunkDraftPart[] {
  return lines.flatMap((text, bucket): ChunkDraftPart[] => {
    const before = blocks[bucket] ?? [];
    if (before.length === 0) return text === "" ? [] : [{ bucket, lines: text }];
    return [{ bucket, lines: Buffer.concat([...before, Buffer.from(text, "utf8")]) }];
  });
}
