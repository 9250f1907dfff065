import { describe, expect, it } from "vitest";
import { oursUntil } from "#domain/lease-times.ts";
import { leaseId, newLease, type Lease, type Owner } from "#domain/lease.ts";
import { cover } from "#domain/range.ts";
import { epochMs } from "#domain/units.ts";

const at = (ms: number) => epochMs(1_800_000_000_000 + ms);

function owned(expiresMs: number): Lease {
  const lease = newLease("p", leaseId(1), cover(1, 2)[0] ?? [], at(0));
  const holder = { owner: "a" as Owner, expiresAt: at(expiresMs), deadlineAt: at(900_000) };
  return { ...lease, holder };
}

describe("until when a lease is ours after a release that was refused", () => {
  it("is no later than what is stored: a late acquisition may have set less", () => {
    expect(oursUntil(at(9_000), owned(4_000))).toBe(at(4_000));
  });

  it("is no later than what we counted on: a heartbeat of ours may have landed without its answer", () => {
    expect(oursUntil(at(4_000), owned(9_000))).toBe(at(4_000));
  });

  it("stays as it was when the answer shows no owner, or no lease", () => {
    expect(oursUntil(at(4_000), newLease("p", leaseId(1), [], at(0)))).toBe(at(4_000));
    expect(oursUntil(at(4_000), undefined)).toBe(at(4_000));
  });
});
