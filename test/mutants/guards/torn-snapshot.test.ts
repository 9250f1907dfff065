/** A read of the fleet whose pages are of two moments: a range seems to be nowhere, or twice. */
import { describe, expect, test } from "vitest";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import type { FleetSnapshot } from "#domain/fleet.ts";
import { readTiling } from "#usecases/rebalance/snapshot.ts";
import { settableClock } from "#test/support/settable-clock.ts";
import { at, ONE, Q, requestsIn, twoLeases } from "#test/support/leases.ts";

const POOL = "p";

/** The pages of a read before a move and of one after it, which the move lies between. */
async function torn(first: "before" | "after"): Promise<FleetSnapshot[]> {
  const leases = memoryLeaseStore();
  await leases.found(twoLeases(POOL));
  const before = await leases.readFleet(POOL);
  await leases.move(requestsIn(POOL).move([1, 1], [Q[1]], at(1)));
  const after = await leases.readFleet(POOL);
  if (before === undefined || after === undefined) throw new Error("there is no pool");
  const [one, two] = first === "before" ? [before, after] : [after, before];
  const mixed = [
    ...one.leases.filter(({ id }) => id === ONE),
    ...two.leases.filter(({ id }) => id !== ONE),
  ];
  return [{ fleet: after.fleet, leases: mixed }, after];
}

describe("a snapshot that doesn't tile", () => {
  test.each(["before", "after"] as const)(
    "is read again, never planned on: its first page is from %s a move",
    async (first) => {
      const reads = await torn(first);
      const whole = reads[1];
      const clock = settableClock("2026-11-21T13:00:00Z");
      const leases = { ...memoryLeaseStore(), readFleet: () => Promise.resolve(reads.shift()) };
      const read = readTiling({ clock, leases }, POOL);
      await clock.advance(1_000);
      expect(await read).toEqual({ kind: "tiles", snapshot: whole });
    },
  );
});
