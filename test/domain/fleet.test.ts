import { expect, test } from "vitest";
import { sameFleet, withNewLease } from "#domain/fleet.ts";
import { leaseId } from "#domain/lease.ts";
import { at, twoLeases } from "#test/support/leases.ts";

const { fleet } = twoLeases("default");

test("a new lease takes the next number, has no ranges and nothing due, and raises the version", () => {
  const after = withNewLease(fleet);
  expect(after.fleet).toEqual({ ...fleet, nextLease: 4, version: 2 });
  expect(after.lease).toMatchObject({ pool: "default", id: leaseId(3), ranges: [], epoch: 0 });
  expect(new Date(after.lease.nextDueAt).getUTCFullYear()).toBeGreaterThan(200_000);
});

test("fleets are the same when every field is", () => {
  const last = { at: at(1), by: "run-1", startMs: 300, throttledTotal: 7, unitsTotal: 2.5 };
  const written = { ...fleet, lastRebalance: last };
  expect(sameFleet(written, { ...written, lastRebalance: { ...last } })).toBe(true);
  for (const other of [
    fleet,
    { ...written, pool: "other" },
    { ...written, slotsLog2: 7 },
    { ...written, desired: 3 },
    { ...written, nextLease: 9 },
    { ...written, version: 9 },
    { ...written, createdAt: at(9) },
    { ...written, lastRebalance: { ...last, at: at(2) } },
    { ...written, lastRebalance: { ...last, by: "run-2" } },
    { ...written, lastRebalance: { ...last, startMs: 301 } },
    { ...written, lastRebalance: { ...last, throttledTotal: 8 } },
    { ...written, lastRebalance: { ...last, unitsTotal: 3 } },
    { ...written, lastRebalance: { at: last.at, by: last.by } },
  ]) {
    expect(sameFleet(written, other)).toBe(false);
  }
});
