/** An owner whose clock is far behind, and whose heartbeats don't get through: it is fenced out, and goes. */
import { expect, test } from "vitest";
import type { CommitRequest, CommitResult } from "#domain/schedule.ts";
import { targetsInEachSlot } from "#test/faults/targets.ts";
import { faultWorld } from "#test/faults/world.ts";

const OWNER = "collector-1";
const CUT_OFF_AT_MS = 16_000;
/** Its lease is over for others while it is sure of it for so long. */
const BEHIND_MS = 8_000;
const COMMITS_FAIL_MS = 1_500;
/** A capture that was handed to the probe already. */
const UNDER_WAY_MS = 20;

test("whoever is fenced out starts nothing more in that schedule", async () => {
  let cutOffAt = Number.POSITIVE_INFINITY;
  const world = await faultWorld({
    seed: 1,
    slotsLog2: 2,
    leases: 1,
    targets: targetsInEachSlot(2, 25, [1_000]),
    captureMs: () => 5,
    skewMs: (process) => (process === OWNER ? -BEHIND_MS : 0),
    fault({ name, process }, { clock }) {
      if (process !== OWNER || clock.now() < cutOffAt) return undefined;
      // Its commits fail for a while, so that its successor's come first.
      const isLost = name === "schedules.commit" && clock.now() < cutOffAt + COMMITS_FAIL_MS;
      return isLost || name === "leases.renew" ? "unreachable" : undefined;
    },
  });
  const { id } = await world.lease(1);
  world.invokeCollector(id);
  await world.pass(CUT_OFF_AT_MS);
  cutOffAt = world.clock.now();
  world.invokeCollector(id);
  await world.pass(BEHIND_MS + 8_000);
  world.end();

  const fencedAt = new Map<number, number>();
  for (const { name, process, args, result, appliedAt } of world.calls) {
    if (name !== "schedules.commit" || process !== OWNER) continue;
    const { slot } = args[0] as CommitRequest;
    if ((result as CommitResult).kind === "fenced" && !fencedAt.has(slot))
      fencedAt.set(slot, appliedAt + UNDER_WAY_MS);
  }
  expect(fencedAt.size).toBeGreaterThan(0);
  const since = world.arrivals.filter(
    ({ process, target, at }) =>
      process === OWNER && at > (fencedAt.get(world.slotOf(target)) ?? Number.POSITIVE_INFINITY),
  );
  expect(since).toEqual([]);
});
