import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { leaseId } from "#domain/lease.ts";
import { releaseAt } from "#domain/lease-times.ts";
import { wholeSpace } from "#domain/range.ts";
import { after } from "#domain/units.ts";
import { requestCapture } from "#usecases/request-capture.ts";
import { collectorWorld, noopTarget, POOL } from "#test/support/collector-world.ts";

/** Long enough that captures are under way when the hand-over comes. */
const LATENCY_MS = 700;
/** Longer than it takes a running taker to learn that it has gained slots, and to look for requests. */
const LONG_LATENCY_MS = 4_500;
const TIMEOUT_MS = 5_000;
const DEADLINE_MS = 60_000;
/** Requests are looked for every two seconds: asked for at these times before, they are anywhere. */
const BEFORE_MS = [100, 400, 700, 1_000, 1_300, 1_600, 1_900, 2_200, 2_500, 2_800];

async function askedWorld(leases: number, latencyMs: number) {
  const settings = { longestTimeoutMs: TIMEOUT_MS };
  const world = await collectorWorld({ leases, latencyMs: () => latencyMs, settings });
  const ids = Array.from({ length: 12 }, (_, index) => `t-${index}`);
  await world.register([
    ...ids.map((id) => noopTarget(id, every(3_600_000))),
    // So that nobody leaves for want of work.
    ...Array.from({ length: 24 }, (_, index) => noopTarget(`often-${index}`, every(10_000))),
  ]);
  async function ask(): Promise<() => readonly number[]> {
    const settings = { pool: POOL, slotsLog2: world.slotsLog2 };
    const askedAt = world.clock.now();
    await requestCapture(world, settings, { kind: "ids", ids });
    return () => ids.map((id) => world.arrivalsOf(id).filter((at) => at >= askedAt).length);
  }
  const pending = () => world.requests.list(POOL, wholeSpace(), world.slotsLog2);
  const once = ids.map(() => 1);
  return { world, once, ask, pending };
}

describe("captures on request, when their slots change hands as planned", () => {
  it.each(BEFORE_MS)(
    "are made once though they were asked for %i ms before their owner releases",
    async (beforeMs) => {
      const { world, once, ask, pending } = await askedWorld(1, LATENCY_MS);
      const from = world.clock.now();
      const leaveAt = releaseAt(after(from, DEADLINE_MS), TIMEOUT_MS);
      world.start(1, { deadlineInMs: DEADLINE_MS });
      await world.clock.advance(leaveAt - from - 5_000);
      world.start(1, { deadlineInMs: 900_000 });
      await world.clock.advance(5_000 - beforeMs);
      const counts = await ask();
      await world.clock.advance(20_000);
      expect(world.reports.map(({ ending }) => ending)).toEqual(["deadline"]);
      expect(counts()).toEqual(once);
      expect(await pending()).toEqual([]);
    },
  );

  it.each(BEFORE_MS)(
    "are made once though they were asked for %i ms before their slots are given",
    async (beforeMs) => {
      const { world, once, ask, pending } = await askedWorld(2, LONG_LATENCY_MS);
      world.start(1);
      world.start(2);
      await world.clock.advance(10_000);
      const counts = await ask();
      await world.clock.advance(beforeMs);
      const fleet = await world.leases.readFleet(POOL);
      const [giver, taker] = fleet?.leases ?? [];
      if (giver === undefined || taker === undefined) throw new Error("expected two leases");
      const promised = await world.leases.promise({
        pool: POOL,
        from: giver.id,
        fromVersion: giver.version,
        to: taker.id,
        toVersion: taker.version,
        ranges: giver.ranges,
      });
      expect(promised.kind).toBe("promised");
      await world.clock.advance(20_000);
      expect((await world.leases.findLease(POOL, leaseId(1)))?.ranges).toEqual([]);
      expect(counts()).toEqual(once);
      expect(await pending()).toEqual([]);
    },
  );
});
