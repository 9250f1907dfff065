/** A giver that sleeps: until its time is nearly over, or until others have moved what it gives. */
import { expect, test } from "vitest";
import { every } from "#domain/cadence.ts";
import { leaseId, type ReleaseRequest } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { targetsInEachSlot } from "#test/faults/targets.ts";
import { faultWorld } from "#test/faults/world.ts";
import { noopTarget } from "#test/support/collector-world.ts";

const GIVER = "collector-1";
/** It lets go nine and three quarters of a second before. */
const LIFE_MS = 40_000;
/** Before the moment by which all it starts must have ended; less than a capture may take. */
const WAKES_BEFORE_MS = 1_500;

test("a giver starts no capture that might end after it can be committed", async () => {
  let wokenAt: number | undefined;
  const world = await faultWorld({
    seed: 1,
    slotsLog2: 2,
    leases: 1,
    // A hundred a second, each due again only when all is over.
    targets: targetsInEachSlot(2, 250, [10_000]),
    captureMs: () => 20,
    lifeMs: () => LIFE_MS,
    fault({ name, process, args }, { clock, one }) {
      if (name !== "leases.release" || process !== GIVER || wokenAt !== undefined) return undefined;
      const { open } = args[0] as ReleaseRequest;
      const until = Math.max(...open.map((entry) => entry.until));
      wokenAt = until - limits.commitTimeMs - WAKES_BEFORE_MS;
      clock.after(wokenAt - clock.now(), () => {
        one(GIVER).process.resume();
      });
      return "pauses-applied";
    },
  });
  world.everyMinute();
  await world.pass(LIFE_MS + 5_000);
  world.end();
  const from = wokenAt ?? Number.POSITIVE_INFINITY;
  const byGiver = world.arrivals.filter(({ process }) => process === GIVER);
  expect(byGiver.length).toBeGreaterThan(1_000);
  expect(from).toBeLessThan(world.clock.now());
  expect(byGiver.filter(({ at }) => at >= from)).toEqual([]);
});

/** It may take half a minute, and so long a giver keeps what it has let go of. */
const PATIENT = Array.from({ length: 8 }, (_, index) => noopTarget(`slow-${index}`, every(60_000)));
const [ONE, TWO] = [leaseId(1), leaseId(2)];

test("a giver whose range was moved before its give arrived starts nothing of it", async () => {
  let sleeps = false;
  const world = await faultWorld({
    seed: 1,
    slotsLog2: 2,
    leases: 2,
    targets: [...PATIENT, ...targetsInEachSlot(2, 250, [20_000])],
    fault({ name, process }) {
      if (name !== "leases.give" || process !== GIVER || sleeps) return undefined;
      sleeps = true;
      return "pauses-unsent";
    },
  });
  world.invokeCollector(ONE);
  await world.pass(2_000);
  world.invokeCollector(TWO);
  await world.pass(30_000);
  const between = async () => {
    const [from, to] = [await world.lease(1), await world.lease(2)];
    const versions = { fromVersion: from.version, toVersion: to.version };
    return { pool: world.pool, from: ONE, to: TWO, ...versions, ranges: from.ranges };
  };
  const promised = await world.leases.promise(await between());
  await world.pass(limits.heartbeatEveryMs + 500);
  await world.pass(limits.leaseTtlMs);
  const moved = await world.leases.move({
    ...(await between()),
    now: world.clock.now(),
    skewMaxMs: limits.skewMaxMs,
  });
  const wokenAt = world.clock.now();
  world.one(GIVER).process.resume();
  await world.pass(5_000);
  world.end();
  expect([promised.kind, sleeps, moved.kind]).toEqual(["promised", true, "moved"]);
  expect(world.one(GIVER).ended).toBe("lost");
  const since = world.arrivals.filter(({ process, at }) => process === GIVER && at >= wokenAt);
  expect(since).toEqual([]);
});
