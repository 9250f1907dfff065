import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { leaseId, newLease } from "#domain/lease.ts";
import { newSchedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";
import { entriesOf } from "#usecases/collect/entries.ts";
import { isDone, isFulfilled, itemsOf, openWork } from "#usecases/collect/requests.ts";
import type { Entry, ScheduleRun } from "#usecases/collect/run.ts";
import type { CollectorState, SlotHold } from "#usecases/collect/state.ts";
import { noopTarget } from "#test/support/targets.ts";

const T0 = epochMs(Date.parse("2026-11-21T12:00:00Z"));
const CADENCE = every(60_000);
const KEY = newSchedule("p", 0 as Slot, "every:60000" as ScheduleRun["key"], T0).cadence;

/** A slot that was read, with one target that was never captured. */
function readSlot(): { contents: SlotHold["contents"]; entry: Entry } {
  const schedule = newSchedule("p", 0 as Slot, KEY, T0);
  const targets = [noopTarget("a", "p", CADENCE)];
  const contents = entriesOf({ schedules: [schedule], targets, broken: [], bytes: 0 }, 0);
  const entry = contents.get(KEY)?.entries[0];
  if (entry === undefined) throw new Error("expected one entry");
  return { contents, entry };
}

const keys = { kind: "keys", resultKeys: [] } as const;
const REQUEST = { pool: "p", slot: 0 as Slot, fresh: true, keys, stamp: "s", writes: 1 };

/** Its target was captured in a round of its own before it was taken up. */
function takenUpAfterTheFirst(chunk: number) {
  const { contents, entry } = readSlot();
  const hold: SlotHold = {
    slot: 0 as Slot, runs: new Map(), contents, bytes: 0, readAt: T0, usedAt: T0, unread: false,
    letGo: undefined, reading: undefined, pins: 0, load: 0,
  }; // prettier-ignore
  entry.first = chunk;
  const work = openWork(REQUEST, hold);
  itemsOf(work, T0);
  const lease = newLease("p", leaseId(1), [{ from: 0, to: 2 ** 32 }], T0);
  const state = (reportedSequence: number) =>
    ({ reportedSequence, slots: new Map([[hold.slot, hold]]), lease, slotsLog2: 0 }) as CollectorState; // prettier-ignore
  return { work, entry, state };
}

describe("a request for first captures", () => {
  it("waits until a first capture of a round of its own is durable", () => {
    const { work, state } = takenUpAfterTheFirst(7);
    expect(isDone(state(6), work)).toBe(false);
    expect(isDone(state(7), work)).toBe(true);
    expect(isFulfilled(state(7), work)).toBe(true);
  });

  it("isn't removed when that capture was lost with its chunk", () => {
    const { work, entry, state } = takenUpAfterTheFirst(7);
    entry.first = -1;
    expect(isDone(state(7), work)).toBe(true);
    expect(isFulfilled(state(7), work)).toBe(false);
  });
});

describe("work on a request", () => {
  it("goes by what is known of a target now, though its slot was read again since", () => {
    const { contents, entry } = readSlot();
    const hold: SlotHold = {
      slot: 0 as Slot, runs: new Map(), contents, bytes: 0, readAt: T0, usedAt: T0, unread: false,
      letGo: undefined, reading: undefined, pins: 0, load: 0,
    }; // prettier-ignore
    const work = openWork(REQUEST, hold);
    itemsOf(work, T0);
    expect(work.isWanted(entry)).toBe(true);
    const again = readSlot();
    hold.contents = again.contents;
    hold.readAt = epochMs(T0 + 1_000);
    expect(work.entryNow(entry)).toBe(again.entry);
    again.entry.first = 1;
    expect(work.isWanted(entry)).toBe(false);
    again.entry.first = -1;
    again.entry.flying = 1;
    expect(work.isWanted(entry)).toBe(false);
  });
});
