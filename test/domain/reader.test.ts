import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cadenceKey, cron, every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { instantIn, nextRound, type Round } from "#domain/instant.ts";
import { limits } from "#domain/limits.ts";
import {
  preferredSample,
  targetReader,
  timeOf,
  type ReaderTarget,
  type TargetRecord,
} from "#domain/reader.ts";
import type { ChunkRecord, MissedRecord, SampleRecord } from "#domain/sample.ts";
import { offsetInSlot, slot, slotOf } from "#domain/slot.ts";
import { durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import { through, upTo } from "#domain/watermark.ts";
import { at } from "#test/support/settable-clock.ts";

const K = 6;
const MINUTE = 60_000;
const target: ReaderTarget = { id: "www.example.com/health", slotsLog2: K };
const { hash32 } = targetHash(target.id);
const ours = slotOf(hash32, K);
const cadence = every(MINUTE);
const key = cadenceKey(cadence);
const SINCE = at("2026-11-21T12:00:00Z");
const UNTIL = at("2026-11-21T13:00:00Z");
const ALL = { since: SINCE, until: UNTIL, limit: 1_000 };

/** Rounds of the hour, by number. */
const rounds: readonly Round[] = roundsFrom(SINCE, 60);

function roundsFrom(moment: EpochMs, count: number): readonly Round[] {
  const found: Round[] = [];
  for (let from = moment; found.length < count;) {
    const round = nextRound(cadence, ours, K, from);
    if (round === undefined) break;
    found.push(round);
    from = round.at;
  }
  return found;
}

function round(number: number): Round {
  const found = rounds[number];
  if (found === undefined) throw new Error(`no round ${number}`);
  return found;
}

function dueAt(number: number): EpochMs {
  return instantIn(round(number), cadence, ours, K, offsetInSlot(hash32, K));
}

function sample(number: number, { epoch = 1, late = 0, took = 20 } = {}): SampleRecord {
  return {
    kind: "sample",
    target: target.id,
    slot: ours,
    cadence: key,
    round: round(number).at,
    epoch,
    capture: { startedAt: epochMs(dueAt(number) + late), durationMs: durationMs(took), values: {} },
  };
}

function onRequest(startedAt: number, epoch = 1): SampleRecord {
  const { round: _, ...rest } = sample(0, { epoch });
  return { ...rest, capture: { ...rest.capture, startedAt: epochMs(startedAt) } };
}

/** Everything due from round `first` to round `last`. */
function missed(first: number, last: number, changes: Partial<MissedRecord> = {}): MissedRecord {
  return {
    kind: "missed",
    slot: ours,
    cadence: key,
    from: upTo(round(first).at),
    to: through(round(last).endsAt),
    rounds: last - first + 1,
    captures: 100,
    reason: "late",
    epoch: 1,
    ...changes,
  };
}

function read(
  records: readonly ChunkRecord[],
  of: ReaderTarget = target,
  span = ALL,
): readonly TargetRecord[] {
  const reader = targetReader(of);
  for (const record of records) reader.add(record);
  return reader.answer(span).records;
}

function shown(records: readonly TargetRecord[]): readonly string[] {
  return records.map((record) => {
    const number = rounds.findIndex((each) => each.at === record.round);
    return record.kind === "missed"
      ? `${number} missed ${record.reason}`
      : `${number} epoch ${record.epoch}`;
  });
}

describe("which record of a round is kept", () => {
  it("is a sample before a missed notice, whichever epoch says so", () => {
    expect(shown(read([sample(1), missed(1, 2, { epoch: 9 })]))).toEqual([
      "1 epoch 1",
      "2 missed late",
    ]);
  });

  it("is that of the highest epoch, although it started later", () => {
    const answer = read([sample(1, { epoch: 2, late: 5_000 }), sample(1, { epoch: 1 })]);
    expect(shown(answer)).toEqual(["1 epoch 2"]);
  });

  it("is the earliest start within an epoch", () => {
    const [only, ...others] = read([sample(1, { late: 900 }), sample(1, { late: 3 })]);
    expect(others).toEqual([]);
    expect(only && timeOf(only)).toBe(dueAt(1) + 3);
  });

  it("is one for each capture on request, by its start", () => {
    const answer = read([onRequest(SINCE + 5), onRequest(SINCE + 7), onRequest(SINCE + 5)]);
    expect(answer.map(timeOf)).toEqual([SINCE + 5, SINCE + 7]);
  });

  it("is exactly one for each round and the same in every order of reading", () => {
    const one = fc.record({
      number: fc.nat(9),
      epoch: fc.nat(3),
      late: fc.nat(3),
      took: fc.nat(3),
    });
    const record = fc.oneof(
      one.map(({ number, ...rest }) => sample(number, rest)),
      fc
        .tuple(fc.nat(9), fc.nat(4), fc.nat(3))
        .map(([first, more, epoch]) => missed(first, first + more, { epoch })),
      fc.nat(5).map((ms) => onRequest(SINCE + ms)),
    );
    const shuffled = fc
      .array(record, { maxLength: 40 })
      .chain((records) =>
        fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
      );
    fc.assert(
      fc.property(shuffled, ([records, other]) => {
        const answer = read([sample(59), ...records]);
        expect(read([...other, sample(59)])).toEqual(answer);
        const keys = answer.map((each) =>
          each.round === undefined ? `start ${timeOf(each)}` : `round ${each.round}`,
        );
        expect(new Set(keys).size).toBe(keys.length);
        for (const each of records) {
          if (each.kind === "sample" && each.round !== undefined)
            expect(keys).toContain(`round ${each.round}`);
        }
        const times = answer.map(timeOf);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }),
    );
  });

  it("is chosen by an order that doesn't depend on which comes first", () => {
    const any = fc
      .record({ epoch: fc.nat(2), late: fc.nat(2), took: fc.nat(2) })
      .map((one) => sample(3, one));
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(preferredSample(a, b)).toEqual(preferredSample(b, a));
        expect(preferredSample(preferredSample(a, b), c)).toEqual(
          preferredSample(a, preferredSample(b, c)),
        );
      }),
    );
  });
});

