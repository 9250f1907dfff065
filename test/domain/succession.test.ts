import { describe, expect, test } from "vitest";
import { newLease, type Lease } from "#domain/lease.ts";
import { isLeaving, succession, type SuccessionTimes } from "#domain/succession.ts";
import { releaseAt } from "#domain/lease-times.ts";
import { epochMs } from "#domain/units.ts";
import { at, ONE, owner, Q, SKEW_MS, T0, TTL_MS } from "#test/support/leases.ts";

function times(seconds: number): SuccessionTimes {
  return {
    now: at(seconds),
    ttlMs: TTL_MS,
    heartbeatEveryMs: 3_000,
    skewMaxMs: SKEW_MS,
    longestTimeoutMs: 10_000,
    patienceMs: 20_000,
  };
}

const free = newLease("pool", ONE, [Q[0]], T0);

function heldBy(name: string, fields: Partial<Lease> = {}): Lease {
  const holder = { owner: owner(name), expiresAt: at(10), deadlineAt: at(900) };
  return { ...free, epoch: 1, version: 2, holder, ...fields };
}

describe("a lease", () => {
  test("that is free is taken", () => {
    expect(succession(undefined, free, times(0))).toEqual({ kind: "take" });
  });

  test("that has expired is taken skewMax later, and not before", () => {
    const lease = heldBy("a");
    expect(succession(undefined, lease, { ...times(0), now: epochMs(at(10) + SKEW_MS) })).toEqual({
      kind: "take",
    });
    expect(
      succession(undefined, lease, { ...times(0), now: epochMs(at(10) + SKEW_MS - 1) }),
    ).toEqual({ kind: "wait" });
  });

  test("that is gone is left alone", () => {
    expect(succession(undefined, undefined, times(0))).toEqual({ kind: "stay out", why: "gone" });
  });

  test("whose owner stays is left alone: the start was a duplicate", () => {
    expect(succession(undefined, heldBy("a"), times(1))).toEqual({ kind: "stay out", why: "held" });
  });

  test("that another has taken meanwhile is left alone", () => {
    const first = heldBy("a");
    const taken = heldBy("b", { epoch: 2 });
    expect(succession(first, taken, times(1))).toEqual({ kind: "stay out", why: "taken" });
  });

  test("whose owner let go meanwhile is taken, and one whose epoch a give has raised is waited for", () => {
    const first = heldBy("a");
    expect(succession(first, { ...free, epoch: 1, version: 3 }, times(1)).kind).toBe("take");
    const gained = heldBy("a", { epoch: 2 });
    expect(succession(first, gained, times(9)).kind).toBe("wait");
  });
});

describe("an owner is about to leave", () => {
  test("when its release is near", () => {
    const lease = heldBy("a", {
      holder: { owner: owner("a"), expiresAt: at(1_000), deadlineAt: at(900) },
    });
    const leaves = releaseAt(at(900), 10_000);
    expect(isLeaving(lease, { ...times(0), now: epochMs(leaves - 20_000) })).toBe(false);
    expect(isLeaving(lease, { ...times(0), now: epochMs(leaves - 19_999) })).toBe(true);
  });

  test("when two of its heartbeats have not come", () => {
    expect(isLeaving(heldBy("a"), times(6))).toBe(false);
    expect(isLeaving(heldBy("a"), { ...times(0), now: epochMs(at(6) + 1) })).toBe(true);
  });

  test("when there is none", () => {
    expect(isLeaving(free, times(0))).toBe(true);
  });
});
