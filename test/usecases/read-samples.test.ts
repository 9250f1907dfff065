import { describe, expect, it } from "vitest";
import { memorySampleStore, type MemorySampleStore } from "#adapters/memory/sample-store.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { missedLine, sampleLine, samplePrefix } from "#domain/chunk-lines.ts";
import { DependencyError } from "#domain/errors.ts";
import { targetHash } from "#domain/hash.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { timeOf, type TargetRecord } from "#domain/reader.ts";
import { slotOf } from "#domain/slot.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import { bucketOf, bucketOfSlot, type SampleStore } from "#ports/sample-store.ts";
import { readSamples, type ReadSamplesQuery } from "#usecases/read-samples.ts";
import { at, settableClock } from "#test/support/settable-clock.ts";

const HOUR = 3_600_000;
const TARGET = 'say "hi".example.com/ä';
const { hash32 } = targetHash(TARGET);
const NOW = "2026-11-21T12:30:00Z";
const clock = settableClock(NOW);
const key = cadenceKey(every(60_000));
const query: ReadSamplesQuery = {
  pool: "main",
  target: TARGET,
  slotsLog2: 6,
  since: at("2026-11-20T12:30:00Z"),
};

interface Written {
  readonly target?: string;
  readonly slotsLog2?: number;
  readonly round?: number;
  readonly startedAt: number;
  readonly epoch?: number;
  readonly values?: Readonly<Record<string, string>>;
}

function line({
  target = TARGET,
  slotsLog2 = 6,
  round,
  startedAt,
  epoch = 1,
  values = {},
}: Written): string {
  const prefix = samplePrefix(target, slotOf(targetHash(target).hash32, slotsLog2), key);
  const capture = { startedAt: epochMs(startedAt), durationMs: durationMs(7), values };
  return sampleLine(prefix, epochMs(round ?? startedAt), epoch, capture);
}

let sequence = 0;

async function put(
  store: SampleStore,
  closedAt: number,
  lines: readonly string[],
  bucket = bucketOf(hash32),
): Promise<void> {
  sequence += 1;
  const owner = "owner-1" as Owner; // A test's owner needs no randomness.
  const name = {
    pool: "main",
    closedAt: epochMs(closedAt),
    lease: leaseId(1),
    epoch: 1,
    owner,
    sequence,
  };
  await store.put({ name, parts: [{ bucket, lines: lines.join("") }] });
}

function times(records: readonly TargetRecord[]): readonly number[] {
  return records.map(timeOf);
}

