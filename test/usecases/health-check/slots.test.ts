import { expect, it } from "vitest";
import { memoryScheduleStore } from "#adapters/memory/schedule-store.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { after, epochMs } from "#domain/units.ts";
import { settableClock } from "#test/support/settable-clock.ts";
import { HEALTH_CHECK_SETTINGS, slotMemory } from "#usecases/health-check.ts";
import { readSlots, slotsLagMs } from "#usecases/health-check/slots.ts";
import { K, POOL } from "./stage.ts";

const MINUTE_MS = 60_000;
const cadence = every(MINUTE_MS);

/** Three slots with a target each, and a look at them that reads the targets of one slot only. */
function setSlots() {
  const clock = settableClock("2026-11-21T13:00:30Z");
  const schedules = memoryScheduleStore();
  const bySlot = new Map<Slot, Target>();
  for (let n = 0; bySlot.size < 3; n += 1) {
    const id = `target-${n}`;
    bySlot.set(slotOf(targetHash(id).hash32, K), {
      ...{ id, pool: POOL, probe: { kind: "noop" }, cadence, tags: {}, revision: "r" },
      registeredAt: epochMs(0),
    });
  }
  const slots = [...bySlot.keys()];
  const read: Slot[] = [];
  const watched = {
    ...schedules,
    readSlot: (pool: string, slot: Slot) => (read.push(slot), schedules.readSlot(pool, slot)),
  };
  const memory = slotMemory();
  async function touch(slot: Slot): Promise<void> {
    const how = { cadence: cadenceKey(cadence), wasEmpty: true };
    await schedules.touchSchedule(POOL, slot, how, clock.now());
  }
  async function register(slot: Slot): Promise<void> {
    const target = bySlot.get(slot);
    if (target !== undefined) await schedules.putTargets(POOL, slot, [target]);
    await touch(slot);
  }
  async function look(): Promise<number> {
    const settings = { ...HEALTH_CHECK_SETTINGS, suspectsMax: 1 };
    const deps = { clock, schedules: watched, settings, memory };
    const stop = new AbortController().signal;
    const run = { pool: POOL, stop, deadlineAt: after(clock.now(), MINUTE_MS) };
    const looks = await readSlots(deps, run, slots);
    return slotsLagMs(deps, run, { looks, slotsLog2: K });
  }
  return { clock, slots, read, touch, register, look };
}

it("isn't kept from a slot that is behind by older ones that lost all their targets", async () => {
  const { clock, slots, read, touch, register, look } = setSlots();
  const [first, second, behind] = slots;
  if (first === undefined || second === undefined || behind === undefined) throw new Error("slots");
  await touch(first);
  await touch(second);
  await clock.advance(5 * MINUTE_MS);
  await register(behind);
  await clock.advance(10 * MINUTE_MS);
  expect([await look(), await look()]).toEqual([0, 0]);
  expect(await look()).toBeGreaterThan(8 * MINUTE_MS);
  expect(await look()).toBeGreaterThan(8 * MINUTE_MS);
  expect(read.toSorted()).toEqual([first, second, behind, behind].toSorted());
});

it("remembers so many schedules without targets, and forgets the oldest", () => {
  const memory = slotMemory(2);
  const schedules = ([0, 1, 2] as Slot[]).map((slot) => {
    return { pool: POOL, slot, cadence: cadenceKey(cadence), revision: 7 };
  });
  for (const schedule of schedules) memory.noteEmpty(schedule);
  expect(schedules.map((schedule) => memory.isEmpty(schedule))).toEqual([false, true, true]);
  for (const schedule of schedules) {
    expect(memory.isEmpty({ ...schedule, revision: 8 })).toBe(false);
    expect(memory.isEmpty({ ...schedule, pool: "other" })).toBe(false);
    expect(memory.isEmpty({ ...schedule, cadence: cadenceKey(every(1_000)) })).toBe(false);
  }
});
