/**
 * Removes whole chunks, oldest first, until none is older than `ageMs` and all fit into `bytesMax`.
 *
 * Beside readers and writers: a reader finds a removed chunk gone, a writer makes its folder anew.
 *
 * In:    the folder of a filesystem sample store, now     Out: what was removed, whether more is due
 * Holds: no chunk is removed while an older one is kept; a call removes at most
 *        `limits.retentionRemovesMax` chunks and lists at most FOLDERS_LISTED_MAX folders.
 * Fails: DependencyError when a folder can't be read or a file not be removed.
 */
import { rmdir, stat, unlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { limits } from "#domain/limits.ts";
import type { EpochMs } from "#domain/units.ts";
import { isHourFolder, parseChunkFile } from "../chunk-key.ts";
import { TEMPORARY } from "./durable-file.ts";
import { namesIn } from "./folder-names.ts";
import { codeOf, storeFailure } from "./store-failure.ts";

export interface RetainRequest {
  readonly now: EpochMs;
  /** Default `limits.retentionAgeMs`. */
  readonly ageMs?: number;
  /** On the disk, in blocks; default `limits.retentionBytesMax`. */
  readonly bytesMax?: number;
}

export interface Retained {
  readonly removedChunks: number;
  readonly removedBytes: number;
  /** Whether another call has something to do at once. */
  readonly more: boolean;
}

export interface SampleRetention {
  retain(request: RetainRequest): Promise<Retained>;
}

const HOUR_MS = 3_600_000;
/** A file takes whole blocks; ext4, xfs and APFS have blocks of 4 KiB. */
const BLOCK_BYTES = 4_096;
/** 7,200 names are listed in about 10 ms. */
const FOLDERS_LISTED_MAX = 200;
/** A folder's size is remembered once its hour is this long over: nobody writes there any more. */
const SETTLED_AFTER_MS = 600_000;

interface HourFolder {
  readonly path: string;
  readonly hour: string;
}

interface ChunkOnDisk {
  readonly path: string;
  readonly closedAt: number;
  readonly bytes: number;
}

export function filesystemSampleRetention(options: { readonly root: string }): SampleRetention {
  const root = resolve(options.root);
  const settledBytes = new Map<string, number>();

  async function bytesOf(folder: HourFolder, now: EpochMs): Promise<number> {
    const known = settledBytes.get(folder.path);
    if (known !== undefined) return known;
    await removeLeftovers(folder, now);
    const chunks = await chunksIn(folder);
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
    if (startOf(folder.hour) + HOUR_MS + SETTLED_AFTER_MS < now)
      settledBytes.set(folder.path, bytes);
    return bytes;
  }

  /** The moment before which all chunks go, so that the rest fits; undefined when all fit. */
  async function cutBySize(
    folders: readonly HourFolder[],
    bytesMax: number,
    now: EpochMs,
  ): Promise<{ readonly cut?: number; readonly isWhole: boolean }> {
    let total = 0;
    let listed = 0;
    for (const folder of folders.toReversed()) {
      if (!settledBytes.has(folder.path)) listed += 1;
      if (listed > FOLDERS_LISTED_MAX) return { isWhole: false };
      total += await bytesOf(folder, now);
      if (total > bytesMax)
        return { cut: await cutIn(folder, folders, total - bytesMax), isWhole: true };
    }
    return { isWhole: true };
  }

  async function removeBefore(cut: number, folders: readonly HourFolder[]): Promise<Retained> {
    let removedChunks = 0;
    let removedBytes = 0;
    for (const folder of folders) {
      if (startOf(folder.hour) >= cut) break;
      const old = (await chunksIn(folder)).filter((chunk) => chunk.closedAt < cut);
      settledBytes.delete(folder.path);
      for (const chunk of old) {
        if (removedChunks === limits.retentionRemovesMax)
          return { removedChunks, removedBytes, more: true };
        await removed(chunk.path);
        removedChunks += 1;
        removedBytes += chunk.bytes;
      }
      await removeIfEmpty(folder.path);
    }
    return { removedChunks, removedBytes, more: false };
  }

  return {
    async retain({ now, ageMs = limits.retentionAgeMs, bytesMax = limits.retentionBytesMax }) {
      const folders = await hourFolders(root);
      forgetOthers(settledBytes, folders);
      const bySize = await cutBySize(folders, bytesMax, now);
      const result = await removeBefore(Math.max(now - ageMs, bySize.cut ?? 0), folders);
      return { ...result, more: result.more || !bySize.isWhole };
    },
  };
}

/** Hours ascending; pools side by side. */
async function hourFolders(root: string): Promise<readonly HourFolder[]> {
  const folders: HourFolder[] = [];
  for (const pool of await namesIn(root)) {
    for (const hour of await namesIn(join(root, pool))) {
      if (isHourFolder(hour)) folders.push({ path: join(root, pool, hour), hour });
    }
  }
  return folders.sort((a, b) => startOf(a.hour) - startOf(b.hour));
}

function startOf(hour: string): number {
  return Date.parse(`${hour}:00:00Z`);
}

/** The moment at which the hour of `folder` is cut, so that `excess` bytes or a little more go. */
async function cutIn(
  folder: HourFolder,
  folders: readonly HourFolder[],
  excess: number,
): Promise<number> {
  // Pools share the limit: chunks of one hour go by age, whosever they are. Other pools' folders of
  // this hour that weren't counted yet come on top of the excess.
  const sameHour = folders.filter(({ hour }) => hour === folder.hour);
  const counted = sameHour.slice(sameHour.indexOf(folder));
  const uncounted = sameHour.slice(0, sameHour.indexOf(folder));
  const sizes = await Promise.all(uncounted.map(chunksIn));
  let left = excess + sizes.flat().reduce((sum, chunk) => sum + chunk.bytes, 0);
  const chunks = [...sizes, ...(await Promise.all(counted.map(chunksIn)))]
    .flat()
    .sort((a, b) => a.closedAt - b.closedAt);
  let cut = startOf(folder.hour);
  for (const chunk of chunks) {
    if (left <= 0) return cut;
    left -= chunk.bytes;
    cut = chunk.closedAt + 1;
  }
  return cut;
}

/** In the order of their names, which is that of time. */
async function chunksIn({ path }: HourFolder): Promise<readonly ChunkOnDisk[]> {
  const names = await namesIn(path);
  return names.sort().flatMap((name) => {
    const file = parseChunkFile(name);
    if (file === undefined) return [];
    const bytes = Math.ceil(file.bytes / BLOCK_BYTES) * BLOCK_BYTES;
    return [{ path: join(path, name), closedAt: file.closedAt, bytes }];
  });
}

/** What a writer that died in the middle of a put left behind. */
async function removeLeftovers({ path }: HourFolder, now: EpochMs): Promise<void> {
  for (const name of await namesIn(path)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const leftover = join(path, name);
    if ((await modifiedAt(leftover)) < now - limits.temporaryAgeMaxMs) await removed(leftover);
  }
}

/** A file that is gone was modified never. */
async function modifiedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return Number.POSITIVE_INFINITY;
    throw storeFailure(`look at ${path}`, cause);
  }
}

async function removed(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw storeFailure(`remove ${path}`, cause);
  }
}

async function removeIfEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (cause) {
    const code = codeOf(cause);
    // A writer was quicker, or a file that isn't ours lies there.
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") {
      throw storeFailure(`remove ${path}`, cause);
    }
  }
}

function forgetOthers(known: Map<string, number>, folders: readonly HourFolder[]): void {
  const existing = new Set(folders.map(({ path }) => path));
  for (const path of known.keys()) {
    if (!existing.has(path)) known.delete(path);
  }
}
