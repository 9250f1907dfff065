import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { leaseId } from "#domain/lease.ts";
import { epochMs } from "#domain/units.ts";
import { collectorWorld, noopTarget, POOL } from "#test/support/collector-world.ts";

const MINUTE = every(60_000);

function targets(count: number, cadence = MINUTE) {
  return Array.from({ length: count }, (_, index) => noopTarget(`target-${index}`, cadence));
}

describe("a collector", () => {
  it("captures new targets at once, then each at its own instants", async () => {
    const world = await collectorWorld();
    await world.register(targets(40));
    const began = world.clock.now();
    world.start();
    await world.clock.advance(180_000);
    for (const { id } of targets(40)) {
      const arrivals = world.arrivalsOf(id);
      const instants = world.instants(id, MINUTE, began, world.clock.now());
      const first = arrivals.find((at) => !instants.some((instant) => Math.abs(at - instant) <= 5));
      const onTime = arrivals.filter((at) =>
        instants.some((instant) => at - instant >= 0 && at - instant <= 5),
      );
      expect(onTime).toHaveLength(instants.length);
      expect(arrivals.length - onTime.length).toBeLessThanOrEqual(1);
      if (first !== undefined) expect(first - began).toBeLessThan(5_000);
    }
  });

  it("commits what it captured, and removes the requests it fulfilled", async () => {
    const world = await collectorWorld();
    await world.register(targets(40));
    world.start();
    await world.clock.advance(125_000);
    const open = await world.requests.list(POOL, [{ from: 0, to: 2 ** 32 }], world.slotsLog2);
    expect(open).toEqual([]);
    for (let slot = 0; slot < 4; slot += 1) {
      const contents = await world.schedules.readSlot(POOL, slot as never);
      for (const schedule of contents.schedules) {
        expect(world.clock.now() - schedule.watermark.at).toBeLessThan(63_000);
        expect(schedule.latest.length).toBe(10 * contents.targets.length);
      }
    }
  });

  it("hands over at its deadline without a duplicate and without a gap", async () => {
    const cadence = every(10_000);
    const world = await collectorWorld({
      latencyMs: () => 300,
      settings: { longestTimeoutMs: 5_000 },
    });
    await world.register(targets(200, cadence));
    world.start(1, { deadlineInMs: 60_000 });
    await world.clock.advance(45_000);
    const began = world.clock.now();
    world.start(1, { deadlineInMs: 900_000 });
    await world.clock.advance(60_000);
    const end = epochMs(world.clock.now() - 2_000);
    expect(world.reports.map((report) => report.ending)).toEqual(["deadline"]);
    for (const { id } of targets(200, cadence)) {
      const instants = world.instants(id, cadence, began, end);
      const arrivals = world.arrivalsOf(id).filter((at) => at > began && at <= end + 1_000);
      for (const instant of instants) {
        const near = arrivals.filter((at) => at >= instant && at - instant < 500);
        expect(near, `${id} at ${instant}: ${arrivals.join(",")}`).toHaveLength(1);
      }
    }
    const owners = new Set(
      world.arrivals.filter((arrival) => arrival.at > end - 5_000).map((arrival) => arrival.owner),
    );
    expect([...owners]).toEqual(["owner-2"]);
    expect(world.log.lines.filter((line) => line.level === "error")).toEqual([]);
  });

  it("gives promised ranges at a cut: no duplicate, no gap", async () => {
    const cadence = every(10_000);
    const world = await collectorWorld({ leases: 2, slotsLog2: 3, latencyMs: () => 200 });
    await world.register(targets(200, cadence));
    world.start(1);
    world.start(2);
    await world.clock.advance(25_000);
    const began = world.clock.now();
    const snapshot = await world.leases.readFleet(POOL);
    const [a, b] = snapshot?.leases ?? [];
    if (a === undefined || b === undefined) throw new Error("two leases were founded");
    const moving = { from: a.ranges[0]?.from ?? 0, to: (a.ranges[0]?.from ?? 0) + 2 ** 30 };
    const promised = await world.leases.promise({
      pool: POOL, from: a.id, fromVersion: a.version, to: b.id, toVersion: b.version, ranges: [moving],
    }); // prettier-ignore
    expect(promised.kind).toBe("promised");
    await world.clock.advance(60_000);
    const after = await world.leases.findLease(POOL, leaseId(2));
    expect(
      after?.ranges.some((range) => range.from <= moving.from && moving.to <= range.to) === true,
    ).toBe(true);
    const end = epochMs(world.clock.now() - 2_000);
    for (const { id } of targets(200, cadence)) {
      const instants = world.instants(id, cadence, began, end);
      const arrivals = world.arrivalsOf(id).filter((at) => at > began && at <= end);
      expect(arrivals.length, `${id}: ${arrivals.join(",")} for ${instants.join(",")}`).toBe(
        instants.length,
      );
    }
  });

  it("leaves when nothing is due for a while, and says when it is wanted again", async () => {
    const world = await collectorWorld();
    await world.register([noopTarget("lonely", every(3_600_000))]);
    const { done } = world.start();
    await world.clock.advance(20_000);
    const report = await done;
    expect(report.ending).toBe("idle");
    expect(report.captures).toBe(1);
    const lease = await world.leases.findLease(POOL, leaseId(1));
    expect(lease?.holder).toBeUndefined();
    const [next] = world.instants(
      "lonely",
      every(3_600_000),
      world.clock.now(),
      epochMs(world.clock.now() + 3_600_000),
    );
    expect(lease?.nextDueAt).toBe(next);
  });

  it("captures again what a dead owner left open, within the TTL, and nothing is lost", async () => {
    const cadence = every(60_000);
    const world = await collectorWorld({ latencyMs: () => 100 });
    await world.register(targets(400, cadence));
    const first = world.start();
    await world.clock.advance(90_500);
    world.kill(first.owner);
    const killedAt = world.clock.now();
    await world.clock.advance(8_000);
    const second = world.start();
    await world.clock.advance(70_000);
    const begins = world.arrivals
      .filter((arrival) => arrival.owner === second.owner)
      .map((arrival) => arrival.at);
    expect(Math.min(...begins) - killedAt).toBeLessThanOrEqual(10_000 + 100 + 1_000);
    for (const { id } of targets(400, cadence)) {
      const due = world.instants(
        id,
        cadence,
        epochMs(killedAt - 30_000),
        epochMs(world.clock.now() - 2_000),
      );
      const seen = world.arrivalsOf(id);
      for (const instant of due) {
        const captures = seen.filter((at) => at >= instant && at - instant < 59_000);
        expect(captures.length, `${id} due ${instant}`).toBeGreaterThanOrEqual(1);
      }
    }
  });

  it("registers beside a running round: what is acknowledged is captured or recorded, the rest undisturbed", async () => {
    const cadence = every(10_000);
    const world = await collectorWorld({ latencyMs: () => 50 });
    await world.register(targets(100, cadence));
    world.start();
    await world.clock.advance(23_000);
    await world.register(targets(200, cadence).slice(100));
    const acknowledgedAt = world.clock.now();
    await world.clock.advance(30_000);
    const end = epochMs(world.clock.now() - 2_000);
    for (const { id } of targets(200, cadence)) {
      const instants = world.instants(id, cadence, acknowledgedAt, end);
      const arrivals = world.arrivalsOf(id);
      const captured = instants.filter((instant) =>
        arrivals.some((at) => at >= instant && at - instant < 500),
      );
      const missing = instants.length - captured.length;
      expect(missing, `${id} misses ${missing}`).toBeLessThanOrEqual(1);
    }
    expect(world.log.lines.filter((line) => line.level === "error")).toEqual([]);
  });

  it("never captures a removed target again", async () => {
    const cadence = every(10_000);
    const world = await collectorWorld({ latencyMs: () => 2_000 });
    await world.register(targets(40, cadence));
    world.start();
    await world.clock.advance(23_000);
    await world.remove(["target-7"]);
    await world.clock.advance(21_000);
    const before = world.arrivalsOf("target-7").length;
    await world.clock.advance(60_000);
    expect(world.arrivalsOf("target-7").length).toBe(before);
    const contents = await Promise.all(
      [0, 1, 2, 3].map((slot) => world.schedules.readSlot(POOL, slot as never)),
    );
    expect(contents.flatMap((each) => each.targets.map((target) => target.id))).not.toContain(
      "target-7",
    );
  });
});
