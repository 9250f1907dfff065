/** A successor that has read its slots while it waited: what was given away meanwhile is another's. */
import { expect, test } from "vitest";
import { leaseId } from "#domain/lease.ts";
import { covers } from "#domain/range.ts";
import { dueIn, duplicatesOf, whatIsWrong } from "#test/faults/measure.ts";
import { targetsInEachSlot } from "#test/faults/targets.ts";
import { faultWorld } from "#test/faults/world.ts";

const [ONE, TWO] = [leaseId(1), leaseId(2)];
/** The first owner lets go nine and three quarters of a second before. */
const LIFE_MS = 30_000;

test("a successor captures nothing of what its lease has lost since it was looked at", async () => {
  const world = await faultWorld({
    seed: 1,
    slotsLog2: 3,
    leases: 2,
    targets: targetsInEachSlot(3, 2, [1_000]),
    lifeMs: () => LIFE_MS,
  });
  const start = world.clock.now();
  world.invokeCollector(ONE);
  await world.pass(2_000);
  world.invokeCollector(TWO);
  await world.pass(12_000);
  world.invokeCollector(ONE);
  await world.pass(1_500);
  const [from, to] = [await world.lease(1), await world.lease(2)];
  const [range] = from.ranges;
  if (range === undefined) throw new Error("lease 1 has no ranges");
  const half = { from: range.from, to: (range.from + range.to) / 2 };
  const promised = await world.leases.promise({
    pool: world.pool,
    from: ONE,
    fromVersion: from.version,
    to: TWO,
    toVersion: to.version,
    ranges: [half],
  });
  expect(promised.kind).toBe("promised");
  await world.pass(9_000);
  world.invokeCollector(TWO);
  await world.pass(7_000);
  const taker = await world.lease(2);
  expect(world.one("collector-3").ended).toBeUndefined();
  expect(covers(taker.ranges, [half])).toBe(true);
  const due = dueIn(world, start + 4_000, world.clock.now() - 3_000);
  const wrong = await whatIsWrong(world, { from: start + 4_000, isHandingOver: true });
  world.end();
  expect(due.length).toBeGreaterThan(200);
  expect(duplicatesOf(due)).toEqual([]);
  expect(wrong).toEqual([]);
});
