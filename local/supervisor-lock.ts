/**
 * One supervisor per data folder.
 *
 * A lock is a file with a number; the highest number counts, and numbers only grow. Taking over a
 * stale lock is making the next number, which the file system gives to one process only. A lock
 * that was given back stays as a file, so that numbers never begin anew.
 *
 * Holds: at most one running process has the highest number.
 * Fails: InvalidInputError when another one runs; it names the process.
 * Limits: processes of another machine or container that share the folder don't see each other.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { InvalidInputError } from "#domain/errors.ts";
import { localLimits } from "./local-limits.ts";
import type { DataPaths } from "./paths.ts";
import { isRunning, ownIdentity } from "./process-identity.ts";

const PREFIX = "supervisor-";

const lockSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("held"), pid: z.int().positive(), startToken: z.string() }),
  z.strictObject({ kind: z.literal("released") }),
]);
type Lock = z.infer<typeof lockSchema>;

export interface SupervisorLock {
  /** Number of this lock: higher than that of every supervisor before. */
  readonly generation: number;
  release(): Promise<void>;
}

/** @throws InvalidInputError when a supervisor runs on this folder. */
export async function takeSupervisorLock(paths: DataPaths): Promise<SupervisorLock> {
  await mkdir(paths.locks, { recursive: true });
  for (let tries = 0; tries < localLimits.lockTriesMax; tries += 1) {
    const newest = await newestGeneration(paths);
    await refuseIfHeld(paths, newest);
    const generation = newest + 1;
    if (!(await makeLock(paths, generation))) continue;
    // A listing is no snapshot: it may have missed a file while others came and went.
    if ((await newestGeneration(paths)) !== generation) {
      await rm(lockPath(paths, generation), { force: true });
      continue;
    }
    await removeOlder(paths, generation);
    return { generation, release: () => writeLock(paths, generation, { kind: "released" }) };
  }
  throw new InvalidInputError({
    where: paths.root,
    found: "others that start on it at the same time",
    expected: "one `lamplighter up` on a data folder",
  });
}

export function lockPath(paths: DataPaths, generation: number): string {
  return join(paths.locks, `${PREFIX}${String(generation).padStart(6, "0")}`);
}

async function newestGeneration(paths: DataPaths): Promise<number> {
  return Math.max(0, ...(await generations(paths)));
}

async function generations(paths: DataPaths): Promise<number[]> {
  const names = await readdir(paths.locks);
  return names
    .filter((name) => name.startsWith(PREFIX) && !name.endsWith(".tmp"))
    .map((name) => Number(name.slice(PREFIX.length)))
    .filter((number) => Number.isSafeInteger(number));
}

async function refuseIfHeld(paths: DataPaths, generation: number): Promise<void> {
  if (generation === 0) return;
  const lock = await readLock(lockPath(paths, generation));
  if (lock?.kind !== "held" || !isRunning(lock)) return;
  throw new InvalidInputError({
    where: paths.root,
    found: `a lamplighter that is running on it (process ${lock.pid})`,
    expected: `that one to be stopped (Ctrl-C in its terminal, or kill ${lock.pid}), or another folder: --data DIR`,
  });
}

/** undefined for a file that is gone or was cut short by a crash: nobody holds that. */
async function readLock(path: string): Promise<Lock | undefined> {
  try {
    return lockSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

/** false when another process made this number first. */
async function makeLock(paths: DataPaths, generation: number): Promise<boolean> {
  const temporary = join(paths.locks, `${PREFIX}${randomUUID()}.tmp`);
  const held: Lock = { kind: "held", ...ownIdentity() };
  await writeFile(temporary, JSON.stringify(held), { flush: true });
  try {
    // Unlike a rename, a link refuses to replace what is there; and the file appears whole.
    await link(temporary, lockPath(paths, generation));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeLock(paths: DataPaths, generation: number, lock: Lock): Promise<void> {
  const temporary = join(paths.locks, `${PREFIX}${randomUUID()}.tmp`);
  await writeFile(temporary, JSON.stringify(lock));
  await rename(temporary, lockPath(paths, generation));
}

async function removeOlder(paths: DataPaths, generation: number): Promise<void> {
  const older = (await generations(paths)).filter((number) => number < generation);
  await Promise.all(older.map((number) => rm(lockPath(paths, number), { force: true })));
}
