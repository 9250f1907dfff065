/**
 * Files that survive a power loss once written: content first, then the name, then the folder.
 *
 * Holds: a file has its name only when its whole content is on the disk; a crash on the way leaves
 *        a temporary file at most, whose name begins with TEMPORARY.
 * Fails: with the errors of node:fs; callers put them into words.
 * Source: fsync(2): "a file's directory entry needs an fsync of its own".
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

export const TEMPORARY = ".writing-";

/** Writes `bytes` as `folder`/`name`; the folder exists. */
export async function writeDurably(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(folder, `${TEMPORARY}${randomUUID()}`);
  try {
    await writeSynced(temporary, bytes);
    await rename(temporary, join(folder, name));
  } catch (error) {
    // What failed matters more than whether its remains could be removed: retention sweeps them.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o644);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const opened = await open(folder, "r");
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

/**
 * Makes `folder`, which lies in `root`, and every folder above it that is missing; both absolute.
 * All names from `root`'s own down are made durable, whoever made them: another writer may have
 * made one a moment ago and not have synced it yet.
 */
export async function makeFolderDurably(root: string, folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  const highest = made !== undefined && made.length < root.length ? made : root;
  for (let name = folder; name.length >= highest.length; name = dirname(name)) {
    await syncFolder(dirname(name));
    if (name === dirname(name)) return;
  }
}
