import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { newSchedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";
import { entriesOf } from "#usecases/collect/entries.ts";
import { itemsOf, openWork } from "#usecases/collect/requests.ts";
import type { Entry, ScheduleRun } from "#usecases/collect/run.ts";
import type { SlotHold } from "#usecases/collect/state.ts";
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

describe("work on a request", () => {
  it("goes by what is known of a target now, though its slot was read again since", () => {
    const { contents, entry } = readSlot();
    const hold: SlotHold = {
      slot: 0 as Slot, runs: new Map(), contents, bytes: 0, readAt: T0, usedAt: T0, unread: false,
      letGo: undefined, reading: undefined, pins: 0, load: 0,
    }; // prettier-ignore
    const keys = { kind: "keys", resultKeys: [] } as const;
    const request = { pool: "p", slot: hold.slot, fresh: true, keys, stamp: "s", writes: 1 };
    const work = openWork(request, hold);
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
