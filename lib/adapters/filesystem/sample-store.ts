/**
 * Chunks as files below one folder, named by their keys: `<root>/<pool>/<hour>/<chunk>.jsonl.zst`.
 *
 * Several processes may write, read and remove there at once.
 *
 * Holds: when `put` resolves, content, name and folder are on the disk (fsync of each); a chunk is
 *        there whole or not at all; names that are no chunk's are ignored.
 * Fails: DependencyError: retryable when the disk is full or the folder closed to us; final for a
 *        chunk that is cut off or altered (its key and what is wrong are named).
 * Contract: test/contracts/sample-store.contract.ts
 */
import { readFileSync } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { DependencyError, InvariantError } from "#domain/errors.ts";
import type { ChunkEntry, ChunkPage, ChunkQuery, SampleStore } from "#ports/sample-store.ts";
import { decodeChunk, encodeChunk } from "../chunk-codec.ts";
import {
  assertPoolName,
  bytesInKey,
  chunkKey,
  filledBuckets,
  hourFolder,
  isBucketIn,
  isHourFolder,
  parseChunkFile,
} from "../chunk-key.ts";
import { makeFolderDurably, syncFolder, writeDurably } from "./durable-file.ts";
import { namesIn } from "./folder-names.ts";
import { codeOf, storeFailure } from "./store-failure.ts";

/**
 * A small file is read in 15 µs, through the thread pool in 65, and more where cores are busy. A day
 * of one target is 4,300 of them (2026-11, `npm run bench:samples`).
 */
const SYNC_BYTES_MAX = 64 * 1024;
/** Others get their turn after so many small files: 3 ms. */
const TURN_READS = 64;
const PAGE_ENTRIES_MAX = 1_000;
const PAGE_FOLDERS_MAX = 24;
/** Retention may remove an empty folder just when a chunk is put into it. */
const FOLDER_TRIES_MAX = 3;
/** A writer is in one hour, or two around its turn; a few more where pools share a process. */
const FOLDERS_KNOWN_MAX = 64;

export interface FilesystemSampleStoreOptions {
  /** Made when the first chunk is put. */
  readonly root: string;
}

export function filesystemSampleStore(options: FilesystemSampleStoreOptions): SampleStore {
  const root = resolve(options.root);
  const folders = durableFolders(root);
  let reads = 0;
  return {
    async put(chunk) {
      const bytes = await encodeChunk(chunk.parts);
      const key = chunkKey(chunk.name, filledBuckets(chunk.parts), bytes.length);
      try {
        await keep(join(root, key), bytes, folders);
      } catch (cause) {
        throw storeFailure(`keep chunk ${key} below ${root}`, cause);
      }
    },
    list: (query) => list(root, query),
    async get(entry, bucket) {
      reads += 1;
      if (reads % TURN_READS === 0) await setImmediate();
      const bytes = await bytesOf(root, entry.key);
      if (bytes === undefined) return undefined;
      const decoded = await decodeChunk(bytes, bucket);
      if (decoded.kind === "parts") return decoded.parts;
      throw new DependencyError(`chunk ${entry.key} is broken: ${decoded.reason}`, {
        retryable: false,
      });
    },
  };
}

interface DurableFolders {
  /** Makes the folder, durably, unless this was done before. */
  make(folder: string): Promise<void>;
  forget(folder: string): void;
}

function durableFolders(root: string): DurableFolders {
  const known = new Set<string>();
  return {
    async make(folder) {
      if (known.has(folder)) return;
      await makeFolderDurably(root, folder);
      if (known.size >= FOLDERS_KNOWN_MAX) known.clear();
      known.add(folder);
    },
    forget(folder) {
      known.delete(folder);
    },
  };
}

async function keep(path: string, bytes: Buffer, folders: DurableFolders): Promise<void> {
  const folder = dirname(path);
  for (let tries = 1; ; tries += 1) {
    try {
      await folders.make(folder);
      // Its name is on the disk only together with its content; perhaps not yet in its folder.
      if (await exists(path)) await syncFolder(folder);
      else await writeDurably(folder, basename(path), bytes);
      return;
    } catch (error) {
      folders.forget(folder);
      if (codeOf(error) !== "ENOENT" || tries === FOLDER_TRIES_MAX) throw error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function list(root: string, query: ChunkQuery): Promise<ChunkPage> {
  assertPoolName(query.pool);
  if (query.from >= query.to) return { entries: [] };
  const entries: ChunkEntry[] = [];
  let folders = 0;
  for (const hour of await hoursOf(root, query)) {
    if (folders === PAGE_FOLDERS_MAX) {
      // Everything before this folder is done: a cursor that no file name comes before.
      return { entries, cursor: `${query.pool}/${hour}/` };
    }
    folders += 1;
    for (const entry of await entriesOf(root, hour, query)) {
      const last = entries.at(-1);
      if (entries.length === PAGE_ENTRIES_MAX && last !== undefined) {
        return { entries, cursor: last.key };
      }
      entries.push(entry);
    }
  }
  return { entries };
}

/** Folders that may hold what comes next, in order. */
async function hoursOf(root: string, query: ChunkQuery): Promise<readonly string[]> {
  const first = query.cursor?.split("/")[1] ?? hourFolder(query.from);
  const last = hourFolder(query.to);
  const names = await namesIn(join(root, query.pool));
  return names.filter((hour) => isHourFolder(hour) && hour >= first && hour <= last).sort();
}

/** What is asked for of one folder, in order. */
async function entriesOf(
  root: string,
  hour: string,
  { pool, from, to, bucket, cursor = "" }: ChunkQuery,
): Promise<readonly ChunkEntry[]> {
  const names = await namesIn(join(root, pool, hour));
  const wanted = bucket === undefined ? names : names.filter((name) => isBucketIn(name, bucket));
  return wanted.sort().flatMap((file) => {
    const key = `${pool}/${hour}/${file}`;
    const parsed = key > cursor ? parseChunkFile(file) : undefined;
    if (parsed === undefined || parsed.closedAt < from || parsed.closedAt >= to) return [];
    return [{ key, closedAt: parsed.closedAt, buckets: parsed.buckets }];
  });
}

async function bytesOf(root: string, key: string): Promise<Buffer | undefined> {
  // A key leads to a path: only such as we make ourselves may.
  const size = bytesInKey(key);
  if (size === undefined) {
    throw new InvariantError(`no chunk can have the key ${JSON.stringify(key)}`);
  }
  const path = join(root, key);
  try {
    return size <= SYNC_BYTES_MAX ? readFileSync(path) : await readFile(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw storeFailure(`read chunk ${key} below ${root}`, cause);
  }
}
