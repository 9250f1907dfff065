import { describe, expect, it } from "vitest";
import { acquire, leaseId, newLease, renew, type Lease, type Owner } from "#domain/lease.ts";
import { emptyProgress } from "#domain/progress.ts";
import { cover } from "#domain/range.ts";
import { after, epochMs } from "#domain/units.ts";
import { leaseJson, leaseRow } from "../../../cli/commands/leases/run.ts";

const NOON = epochMs(Date.parse("2026-11-21T12:00:30Z"));
const TOLD_AT = after(NOON, 60_000);
const LAG_CELL = 5;
const NEXT_CELL = 8;

/** Taken at noon; its owner told of itself a minute later, and was silent from then on. */
function told(): Lease {
  const owner = "owner-a" as Owner; // A test's owner needs no randomness.
  const { pool, id, ranges } = { pool: "default", id: leaseId(1), ranges: cover(1, 4)[0] ?? [] };
  const taken = acquire(newLease(pool, id, ranges, NOON), {
    ...{ pool, id, owner, now: NOON, ttlMs: 10_000, skewMaxMs: 100 },
    deadlineAt: after(NOON, 900_000),
  });
  const progress = { ...emptyProgress(TOLD_AT), lagMs: 200 };
  const renewed = renew(taken.kind === "acquired" ? taken.lease : undefined, {
    ...{ pool, id, owner, sentAt: TOLD_AT, ttlMs: 10_000, progress },
  });
  if (renewed.kind !== "renewed") throw new Error(renewed.kind);
  return renewed.lease;
}

describe("a lease in the table", () => {
  it("that is quarantined says so, how many collectors died, and when it is tried again", () => {
    const until = after(NOON, 900_000);
    const shut = {
      ...newLease("default", leaseId(7), cover(16, 4)[0] ?? [], NOON),
      quarantine: { since: NOON, until },
      ward: { of: leaseId(2), until: after(until, 900_000), deaths: 3 },
    };
    const now = after(NOON, 60_000);
    const row = leaseRow(shut, now, 4);
    expect(row[1]).toEqual({ text: "quarantined, 3 died", style: "red" });
    expect([row[LAG_CELL], row[NEXT_CELL]]).toEqual(["1m", "in 14m"]);
    expect(leaseJson(shut, now, 4)).toMatchObject({
      owned: false,
      wardOf: "0002",
      quarantine: {
        since: "2026-11-21T12:00:30.000Z",
        until: "2026-11-21T12:15:30.000Z",
        deaths: 3,
      },
    });
  });

  it("whose owners died says how many, and a ward whose it is", () => {
    const suspect = {
      ...told(),
      deaths: [NOON],
      ward: { of: leaseId(2), until: after(TOLD_AT, 60_000), deaths: 2 },
    };
    const now = after(TOLD_AT, 2_000);
    expect(leaseRow(suspect, now, 4).at(-1)).toBe("ward of 0002, 1 died");
    expect(leaseJson(suspect, now, 4)).toMatchObject({ deaths: ["2026-11-21T12:00:30.000Z"] });
    expect(leaseJson(told(), now, 4)).not.toHaveProperty("deaths");
  });

  it("has the lag that its owner told", () => {
    const now = after(TOLD_AT, 2_000);
    expect(leaseRow(told(), now, 4)[LAG_CELL]).toBe("200ms");
    expect(leaseJson(told(), now, 4)).toMatchObject({ owned: true, lagMs: 200 });
  });

  it("whose owner is silent has the lag since its last word, and nothing that comes next", () => {
    const now = after(TOLD_AT, 20_000);
    expect(leaseRow(told(), now, 4)[LAG_CELL]).toBe("20s200ms");
    expect(leaseRow(told(), now, 4)[NEXT_CELL]).toBe("-");
    expect(leaseJson(told(), now, 4)).toMatchObject({ owned: false, lagMs: 20_200 });
  });

  it("that nobody owns has the lag since something was due", () => {
    const idle = newLease("default", leaseId(2), cover(1, 4)[0] ?? [], NOON);
    expect(leaseRow(idle, after(NOON, 3_000), 4)[LAG_CELL]).toBe("3s");
    expect(leaseRow(idle, after(NOON, -3_000), 4)[LAG_CELL]).toBe("0s");
    expect(leaseRow(idle, after(NOON, -3_000), 4)[NEXT_CELL]).toBe("in 3s");
  });
});
