import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { leaseId } from "#domain/lease.ts";
import { releaseAt } from "#domain/lease-times.ts";
import { wholeSpace } from "#domain/range.ts";
import { after, type EpochMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { RequestStore } from "#ports/request-store.ts";
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

describe("a collector that has let go", () => {
  it("reads no more requests while it finishes what it keeps", async () => {
    const { world } = await askedWorld(1, LONG_LATENCY_MS);
    let releasedAt: EpochMs | undefined;
    const lists: EpochMs[] = [];
    const leases: LeaseStore = {
      ...world.leases,
      release(request) {
        releasedAt = world.clock.now();
        return world.leases.release(request);
      },
    };
    const requests: RequestStore = {
      ...world.requests,
      list(...asked) {
        lists.push(world.clock.now());
        return world.requests.list(...asked);
      },
    };
    world.start(1, { deadlineInMs: DEADLINE_MS, deps: { leases, requests } });
    await world.clock.advance(DEADLINE_MS);
    expect(world.reports.map(({ ending }) => ending)).toEqual(["deadline"]);
    const since = releasedAt ?? world.clock.now();
    expect(lists.length).toBeGreaterThan(10);
    expect(lists.filter((at) => at > since)).toEqual([]);
  });
});

describe("a collector that is about to let go", () => {
  it("waits no longer for captures on request though its clock is set back meanwhile", async () => {
    const { world, ask } = await askedWorld(1, 30_000);
    let releases = 0;
    const leases: LeaseStore = {
      ...world.leases,
      release(request) {
        releases += 1;
        return world.leases.release(request);
      },
    };
    const leaveAt = releaseAt(after(world.clock.now(), DEADLINE_MS), TIMEOUT_MS);
    world.start(1, { deadlineInMs: DEADLINE_MS, deps: { leases } });
    await world.clock.advance(leaveAt - world.clock.now() - 5_000);
    await ask();
    await world.clock.advance(5_500);
    expect(releases).toBe(0);
    world.clock.jump(-20_000);
    await world.clock.advance(1_500);
    expect(releases).toBe(1);
  });
});

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
