/** What an owner does that is cut off, stands still, or sleeps: its right ends when others think so. */
import { expect, test } from "vitest";
import { every } from "#domain/cadence.ts";
import { limits } from "#domain/limits.ts";
import type { Clock } from "#ports/clock.ts";
import { sleep } from "#ports/clock.ts";
import { targetsInEachSlot } from "#test/faults/targets.ts";
import { faultWorld, type FaultWorld } from "#test/faults/world.ts";
import { collectorWorld, noopTarget } from "#test/support/collector-world.ts";

const OWNER = "collector-1";
const SLOTS_LOG2 = 2;
/** Something is due every few milliseconds. */
const DENSE = targetsInEachSlot(SLOTS_LOG2, 25, [1_000]);
const OUTAGE_AT_MS = 16_000;

const lastOf = (world: FaultWorld, process: string): number =>
  Math.max(...world.arrivals.filter((one) => one.process === process).map(({ at }) => at));

/** Its newest renewal that was applied, by when it was sent. */
function renewedAt(world: FaultWorld): number {
  const renewals = world.calls.filter(
    ({ name, process }) => name === "leases.renew" && process === OWNER,
  );
  const [request] = renewals.at(-1)?.args ?? [];
  return (request as { readonly sentAt: number }).sentAt;
}

test("an owner that reaches nothing starts nothing once others think its lease is over", async () => {
  const answersTakeMs = 800;
  let isOut = false;
  const world = await faultWorld({
    seed: 1,
    slotsLog2: SLOTS_LOG2,
    leases: 1,
    targets: DENSE,
    captureMs: () => 5,
    fault: ({ process }) => (isOut && process === OWNER ? "unreachable" : undefined),
  });
  const { leases } = world;
  const renew = leases.renew.bind(leases);
  leases.renew = async (request) => {
    const result = await renew(request);
    await sleep(world.clock, answersTakeMs);
    return result;
  };
  world.everyMinute();
  await world.pass(OUTAGE_AT_MS);
  isOut = true;
  await world.pass(2 * limits.leaseTtlMs);
  world.end();
  expect(lastOf(world, OWNER)).toBeLessThan(renewedAt(world) + limits.leaseTtlMs);
  expect(lastOf(world, OWNER)).toBeGreaterThan(renewedAt(world) + limits.leaseTtlMs - 200);
  expect(lastOf(world, "collector-2")).toBeGreaterThan(lastOf(world, OWNER) + 2_000);
});

test("an owner that was asleep for longer than its lease ends when it hears of it", async () => {
  const world = await faultWorld({
    seed: 1,
    slotsLog2: SLOTS_LOG2,
    leases: 1,
    targets: targetsInEachSlot(SLOTS_LOG2, 2, [1_000]),
  });
  world.everyMinute();
  await world.pass(OUTAGE_AT_MS);
  const { process } = world.one(OWNER);
  process.pause();
  await world.pass(2 * limits.leaseTtlMs);
  process.resume();
  await world.pass(limits.heartbeatEveryMs + 1_000);
  const { ended } = world.one(OWNER);
  world.end();
  expect(ended).toBe("lost");
});

test("an owner whose work loop stands still lets its lease run out", async () => {
  const world = await collectorWorld({ slotsLog2: SLOTS_LOG2 });
  await world.register(
    Array.from({ length: 40 }, (_, index) => noopTarget(`t-${index}`, every(1_000))),
  );
  let isStill = false;
  const controlMs = 100;
  const still: Clock = {
    now: () => world.clock.now(),
    after: (span, wake) =>
      world.clock.after(span, () => {
        if (!isStill || span >= controlMs) wake();
      }),
  };
  const first = world.start(1, { deps: { clock: still } });
  await world.clock.advance(8_000);
  isStill = true;
  await world.clock.advance(limits.leaseTtlMs + limits.heartbeatEveryMs + 1_000);
  const second = world.start(1);
  await world.clock.advance(3_000);
  const by = (owner: string): number =>
    world.arrivals.filter((arrival) => arrival.owner === owner).length;
  expect(by(first.owner)).toBeGreaterThan(0);
  expect(by(second.owner)).toBeGreaterThan(0);
});
