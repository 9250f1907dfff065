import { describe, expect, it } from "vitest";
import { leaseId, newLease, type Lease, type Owner } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { epochMs } from "#domain/units.ts";
import { mercyFor, type Mercy } from "#usecases/rebalance/mercy.ts";
import type { Need } from "#usecases/rebalance/need.ts";

const at = (ms: number) => epochMs(1_800_000_000_000 + ms);
const POLL_MS = limits.requestPollMs;

function owned(expiresMs: number): Lease {
  const holder = { owner: "a" as Owner, expiresAt: at(expiresMs), deadlineAt: at(900_000) };
  return { ...newLease("p", leaseId(1), [], at(0)), holder };
}

const expired = (ms: number): Need => ({ at: at(ms), dueAt: at(ms), reason: "expired" });

function sparedUntil(mercy: Mercy, lease: Lease): number {
  return (mercy.put(lease, expired(0))?.at ?? NaN) - at(0);
}

describe.each([3_000, limits.leaseTtlMs])("with leases of %i ms", (leaseTtlMs) => {
  const mercy = () => mercyFor({ leaseTtlMs, skewMaxMs: limits.skewMaxMs });

  it.each([POLL_MS, limits.standByPollMs])(
    "whoever looks every %i ms, and half a second late, isn't blind",
    (everyMs) => {
      // prettier-ignore
      const one = mercy();
      one.look([owned(20_000)], at(0), everyMs);
      one.look([owned(-1_000)], at(everyMs + 500), everyMs);
      expect(sparedUntil(one, owned(-1_000))).toBe(0);
    },
  );

  it("an owner is waited for once, however slow the looks are", () => {
    const one = mercy();
    const lease = owned(-10_000);
    one.look([lease], at(0), POLL_MS);
    const until = sparedUntil(one, lease);
    expect(until).toBeGreaterThan(0);
    for (let look = 1; look <= 5; look += 1) one.look([lease], at(look * 8_000), POLL_MS);
    expect(sparedUntil(one, lease)).toBe(until);
  });

  it("an owner is waited for again after somebody was heard", () => {
    const one = mercy();
    one.look([owned(-10_000)], at(0), POLL_MS);
    one.look([owned(20_000)], at(POLL_MS), POLL_MS);
    one.look([owned(20_000)], at(40_000), POLL_MS);
    expect(sparedUntil(one, owned(20_000))).toBeGreaterThan(40_000);
  });
});
