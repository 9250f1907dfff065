import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesystemSampleRetention } from "#adapters/filesystem/sample-retention.ts";
import { filesystemSampleStore } from "#adapters/filesystem/sample-store.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import { chunk, listAll, part } from "#test/contracts/sample-store.contract.ts";
import { at } from "#test/support/settable-clock.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const newFolder = temporaryFolders();
const HOUR = 3_600_000;
const BLOCK = 4_096;
const NOON = at("2026-11-21T12:00:00Z");

async function storeIn(
  root: string,
  moments: readonly number[],
  pool = "main",
): Promise<SampleStore> {
  const store = filesystemSampleStore({ root });
  for (const [index, moment] of moments.entries()) {
    const { name, parts } = chunk(moment, [part(1, "x")], index + 1);
    await store.put({ name: { ...name, pool }, parts });
  }
  return store;
}

async function kept(store: SampleStore, pool = "main"): Promise<readonly EpochMs[]> {
  const entries = await listAll(store, {
    pool,
    from: epochMs(0),
    to: epochMs(NOON + 1_000 * HOUR),
  });
  return entries.map(({ closedAt }) => closedAt);
}

describe("retention of samples on a file system", () => {
  it("removes chunks that are older than the age, to the millisecond, and their empty folders", async () => {
    const root = await newFolder();
    const store = await storeIn(root, [
      NOON - 30 * HOUR,
      NOON - 25 * HOUR,
      NOON - 24 * HOUR - 1,
      NOON - 24 * HOUR,
      NOON,
    ]);
    const result = await filesystemSampleRetention({ root }).retain({
      now: NOON,
      ageMs: 24 * HOUR,
    });
    expect(result).toEqual({ removedChunks: 3, removedBytes: 3 * BLOCK, more: false });
    expect(await kept(store)).toEqual([NOON - 24 * HOUR, NOON]);
    expect(await readdir(join(root, "main"))).toEqual(["2026-11-20T12", "2026-11-21T12"]);
  });

  it("removes the oldest until the others fit on the disk", async () => {
    const root = await newFolder();
    const moments = [0, 1, 2, 3].flatMap((hours) => [NOON - hours * HOUR, NOON - hours * HOUR + 5]);
    const store = await storeIn(root, moments);
    const result = await filesystemSampleRetention({ root }).retain({
      now: NOON,
      bytesMax: 5 * BLOCK,
    });
    expect(result.removedChunks).toBe(3);
    expect(await kept(store)).toEqual(moments.toSorted((a, b) => a - b).slice(3));
  });

  it("removes nothing that fits exactly", async () => {
    const root = await newFolder();
    const store = await storeIn(root, [NOON - HOUR, NOON]);
    const result = await filesystemSampleRetention({ root }).retain({
      now: NOON,
      bytesMax: 2 * BLOCK,
    });
    expect(result).toEqual({ removedChunks: 0, removedBytes: 0, more: false });
    expect(await kept(store)).toHaveLength(2);
  });

  it("has one limit for all pools, and no pool's new chunks go before another's old ones", async () => {
    const root = await newFolder();
    const one = await storeIn(root, [NOON - HOUR, NOON + 1, NOON + 3], "one");
    const two = await storeIn(root, [NOON - 2 * HOUR, NOON + 2, NOON + 4], "two");
    await filesystemSampleRetention({ root }).retain({ now: NOON, bytesMax: 3 * BLOCK });
    expect(await kept(one, "one")).toEqual([NOON + 3]);
    expect(await kept(two, "two")).toEqual([NOON + 2, NOON + 4]);
  });

  it("counts all pools of the hour in which the limit is reached", async () => {
    const root = await newFolder();
    const one = await storeIn(root, [NOON + 1, NOON + 3], "one");
    const two = await storeIn(root, [NOON + 2, NOON + 4], "two");
    await filesystemSampleRetention({ root }).retain({ now: NOON, bytesMax: BLOCK });
    expect(await kept(one, "one")).toEqual([]);
    expect(await kept(two, "two")).toEqual([NOON + 4]);
  });

  it("keeps its limits call after call while chunks are added", async () => {
    const root = await newFolder();
    const retention = filesystemSampleRetention({ root });
    for (let hour = 0; hour < 12; hour += 1) {
      const now = epochMs(NOON + hour * HOUR);
      const store = await storeIn(root, [now, now + 1, now + 2]);
      await retention.retain({ now, bytesMax: 7 * BLOCK });
      const left = await kept(store);
      expect(left).toHaveLength(Math.min(7, 3 * (hour + 1)));
      expect(left.slice(-3)).toEqual([now, now + 1, now + 2]);
    }
  });

  it("removes what dead writers left behind after an hour, and nothing that isn't ours", async () => {
    const root = await newFolder();
    const store = await storeIn(root, [NOON]);
    const folder = join(root, "main", "2026-11-21T12");
    const aged = async (name: string, ageMs: number): Promise<void> => {
      await writeFile(join(folder, name), "x");
      await utimes(join(folder, name), (NOON - ageMs) / 1_000, (NOON - ageMs) / 1_000);
    };
    await aged(".writing-old", HOUR + 1_000);
    await aged(".writing-new", HOUR - 1_000);
    await aged("notes.txt", 1_000 * HOUR);
    await mkdir(join(root, "main", "notes"));
    await filesystemSampleRetention({ root }).retain({ now: NOON });
    const names = await readdir(folder);
    expect(names).toContain(".writing-new");
    expect(names).toContain("notes.txt");
    expect(names).not.toContain(".writing-old");
    expect(await kept(store)).toEqual([NOON]);
  });

  it("is content with a folder that isn't there", async () => {
    const root = join(await newFolder(), "none");
    const result = await filesystemSampleRetention({ root }).retain({ now: NOON });
    expect(result).toEqual({ removedChunks: 0, removedBytes: 0, more: false });
  });

  it("runs beside writers and readers", async () => {
    const root = await newFolder();
    const retention = filesystemSampleRetention({ root });
    const store = filesystemSampleStore({ root });
    let [read, gone] = [0, 0];
    for (let turn = 0; turn < 30; turn += 1) {
      const puts = [1, 2, 3].map((n) =>
        store.put(chunk(NOON + turn * HOUR + n, [part(n, "x")], turn * 3 + n)),
      );
      const reads = async (): Promise<void> => {
        for (const entry of await listAll(store, {
          pool: "main",
          from: epochMs(0),
          to: epochMs(NOON + 99 * HOUR),
        })) {
          if ((await store.get(entry)) === undefined) gone += 1;
          else read += 1;
        }
      };
      await Promise.all([...puts, reads(), retention.retain({ now: NOON, bytesMax: 2 * BLOCK })]);
    }
    await retention.retain({ now: NOON, bytesMax: 2 * BLOCK });
    expect(await kept(store)).toHaveLength(2);
    expect(read + gone).toBeGreaterThan(0);
  });
});
