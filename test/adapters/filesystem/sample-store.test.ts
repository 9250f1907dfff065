import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesystemSampleStore } from "#adapters/filesystem/sample-store.ts";
import { DependencyError, InvariantError } from "#domain/errors.ts";
import { epochMs } from "#domain/units.ts";
import type { ChunkEntry, SampleStore } from "#ports/sample-store.ts";
import {
  chunk,
  listAll,
  part,
  sampleStoreContract,
} from "#test/contracts/sample-store.contract.ts";
import { at } from "#test/support/settable-clock.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const newFolder = temporaryFolders();
const NOON = at("2026-11-21T12:00:00Z");
const DAY = { pool: "main", from: at("2026-11-21T00:00:00Z"), to: at("2026-11-22T00:00:00Z") };

sampleStoreContract("filesystem", async () => {
  const root = await newFolder();
  return { store: filesystemSampleStore({ root }), remove: (key) => rm(join(root, key)) };
});

async function withOneChunk(): Promise<{
  root: string;
  store: SampleStore;
  entry: ChunkEntry;
  path: string;
}> {
  const root = await newFolder();
  const store = filesystemSampleStore({ root });
  const lines = Array.from(
    { length: 1_000 },
    (_, index) => `line ${index} of a part that fills a frame of its own ${index * 7}`,
  );
  await store.put(chunk(NOON, [part(1, ...lines), part(2, ...lines)]));
  const [entry] = await listAll(store, DAY);
  if (entry === undefined) throw new Error("it isn't listed");
  return { root, store, entry, path: join(root, entry.key) };
}

async function failure(call: Promise<unknown>): Promise<DependencyError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DependencyError) return error;
  throw new Error(`expected a DependencyError, found ${String(error)}`);
}

describe("a filesystem sample store", () => {
  it("makes its folders, below one that may be missing too", async () => {
    const root = join(await newFolder(), "not", "there", "yet");
    const store = filesystemSampleStore({ root });
    expect(await listAll(store, DAY)).toEqual([]);
    await store.put(chunk(NOON, [part(1, "x")]));
    expect(await listAll(store, DAY)).toHaveLength(1);
  });

  it("finds what another process put there", async () => {
    const { root, entry } = await withOneChunk();
    expect(await listAll(filesystemSampleStore({ root }), DAY)).toEqual([entry]);
  });

  it("doesn't see what a crash in the middle of a put left behind", async () => {
    const { root, store, entry } = await withOneChunk();
    const folder = dirname(join(root, entry.key));
    const whole = await readFile(join(root, entry.key));
    await writeFile(join(folder, ".writing-0f6a"), whole.subarray(0, 100));
    await writeFile(join(folder, ".writing-0f6b"), whole);
    await writeFile(join(folder, "notes.txt"), "mine");
    await mkdir(join(root, "main", "not-an-hour"));
    expect(await listAll(store, DAY)).toEqual([entry]);
  });

  it("leaves nothing but chunks behind", async () => {
    const { root, entry } = await withOneChunk();
    expect(await readdir(dirname(join(root, entry.key)))).toEqual([entry.key.split("/").at(-1)]);
  });

  it("puts into a folder that retention has just removed", async () => {
    const { root, store } = await withOneChunk();
    await rm(join(root, "main"), { recursive: true });
    await store.put(chunk(NOON + 1, [part(1, "x")], 2));
    expect(await listAll(store, DAY)).toHaveLength(1);
  });

  it("names a chunk that is cut off, at every length", async () => {
    const { store, entry, path } = await withOneChunk();
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length += 97) {
      await writeFile(path, whole.subarray(0, length));
      const error = await failure(store.get(entry));
      expect(error.message).toContain(entry.key);
      expect(error.retryable).toBe(false);
    }
  });

  it("still reads the parts before the place where a chunk is cut off", async () => {
    const { store, entry, path } = await withOneChunk();
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length - 1));
    const [first] = (await store.get(entry, 1)) ?? [];
    expect(first?.bucket).toBe(1);
    expect((await failure(store.get(entry, 2))).message).toMatch(/frame 2 of 2: cut off/u);
  });

  it("says that the disk refuses, and that it may work later", async () => {
    const root = await newFolder();
    await writeFile(join(root, "main"), "a file where a folder should be");
    const error = await failure(filesystemSampleStore({ root }).put(chunk(NOON, [part(1, "x")])));
    expect(error.retryable).toBe(true);
    expect(error.message).toMatch(
      /can't keep chunk main\/.*part of the path is a file.*\(ENOTDIR|EEXIST\)/u,
    );
  });

  // The super-user may write everywhere.
  it.skipIf(process.getuid?.() === 0)("says that the folder is closed to it", async () => {
    const root = await newFolder();
    await chmod(root, 0o500);
    const error = await failure(filesystemSampleStore({ root }).put(chunk(NOON, [part(1, "x")])));
    expect(error.retryable).toBe(true);
    expect(error.message).toContain("EACCES");
  });

  it("reads nothing outside of its folder", async () => {
    const { store } = await withOneChunk();
    const entry = { key: "main/../../etc/passwd", closedAt: epochMs(0), buckets: [] };
    await expect(store.get(entry)).rejects.toThrow(InvariantError);
  });
});