describe("missed rounds of a slot", () => {
  it("are told round by round, at the target's own instants", () => {
    const answer = read([sample(0), missed(2, 4)]);
    expect(shown(answer)).toEqual(["0 epoch 1", "2 missed late", "3 missed late", "4 missed late"]);
    expect(answer.slice(1).map(timeOf)).toEqual([dueAt(2), dueAt(3), dueAt(4)]);
  });

  it("end and begin exactly at the watermarks, by offset where moments are equal", () => {
    const offset = offsetInSlot(hash32, K);
    const until = { at: dueAt(3), offset };
    expect(shown(read([sample(0), missed(2, 9, { to: until })]))).toHaveLength(3);
    expect(
      shown(read([sample(0), missed(2, 9, { to: { ...until, offset: offset - 1 } })])),
    ).toHaveLength(2);
    expect(shown(read([sample(0), missed(2, 4, { from: until })]))).toEqual([
      "0 epoch 1",
      "4 missed late",
    ]);
  });

  it("are the target's only where it is named, when targets are named", () => {
    const others = missed(2, 2, { targets: ["another"] });
    const named = missed(3, 3, { targets: ["another", target.id], reason: "overrun" });
    expect(shown(read([others, named]))).toEqual(["3 missed overrun"]);
  });

  it("are not the target's when they are another slot's or another cadence's", () => {
    const elsewhere = missed(1, 2, { slot: slot((ours + 1) % 64, K) });
    const often = missed(1, 2, { cadence: cadenceKey(every(10_000)) });
    expect(shown(read([sample(0), elsewhere, often]))).toEqual(["0 epoch 1"]);
  });

  it("are told of a registered target that was never captured, from its registration on", () => {
    const registered = { cadence: key, since: epochMs(dueAt(3)) };
    expect(shown(read([missed(1, 4)], { ...target, registered }))).toEqual([
      "3 missed late",
      "4 missed late",
    ]);
    expect(read([missed(1, 4)])).toEqual([]);
  });

  it("are told of a former cadence only before it changed", () => {
    const registered = { cadence: cadenceKey(every(10_000)), since: epochMs(dueAt(3)) };
    const answer = read([sample(0), missed(1, 4)], { ...target, registered });
    expect(shown(answer)).toEqual(["0 epoch 1", "1 missed late", "2 missed late"]);
  });

  it("have the reason of the highest epoch", () => {
    const first = missed(1, 1, { epoch: 3, reason: "stopped" });
    const second = missed(1, 1, { epoch: 4, reason: "overrun" });
    expect(shown(read([sample(0), first, second]))).toEqual(["0 epoch 1", "1 missed overrun"]);
    expect(shown(read([sample(0), second, first]))).toEqual(["0 epoch 1", "1 missed overrun"]);
  });

  it("of a cron cadence are its moments", () => {
    const nightly = cron("*/10 * * * *", "UTC", 0);
    const record = missed(0, 0, {
      cadence: cadenceKey(nightly),
      from: through(at("2026-11-21T12:10:00Z")),
      to: through(at("2026-11-21T12:30:00Z")),
      targets: [target.id],
    });
    const times = read([record]).map(timeOf);
    expect(times).toEqual([at("2026-11-21T12:20:00Z"), at("2026-11-21T12:30:00Z")]);
  });

  it("of a year are bounded, the newest are kept, and that older ones are missing is said", () => {
    const reader = targetReader(target);
    const year = { from: through(at("2025-11-21T13:00:00Z")), to: through(UNTIL) };
    reader.add(missed(0, 0, { ...year, cadence: cadenceKey(every(1_000)), targets: [target.id] }));
    const { records, truncated } = reader.answer({
      since: at("2025-01-01T00:00:00Z"),
      until: UNTIL,
      limit: 1e9,
    });
    expect(truncated).toBe(true);
    expect(records.length).toBeGreaterThan(0.99 * limits.samplesMax);
    expect(records.length).toBeLessThanOrEqual(limits.samplesMax + 2);
    expect(UNTIL - timeOf(records.at(-1) ?? sample(0))).toBeLessThanOrEqual(1_000);
  });

  it("with a cadence that nobody can read are none", () => {
    const strange = "every:soon" as typeof key; // As a damaged line might have it.
    expect(read([missed(0, 1, { cadence: strange, targets: [target.id] })])).toEqual([]);
  });
});

describe("a span", () => {
  it("begins at `since` and ends before `until`", () => {
    const span = { ...ALL, since: dueAt(2), until: dueAt(4) };
    expect(
      shown(
        read(
          [1, 2, 3, 4].map((number) => sample(number)),
          target,
          span,
        ),
      ),
    ).toEqual(["2 epoch 1", "3 epoch 1"]);
  });

  it("keeps the newest where there are more than the limit, and says so", () => {
    const reader = targetReader(target);
    for (const number of [0, 1, 2, 3]) reader.add(sample(number));
    reader.add(missed(4, 4));
    const some = reader.answer({ ...ALL, limit: 2 });
    expect(shown(some.records)).toEqual(["3 epoch 1", "4 missed late"]);
    expect(some.truncated).toBe(true);
    expect(reader.answer({ ...ALL, limit: 5 }).truncated).toBe(false);
  });

  it("has nothing of other targets", () => {
    expect(read([{ ...sample(1), target: "another" }])).toEqual([]);
  });
});
