/** The audit at the end of a torture run bites: each thing that may be wrong is told, by its name. */
import { describe, expect, it } from "vitest";
import { dueInstants } from "#domain/audit.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import type { MissedRecord, SampleRecord } from "#domain/sample.ts";
import { slotOf } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import { httpTarget } from "../../bench/support/http-targets.ts";
import { accountAll, REDO_MAX_MS, type Accounted, type AccountRequest } from "./account.ts";
import type { Fault } from "./arena.ts";

const T0 = 1_800_000_000_000;
const END = T0 + 60_000;
const SLOTS_LOG2 = 3;
const CADENCE = every(5_000);
const ID = "endpoint-1";
const SLOT = slotOf(targetHash(ID).hash32, SLOTS_LOG2);
const target: Target = {
  ...httpTarget(ID, "http://127.0.0.1/1", CADENCE),
  ...{ pool: "p", revision: "1", registeredAt: epochMs(T0) },
};
const due = dueInstants(target, SLOTS_LOG2, epochMs(T0), epochMs(END));
const samples = due.map(({ round, instant }) => sample(instant + 5, { round }));

describe("the account of a torture run", () => {
  it("is clean when every due round was captured once and every arrival is a sample", () => {
    const found = account({});
    expect(found).toMatchObject({ due: 12, captured: 12, arrivals: 12, readBack: 12, redone: 0 });
    expect(wrong(found)).toEqual([]);
    expect(found.lateness).toEqual(due.map(() => 5));
  });

  it("tells what was due and is neither captured nor missed", () => {
    const found = account({ samples: samples.slice(1), arrivals: moments(samples.slice(1)) });
    expect(found.captured).toBe(11);
    expect(wrong(found)).toEqual(["lost"]);
  });

  it("counts what is recorded as missed, and the reader's count agrees", () => {
    const from = through(epochMs(T0));
    const to = through(epochMs((due[1]?.instant ?? 0) + 1));
    const missed: MissedRecord = {
      ...{ kind: "missed", slot: SLOT, cadence: cadenceKey(CADENCE), from, to, rounds: 2 },
      ...{ captures: 2, reason: "late", epoch: 1 },
    };
    const rest = samples.slice(2);
    const found = account({ samples: rest, missed: [missed], arrivals: moments(rest) });
    expect(found).toMatchObject({ due: 12, captured: 10 });
    expect([...found.missed]).toEqual([["late", 2]]);
    expect(wrong(found)).toEqual([]);
  });

  it("reads a round back once though two owners captured it, and wants a fault for the other arrival", () => {
    const [first] = due;
    const again = sample((first?.instant ?? 0) + 2_000, { round: first?.round ?? 0, epoch: 2 });
    const all = [...samples, again];
    const alone = account({ samples: all, arrivals: moments(all) });
    expect(alone).toMatchObject({ arrivals: 13, readBack: 12, redone: 0, twice: [] });
    expect(wrong(alone)).toEqual(["unexplained"]);
    const at = (first?.instant ?? 0) + 1_000;
    const killed = account({ samples: all, arrivals: moments(all), faults: [fault(at)] });
    expect(killed).toMatchObject({ readBack: 12, redone: 1, redoneOldestMs: 992 });
    expect(wrong(killed)).toEqual([]);
  });

  it("doesn't take a fault elsewhere, long after or long before for an explanation", () => {
    const [first] = due;
    const extra = (first?.instant ?? 0) + 1_500;
    const arrivals = [...moments(samples), extra];
    const ends = [
      { ...fault(extra), slots: new Set<typeof SLOT>() },
      fault(extra + REDO_MAX_MS + 1),
      fault(extra - 5_001),
    ].map((one) => wrong(account({ arrivals, faults: [one] })));
    expect(ends).toEqual([["unexplained"], ["unexplained"], ["unexplained"]]);
    expect(wrong(account({ arrivals, faults: [fault(extra + REDO_MAX_MS)] }))).toEqual([]);
  });

  it("counts how much of the time a fault would have been an excuse, overlaps once", () => {
    expect(account({})).toMatchObject({ slotMs: 60_000, excusedMs: 0 });
    const faults = [
      fault(T0 + 30_000),
      fault(T0 + 31_000),
      { ...fault(T0), slots: new Set<typeof SLOT>() },
    ];
    expect(account({ faults }).excusedMs).toBe(REDO_MAX_MS + 1_000 + 5_000);
    expect(account({ faults: [{ ...fault(T0 + 58_000), to: Infinity }] }).excusedMs).toBe(14_000);
  });

  it("tells a success that never arrived, and lets a failure be one", () => {
    const fewer = moments(samples).slice(1);
    expect(wrong(account({ arrivals: fewer }))).toEqual(["invented"]);
    const [one, ...rest] = samples;
    if (one === undefined) throw new Error("nothing was due");
    const failure = { code: "timeout", message: "late" } as const;
    const failed = { ...one, capture: { ...one.capture, failure } };
    expect(wrong(account({ samples: [failed, ...rest], arrivals: fewer }))).toEqual([]);
  });

  it("tells a round that isn't the target's", () => {
    const odd = sample(T0 + 1_234, { round: T0 + 1_234 });
    const all = [...samples, odd];
    expect(wrong(account({ samples: all, arrivals: moments(all) }))).toEqual(["extra"]);
  });

  it("tells a request that nobody took up since, unless its target was removed soon", () => {
    const asked = [{ id: ID, at: T0 + 30_000 }];
    const before = sample(T0 + 29_000, {});
    const all = [...samples, before];
    expect(wrong(account({ samples: all, arrivals: moments(all), asked }))).toEqual(["unanswered"]);
    const taken = [...samples, sample(T0 + 31_000, {})];
    expect(wrong(account({ samples: taken, arrivals: moments(taken), asked }))).toEqual([]);
    expect(wrong(account({ asked, removedAt: T0 + 31_000 }))).toEqual([]);
  });
});