describe("reading samples", () => {
  it("finds a target's samples among others, in chunks of several hours, in the order of time", async () => {
    const store = memorySampleStore();
    const moments = [0, 1, 2, 5, 23].map((hours) => at(NOW) - hours * HOUR - 60_000);
    for (const startedAt of moments) {
      const other = line({ target: "another", startedAt });
      await put(store, startedAt + 1_000, [other, line({ startedAt }), other]);
    }
    const { records, truncated, chunksRead } = await readSamples({ store, clock }, query);
    expect(times(records)).toEqual(moments.toReversed());
    expect(truncated).toBe(false);
    expect(chunksRead).toBe(moments.length);
  });

  it("fetches only chunks that hold the target's bucket", async () => {
    const store = memorySampleStore();
    const bucket = bucketOf(hash32);
    const startedAt = at(NOW) - 60_000;
    await put(store, startedAt + 500, [line({ startedAt })]);
    await put(store, startedAt + 600, [line({ target: "another", startedAt })], (bucket + 1) % 64);
    expect((await readSamples({ store, clock }, query)).chunksRead).toBe(1);
  });

  it("sees one sample of a round that two collectors captured, hours apart", async () => {
    const store = memorySampleStore();
    const round = at(NOW) - 5 * HOUR;
    await put(store, round + 2_000, [line({ round, startedAt: round + 10, epoch: 1 })]);
    await put(store, round + 4 * HOUR, [
      line({ round, startedAt: round + 4 * HOUR - 99, epoch: 2 }),
    ]);
    const { records } = await readSamples({ store, clock }, query);
    expect(records.map(({ epoch }) => epoch)).toEqual([2]);
    // Also when reading could stop after the newest chunk: there may be an earlier one of its round.
    const newest = await readSamples({ store, clock }, { ...query, limit: 1 });
    expect(newest.records).toEqual(records);
  });

  it("goes on where the newest round may have an earlier capture in an older chunk", async () => {
    const store = memorySampleStore();
    const hour = at("2026-11-21T12:00:00Z");
    const round = hour - 2_500;
    await put(store, hour - 100, [line({ round, startedAt: round + 10 })]);
    await put(store, hour + 5_000, [line({ round, startedAt: hour + 3_000 })]);
    const { records } = await readSamples({ store, clock }, { ...query, limit: 1 });
    expect(times(records)).toEqual([round + 10]);
  });

  it("stops going back once the newest ones are certain", async () => {
    const store = memorySampleStore();
    for (let hours = 0; hours < 20; hours += 1) {
      const startedAt = at(NOW) - hours * HOUR;
      await put(store, startedAt + 1, [
        line({ startedAt: startedAt - 10 * 60_000 }),
        line({ startedAt }),
      ]);
    }
    const { records, truncated, chunksRead } = await readSamples(
      { store, clock },
      { ...query, limit: 3 },
    );
    expect(times(records)).toEqual([at(NOW) - HOUR, at(NOW) - 10 * 60_000, at(NOW)]);
    expect(truncated).toBe(true);
    expect(chunksRead).toBe(2);
  });

  it("goes back through a long span whose chunks lie together", async () => {
    const store = memorySampleStore();
    const startedAt = at("2019-03-01T00:00:00Z");
    await put(store, startedAt + 1_000, [line({ startedAt })]);
    const long = { ...query, since: at("2001-01-01T00:00:00Z") };
    expect(times((await readSamples({ store, clock }, long)).records)).toEqual([startedAt]);
    expect((await readSamples({ store: memorySampleStore(), clock }, long)).records).toEqual([]);
  });

  it("reads nothing but the span: from `since` on, before `until`", async () => {
    const store = memorySampleStore();
    const start = at("2026-11-21T08:00:00Z");
    for (const offset of [-1, 0, 1, 2])
      await put(store, start + 10, [line({ startedAt: start + offset })]);
    const span = { ...query, since: start, until: epochMs(start + 2) };
    expect(times((await readSamples({ store, clock }, span)).records)).toEqual([start, start + 1]);
  });

  it("tells missed rounds, unless they were captured after all", async () => {
    const store = memorySampleStore();
    const captured = at("2026-11-21T11:30:00Z");
    await put(store, captured + 1_000, [line({ startedAt: captured })]);
    const slot = slotOf(hash32, 6);
    const from = through(at("2026-11-21T12:00:00Z"));
    const to = through(at("2026-11-21T12:02:00Z"));
    const missed = {
      kind: "missed",
      slot,
      cadence: key,
      from,
      to,
      rounds: 2,
      captures: 9,
      reason: "late",
      epoch: 2,
    } as const;
    await put(store, at(NOW), [missedLine(missed)]);
    const { records } = await readSamples({ store, clock }, query);
    expect(records.map(({ kind }) => kind)).toEqual(["sample", "missed", "missed"]);
  });

  it.each([0, 1, 3, 5, 6, 7, 12])(
    "finds missed rounds where the pool has 2^%i slots",
    async (slotsLog2) => {
      const store = memorySampleStore();
      const slot = slotOf(hash32, slotsLog2);
      const captured = at("2026-11-21T11:30:00Z");
      await put(store, captured + 1_000, [line({ startedAt: captured, slotsLog2 })]);
      const from = through(at("2026-11-21T12:00:00Z"));
      const to = through(at("2026-11-21T12:01:00Z"));
      const missed = {
        kind: "missed",
        slot,
        cadence: key,
        from,
        to,
        rounds: 1,
        captures: 9,
        reason: "late",
        epoch: 2,
      } as const;
      await put(store, at(NOW), [missedLine(missed)], bucketOfSlot(slot, slotsLog2));
      const { records } = await readSamples({ store, clock }, { ...query, slotsLog2 });
      expect(records.map(({ kind }) => kind)).toEqual(["sample", "missed"]);
    },
  );

  it("isn't misled by values that look like lines", async () => {
    const store = memorySampleStore();
    const startedAt = at(NOW) - 60_000;
    const decoy = { t: TARGET, s: "1" };
    const text = line({ startedAt: startedAt + 1 });
    const lines = [
      line({ target: "another", startedAt, values: decoy }),
      line({ target: "another", startedAt, values: { body: `\n${text}` } }),
      line({ target: `${TARGET}x`, startedAt }),
      line({ startedAt, values: decoy }),
    ];
    await put(store, startedAt + 500, lines);
    const { records, linesBroken } = await readSamples({ store, clock }, query);
    expect(times(records)).toEqual([startedAt]);
    expect(linesBroken).toBe(0);
  });

  it("names broken chunks, counts broken lines, and gives what is left", async () => {
    const store = memorySampleStore();
    const startedAt = at(NOW) - 60_000;
    await put(store, startedAt + 1, [
      line({ startedAt }),
      `{"t":${JSON.stringify(TARGET)},"s":oops\n`,
    ]);
    await put(store, startedAt + 2, [line({ startedAt: startedAt + 1 })]);
    await put(store, startedAt + 3, [line({ startedAt: startedAt + 2 })]);
    const answer = await readSamples({ store: withOneBroken(store, startedAt + 2), clock }, query);
    expect(times(answer.records)).toEqual([startedAt, startedAt + 2]);
    expect(answer).toMatchObject({
      chunksRead: 2,
      chunksBroken: 1,
      broken: ["it is broken"],
      linesBroken: 1,
    });
  });

  it("counts chunks that retention removes while it reads", async () => {
    const store = memorySampleStore();
    const startedAt = at(NOW) - 60_000;
    await put(store, startedAt + 1, [line({ startedAt })]);
    const removing: SampleStore = { ...store, get: () => Promise.resolve(undefined) };
    expect(await readSamples({ store: removing, clock }, query)).toMatchObject({
      records: [],
      chunksGone: 1,
    });
  });

  it("fails when the store can't be read, rather than showing a part", async () => {
    const store = memorySampleStore();
    await put(store, at(NOW), [line({ startedAt: at(NOW) - 1 })]);
    const error = new DependencyError("out of reach", { retryable: true });
    await expect(
      readSamples({ store: { ...store, get: () => Promise.reject(error) }, clock }, query),
    ).rejects.toBe(error);
  });
});

function withOneBroken(store: MemorySampleStore, closedAt: number): SampleStore {
  return {
    ...store,
    get: (entry, bucket) =>
      entry.closedAt === closedAt
        ? Promise.reject(new DependencyError("it is broken", { retryable: false }))
        : store.get(entry, bucket),
  };
}
