import { describe, expect, it } from "vitest";
import type { Fleet } from "#domain/fleet.ts";
import { acquire, leaseId, newLease, renew, type Lease, type Owner } from "#domain/lease.ts";
import { emptyMinute, emptyProgress, latenessBucket, minuteOf } from "#domain/progress.ts";
import { cover } from "#domain/range.ts";
import { after, epochMs, type EpochMs } from "#domain/units.ts";
import { fleetView } from "#local/view/collectors.ts";

const NOON = epochMs(Date.parse("2026-11-21T12:00:30Z"));
const fleet: Fleet = { pool: "default", slotsLog2: 4, desired: 2, nextLease: 3, version: 1, createdAt: NOON }; // prettier-ignore

function leases(now: EpochMs): readonly [Lease, Lease] {
  const [first = [], second = []] = cover(2, 4);
  const idle = newLease("default", leaseId(2), second, now);
  const taken = acquire(newLease("default", leaseId(1), first, now), {
    pool: "default",
    id: leaseId(1),
    owner: "owner-a" as Owner,
    now,
    ttlMs: 10_000,
    skewMaxMs: 100,
    deadlineAt: after(now, 900_000),
  });
  if (taken.kind !== "acquired") throw new Error(taken.kind);
  return [taken.lease, idle];
}

describe("the view of a fleet", () => {
  it("names who captures what", () => {
    const view = fleetView({ fleet, leases: leases(NOON) }, NOON);
    expect(view).toMatchObject({ desired: 2, running: 1, lagMs: 0 });
    expect(view.collectors).toMatchObject([
      {
        lease: "0001",
        state: "running",
        owner: "owner-a",
        slots: 8,
        ranges: ["00000000-80000000"],
      },
      { lease: "0002", state: "idle", slots: 8, ranges: ["80000000-100000000"] },
    ]);
  });

  it("shows a lease that nobody takes as overdue, and one whose owner is silent as expired, both with their lag", () => {
    const later = after(NOON, 20_000);
    const view = fleetView({ fleet, leases: leases(NOON) }, later);
    expect(view.collectors.map(({ state }) => state)).toEqual(["expired", "overdue"]);
    expect(view).toMatchObject({ running: 0, lagMs: 20_000 });
  });

  it("shows what is quarantined, how many died of it, and until when; and who died elsewhere", () => {
    const [taken, idle] = leases(NOON);
    const until = after(NOON, 900_000);
    const ward = { of: leaseId(9), until: after(until, 900_000), deaths: 3 };
    const shut = { ...idle, quarantine: { since: NOON, until }, ward };
    const bereaved = { ...taken, deaths: [after(NOON, -30_000)] };
    const view = fleetView({ fleet, leases: [bereaved, shut] }, after(NOON, 1_000));
    expect(view.collectors).toMatchObject([
      { state: "running", died: 1 },
      { state: "quarantined", died: 3, quarantinedUntil: until },
    ]);
    expect(view.running).toBe(1);
  });

  it("counts the lag of a silent owner from its last word, not from when it took the lease", () => {
    const [taken, idle] = leases(NOON);
    const toldAt = after(NOON, 60_000);
    const told = renew(taken, {
      pool: "default",
      id: taken.id,
      owner: "owner-a" as Owner,
      sentAt: toldAt,
      ttlMs: 10_000,
      progress: { ...emptyProgress(toldAt), lagMs: 200 },
    });
    if (told.kind !== "renewed") throw new Error(told.kind);
    const [silent] = fleetView(
      { fleet, leases: [told.lease, idle] },
      after(toldAt, 20_000),
    ).collectors;
    expect(silent).toMatchObject({ state: "expired", lagMs: 20_200 });
  });

  it("leaves out leases without ranges", () => {
    const empty = newLease("default", leaseId(3), [], NOON);
    expect(fleetView({ fleet, leases: [empty] }, NOON).collectors).toEqual([]);
  });

  it("takes lateness and misses from the last whole minute of all leases", () => {
    const [taken, idle] = leases(NOON);
    const minute = emptyMinute(minuteOf(NOON) - 1);
    const lateness = minute.lateness.map(() => 0);
    lateness[latenessBucket(3)] = 980;
    lateness[latenessBucket(40)] = 20;
    const progress = { ...emptyProgress(NOON), previous: { ...minute, missed: 4, lateness } };
    const view = fleetView({ fleet, leases: [{ ...taken, progress }, idle] }, NOON);
    expect(view).toMatchObject({ missed: 4, lateness99Ms: 50 });
  });
});
