import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { slotOf } from "#domain/slot.ts";
import { collectorWorld, noopTarget } from "#test/support/collector-world.ts";

const SLOTS_LOG2 = 3;
const SECOND = every(1_000);

/** Some ids of one slot. */
function idsIn(slot: number, count: number): string[] {
  return Array.from({ length: 5_000 }, (_, index) => `target-${index}`)
    .filter((id) => slotOf(targetHash(id).hash32, SLOTS_LOG2) === slot)
    .slice(0, count);
}

describe("a chunk that is closed while a round's captures are being started", () => {
  // Chunks that keep closing in the middle of a round's window leave the round before it to be sealed
  // for its age, eight seconds after its first capture: between two captures of the next one.
  it("doesn't keep the other captures of that round from being started", async () => {
    const world = await collectorWorld({ slotsLog2: SLOTS_LOG2 });
    const ids = idsIn(0, 80);
    await world.register(ids.map((id) => noopTarget(id, SECOND)));
    world.start();
    await world.clock.advance(3_000);
    const from = world.clock.now();
    await world.clock.advance(60_000);
    for (const id of ids) {
      const due = world.instants(id, SECOND, from, world.clock.now());
      const arrivals = world.arrivalsOf(id).filter((at) => at > from);
      expect(arrivals.length, id).toBe(due.length);
    }
  });
});