interface Case {
  readonly samples?: readonly SampleRecord[];
  readonly missed?: readonly MissedRecord[];
  readonly arrivals?: readonly number[];
  readonly faults?: readonly Fault[];
  readonly asked?: AccountRequest["asked"];
  readonly removedAt?: number;
}

function account(given: Case): Accounted {
  const own = given.samples ?? samples;
  const watermark = through(epochMs(END));
  const known = {
    ...{ index: 1, id: ID, slot: SLOT, cadence: CADENCE, hangs: false, registered: true },
    ...(given.removedAt !== undefined && { removed: { at: given.removedAt, target, watermark } }),
  };
  const arrivals = (given.arrivals ?? moments(own)).toSorted((a, b) => a - b);
  return accountAll([{ known, target, watermark, arrivals }], {
    ...{ slotsLog2: SLOTS_LOG2, from: T0, to: END },
    kept: {
      samples: new Map([[ID, own]]),
      missed: new Map([[SLOT, given.missed ?? []]]),
      ...{ chunks: 1, broken: [] },
    },
    faults: given.faults ?? [],
    asked: given.asked ?? [],
  });
}

/** The lists that should be empty and aren't. */
function wrong(found: Accounted): string[] {
  const { lost, extra, twice, neverCaptured, unanswered, invented, unexplained } = found;
  const lists = { lost, extra, twice, neverCaptured, unanswered, invented, unexplained };
  return Object.entries(lists).flatMap(([name, list]) => (list.length > 0 ? [name] : []));
}

function sample(
  at: number,
  { round, epoch = 1 }: { round?: number; epoch?: number },
): SampleRecord {
  return {
    ...{ kind: "sample", target: ID, slot: SLOT, cadence: cadenceKey(CADENCE), epoch },
    ...(round !== undefined && { round: epochMs(round) }),
    capture: { startedAt: epochMs(at), durationMs: durationMs(10), values: {} },
  };
}

function moments(all: readonly SampleRecord[]): number[] {
  return all.map(({ capture }) => capture.startedAt + 3);
}

function fault(at: number): Fault {
  return { kind: "kill-collector", from: at, to: at, slots: new Set([SLOT]), killed: [] };
}
