/** Reading samples for a person who waits: what isn't read in time is left out, not waited for. */
import { describe, expect, test } from "vitest";
import { memorySampleStore } from "#adapters/memory/sample-store.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { readRecords, recordsInTime, watchedSamples } from "#cli/input/records.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { sampleLine, samplePrefix } from "#domain/chunk-lines.ts";
import { DependencyError } from "#domain/errors.ts";
import { targetHash } from "#domain/hash.ts";
import { leaseId } from "#domain/lease.ts";
import { slotOf } from "#domain/slot.ts";
import { after, durationMs, epochMs } from "#domain/units.ts";
import { bucketOf, type SampleStore } from "#ports/sample-store.ts";
import { settableClock } from "#test/support/settable-clock.ts";

const ID = "example.com/";
const CHUNKS = 40;
const clock = settableClock("2026-11-21T12:00:00Z");
const { hash32 } = targetHash(ID);

async function storeWithChunks(): Promise<SampleStore> {
  const store = memorySampleStore();
  const prefix = samplePrefix(ID, slotOf(hash32, 6), cadenceKey(every(60_000)));
  const owner = systemIds().owner();
  for (let sequence = 1; sequence <= CHUNKS; sequence += 1) {
    const startedAt = epochMs(clock.now() - sequence * 60_000);
    const capture = { startedAt, durationMs: durationMs(7), values: {} };
    await store.put({
      name: { pool: "main", closedAt: startedAt, lease: leaseId(1), epoch: 1, owner, sequence },
      parts: [{ bucket: bucketOf(hash32), lines: sampleLine(prefix, startedAt, 1, capture) }],
    });
  }
  return store;
}

const system = (samples: SampleStore): Parameters<typeof recordsInTime>[0] => ({
  samples,
  clock,
  pool: "main",
  slotsLog2: 6,
});
const query = { id: ID, since: after(clock.now(), -86_400_000) };

describe("records that are read in time", () => {
  test("are those that all reading finds", async () => {
    const read = await recordsInTime(system(await storeWithChunks()), query, () => false);
    expect(read?.records).toHaveLength(CHUNKS);
  });

  test("are none where time is up halfway, and nothing more is asked of the store", async () => {
    const store = await storeWithChunks();
    let gets = 0;
    const counted: SampleStore = { ...store, get: (...args) => ((gets += 1), store.get(...args)) };
    const read = await recordsInTime(system(counted), query, () => gets >= 20);
    expect(read).toBeUndefined();
    expect(gets).toBe(20);
  });

  test("are counted as they come, for whoever looks at a progress bar", async () => {
    const told: (readonly [number, number])[] = [];
    const samples = watchedSamples(await storeWithChunks(), (...progress) => told.push(progress));
    await readRecords(system(samples), query);
    expect(told).toHaveLength(CHUNKS);
    expect(told.at(-1)).toEqual([CHUNKS, CHUNKS]);
    expect(told.every(([read, listed]) => read <= listed)).toBe(true);
  });

  test("don't hide that the store can't be read", async () => {
    const broken: SampleStore = {
      ...(await storeWithChunks()),
      list: () => Promise.reject(new DependencyError("no network", { retryable: true })),
    };
    await expect(recordsInTime(system(broken), query, () => false)).rejects.toThrow("no network");
  });
});
