import { describe, expect, it } from "vitest";
import { readingMs, releaseAt } from "#domain/lease-times.ts";
import { leaseId, newLease, type Lease } from "#domain/lease.ts";
import { wholeSpace } from "#domain/range.ts";
import { limits } from "#domain/limits.ts";
import { after } from "#domain/units.ts";
import { needOf } from "#usecases/rebalance/need.ts";
import { owner, T0 } from "#test/support/leases.ts";

const TIMES = { skewMaxMs: 100, longestTimeoutMs: 5_000, aheadMs: 750 };
const DUE_AT = after(T0, 60_000);
const free: Lease = newLease("p", leaseId(1), wholeSpace(), DUE_AT);
const owned: Lease = {
  ...free,
  holder: {
    owner: owner("one"),
    expiresAt: after(T0, 900_000),
    deadlineAt: after(T0, 120_000),
  },
};

describe("readingMs", () => {
  it("is nothing for as many slots as are read in time", () => {
    expect(readingMs(limits.slotsReadInTime)).toBe(0);
  });

  it("grows with the slots beyond", () => {
    expect(readingMs(limits.slotsReadInTime + limits.slotsReadPerSecond)).toBe(1_000);
  });
});

describe("needOf", () => {
  it("wants the collector of a lease of thousands of slots so much earlier that it can read them", () => {
    const [few, many] = [needOf(free, TIMES, 64), needOf(free, TIMES, 16_384)];
    expect(few?.at).toBe(DUE_AT - TIMES.aheadMs);
    expect(many?.at).toBe(DUE_AT - TIMES.aheadMs - readingMs(16_384));
    expect(many?.dueAt).toBe(DUE_AT);
  });

  it("wants a successor before the owner lets go, which is earlier there, too", () => {
    const need = needOf(owned, TIMES, 16_384);
    const releasedAt = releaseAt(after(T0, 120_000), TIMES.longestTimeoutMs) - readingMs(16_384);
    expect(need).toEqual({
      at: releasedAt - TIMES.aheadMs,
      dueAt: releasedAt,
      reason: "successor",
    });
  });
});
