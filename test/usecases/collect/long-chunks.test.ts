import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { leaseId } from "#domain/lease.ts";
import { epochMs } from "#domain/units.ts";
import { targetHash } from "#domain/hash.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import type { ChunkRecord } from "#domain/sample.ts";
import { limits } from "#domain/limits.ts";
import { slotOf } from "#domain/slot.ts";
import { collectorWorld, noopTarget, POOL } from "#test/support/collector-world.ts";

const COMMIT_MS = 500;

describe.each([
  ["rounds that are always open", every(60_000), 0],
  ["short rounds of many slots", every(10_000), 3],
  ["long rounds of many slots", every(300_000), 4],
] as const)("chunks of ten seconds, and %s", (_name, cadence, slotsLog2) => {
  it("are as few as that, and a crash costs no more than one of them", async () => {
    const world = await collectorWorld({
      slotsLog2,
      settings: { chunkEveryMs: limits.chunkEveryObjectMs },
    });
    const targets = Array.from({ length: 200 }, (_, index) => noopTarget(`t-${index}`, cadence));
    await world.register(targets);
    world.start();
    // First captures aren't at their instants.
    await world.clock.advance(60_000);
    const began = world.clock.now();
    const chunksBefore = world.samples.chunks().length;
    const spanMs = 300_000;
    for (let passed = 0; passed < spanMs; passed += 2_500) {
      await world.clock.advance(2_500);
      const now = world.clock.now();
      const covered = new Map<number, number>();
      for (let slot = 0; slot < 2 ** slotsLog2; slot += 1) {
        const { schedules } = await world.schedules.readSlot(POOL, slot as never);
        for (const { watermark } of schedules) covered.set(slot, watermark.at);
      }
      const repeated = world.arrivals.filter(({ target, at }) => {
        const slot = slotOf(targetHash(target).hash32, slotsLog2);
        return at > began && at > (covered.get(slot) ?? 0) + 50;
      });
      const oldest = Math.min(now, ...repeated.map(({ at }) => at));
      expect(now - oldest).toBeLessThanOrEqual(limits.commitEveryMs + COMMIT_MS);
    }
    const chunks = world.samples.chunks().length - chunksBefore;
    expect(chunks).toBeLessThanOrEqual(Math.ceil(spanMs / limits.chunkEveryObjectMs) + 1);
  });
});

type World = Awaited<ReturnType<typeof collectorWorld>>;

function missedIn({ samples }: World): readonly ChunkRecord[] {
  return samples
    .chunks()
    .flatMap(({ parts }) => parts.flatMap(({ lines }) => lines.split("\n")))
    .flatMap((line) => parseChunkLine(line) ?? [])
    .filter((record) => record.kind === "missed");
}

describe("chunks of ten seconds, and a hand-over", () => {
  const cadence = every(5_000);
  const targets = Array.from({ length: 100 }, (_, index) => noopTarget(`t-${index}`, cadence));
  const settings = { chunkEveryMs: limits.chunkEveryObjectMs, longestTimeoutMs: 5_000 };

  it.each([20_000, 22_000, 24_000, 25_000, 26_000, 28_000])(
    "give a slot without a duplicate and without a gap, %i ms after the start",
    async (startToGiveMs) => {
      const world = await collectorWorld({ leases: 2, slotsLog2: 3, settings });
      await world.register(targets);
      world.start(1);
      world.start(2);
      await world.clock.advance(startToGiveMs);
      const began = world.clock.now();
      const snapshot = await world.leases.readFleet(POOL);
      const [a, b] = snapshot?.leases ?? [];
      if (a === undefined || b === undefined) throw new Error("two leases were founded");
      const from = a.ranges[0]?.from ?? 0;
      const ranges = [{ from, to: from + 2 ** 29 }];
      const promised = await world.leases.promise({
        pool: POOL, from: a.id, fromVersion: a.version, to: b.id, toVersion: b.version, ranges,
      }); // prettier-ignore
      expect(promised.kind).toBe("promised");
      await world.clock.advance(60_000);
      const taker = await world.leases.findLease(POOL, leaseId(2));
      expect(taker?.ranges).toContainEqual(expect.objectContaining({ from }));
      const end = epochMs(world.clock.now() - 2_000);
      for (const { id } of targets) {
        const arrivals = world.arrivalsOf(id).filter((at) => at > began && at <= end);
        expect(arrivals.length, id).toBe(world.instants(id, cadence, began, end).length);
      }
      expect(missedIn(world)).toEqual([]);
      expect(world.reports).toEqual([]);
    },
  );

  it.each([50_000, 53_000, 56_000, 59_000])(
    "release a lease without a duplicate and without a gap, with a deadline after %i ms",
    async (deadlineInMs) => {
      const world = await collectorWorld({ slotsLog2: 3, settings });
      await world.register(targets);
      world.start(1, { deadlineInMs });
      await world.clock.advance(35_000);
      const began = world.clock.now();
      world.start(1);
      await world.clock.advance(60_000);
      expect(world.reports.map(({ ending }) => ending)).toEqual(["deadline"]);
      const end = epochMs(world.clock.now() - 2_000);
      for (const { id } of targets) {
        const arrivals = world.arrivalsOf(id).filter((at) => at > began && at <= end);
        expect(arrivals.length, id).toBe(world.instants(id, cadence, began, end).length);
      }
      expect(missedIn(world)).toEqual([]);
    },
  );
});
