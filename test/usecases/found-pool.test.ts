import { describe, expect, it } from "vitest";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { InvalidInputError, InvariantError } from "#domain/errors.ts";
import { tiling } from "#domain/range.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { at, settableClock } from "#test/support/settable-clock.ts";
import { foundPool } from "#usecases/found-pool.ts";

const NOW = "2026-11-21T13:00:00Z";
const clock = settableClock(NOW);
const request = { pool: "p", slotsLog2: 6, desired: 3 };

describe("foundPool", () => {
  it("makes the fleet and its leases, which tile and are due at once", async () => {
    const leases = memoryLeaseStore();
    expect(await foundPool({ clock, leases }, request)).toEqual({ kind: "founded" });
    const snapshot = await leases.readFleet("p");
    expect(snapshot?.fleet).toMatchObject({
      slotsLog2: 6,
      desired: 3,
      nextLease: 4,
      createdAt: at(NOW),
    });
    expect(snapshot?.leases.map(({ id }) => id)).toEqual(["0001", "0002", "0003"]);
    expect(snapshot?.leases.every(({ nextDueAt }) => nextDueAt === at(NOW))).toBe(true);
    expect(tiling(snapshot?.leases.map(({ ranges }) => ranges) ?? []).kind).toBe("tiles");
  });

  it("leaves a pool as it is that exists like this", async () => {
    const leases = memoryLeaseStore();
    await foundPool({ clock, leases }, request);
    const before = await leases.readFleet("p");
    expect(await foundPool({ clock, leases }, request)).toEqual({ kind: "exists" });
    expect(await leases.readFleet("p")).toEqual(before);
  });

  it("changes how many collectors are desired, and leaves the leases to the rebalancer", async () => {
    const leases = memoryLeaseStore();
    await foundPool({ clock, leases }, request);
    expect(await foundPool({ clock, leases }, { ...request, desired: 5 })).toEqual({
      kind: "changed",
      desiredBefore: 3,
    });
    const snapshot = await leases.readFleet("p");
    expect(snapshot?.fleet.desired).toBe(5);
    expect(snapshot?.leases).toHaveLength(3);
  });

  it("refuses another number of slots, and changes nothing", async () => {
    const leases = memoryLeaseStore();
    await foundPool({ clock, leases }, request);
    const refused = foundPool({ clock, leases }, { ...request, slotsLog2: 7, desired: 9 });
    await expect(refused).rejects.toThrow("slots of pool p: found 128, expected 64");
    await expect(refused).rejects.toBeInstanceOf(InvalidInputError);
    expect((await leases.readFleet("p"))?.fleet.desired).toBe(3);
  });

  it.each([0, -1, 1.5, 65, Number.NaN])("refuses %d collectors for 64 slots", async (desired) => {
    await expect(
      foundPool({ clock, leases: memoryLeaseStore() }, { ...request, desired }),
    ).rejects.toThrow("from 1 to 64");
  });

  it("gives up when the fleet record changes each time it is to be written", async () => {
    const leases = memoryLeaseStore();
    await foundPool({ clock, leases }, request);
    const contended: LeaseStore = {
      ...leases,
      writeFleet: () => Promise.resolve({ kind: "refused" }),
    };
    await expect(
      foundPool({ clock, leases: contended }, { ...request, desired: 4 }),
    ).rejects.toBeInstanceOf(InvariantError);
  });
});
