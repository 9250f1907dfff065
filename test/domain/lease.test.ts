/**
 * The transitions as functions; what each allows and refuses is in
 * test/contracts/lease-store.contract.ts, which runs them through every store.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { frozen } from "#adapters/memory/frozen.ts";
import {
  acquire,
  cancel,
  give,
  isHeld,
  leaseId,
  move,
  newLease,
  promise,
  type Lease,
} from "#domain/lease.ts";
import { loadIn, loadPiece } from "#domain/load.ts";
import { covers, HASH_SPACE, normalise, overlaps, tiling, type Range } from "#domain/range.ts";
import { epochMs } from "#domain/units.ts";
import {
  at,
  openEntry,
  Q,
  requestsIn,
  SKEW_MS,
  T0,
  TTL_MS,
  TWO,
  twoLeases,
} from "#test/support/leases.ts";

const POOL = "default";
const ask = requestsIn(POOL);

function pair(): readonly [Lease, Lease] {
  const [one, two] = twoLeases(POOL).leases;
  if (one === undefined || two === undefined) throw new Error("two leases expected");
  return frozen([one, two] as const);
}

function held(lease: Lease, by: string): Lease {
  const result = acquire(lease, ask.acquire(lease.id, by, T0));
  if (result.kind !== "acquired") throw new Error(result.kind);
  return result.lease;
}

describe("a lease's number", () => {
  test("has four digits, and more when it needs them", () => {
    expect([1, 7, 9_999, 10_000].map(leaseId)).toEqual(["0001", "0007", "9999", "10000"]);
  });
});

describe("holding", () => {
  test("at expiresAt itself the lease is free, for a claimer skewMax later", () => {
    const lease = held(pair()[0], "ann");
    expect(isHeld(lease, epochMs(T0 + TTL_MS - 1), 0)).toBe(true);
    expect(isHeld(lease, epochMs(T0 + TTL_MS), 0)).toBe(false);
    expect(isHeld(lease, epochMs(T0 + TTL_MS + SKEW_MS - 1), SKEW_MS)).toBe(true);
    expect(isHeld(lease, epochMs(T0 + TTL_MS + SKEW_MS), SKEW_MS)).toBe(false);
  });

  test("a lease that nobody owns is held by nobody", () => {
    expect(isHeld(pair()[0], T0, SKEW_MS)).toBe(false);
  });
});

describe("changing hands", () => {
  test("measured loads go with their ranges", () => {
    const [one, two] = pair();
    const loads = [loadPiece({ from: 0, to: HASH_SPACE / 2 }, [8, 16])];
    const moved = move({ ...one, loads }, two, ask.move([1, 1], [Q[1]], at(1)));
    if (moved.kind !== "moved") throw new Error(moved.kind);
    expect(loadIn(moved.from.loads, Q[0])).toBeCloseTo(8);
    expect(loadIn(moved.from.loads, Q[1])).toBeUndefined();
    expect(loadIn(moved.to.loads, Q[1])).toBeCloseTo(16);
  });

  test("a move of everything leaves a lease without ranges, promises or open entries", () => {
    const [one, two] = pair();
    const busy = {
      ...one,
      giving: [{ range: Q[0], to: TWO }],
      open: [openEntry(Q[0], at(10)), openEntry(Q[1], at(20))],
    };
    const moved = move(busy, two, ask.move([1, 1], one.ranges, at(1)));
    expect(moved).toMatchObject({
      kind: "moved",
      from: { ranges: [], giving: [], open: [] },
      to: { ranges: [{ from: 0, to: HASH_SPACE }], open: busy.open },
    });
  });

  test("a give of part of what was promised leaves the rest promised", () => {
    const [one, two] = pair();
    const promised = promise(held(one, "ann"), two, ask.promise([2, 1], one.ranges));
    if (promised.kind !== "promised") throw new Error(promised.kind);
    const given = give(promised.from, two, ask.give("ann", [3, 1], [Q[0]]));
    expect(given).toMatchObject({ from: { ranges: [Q[1]], giving: [{ range: Q[1], to: TWO }] } });
  });

  test("what was promised to another is not given", () => {
    const [one, two] = pair();
    const three = newLease(POOL, leaseId(3), [], T0);
    const toThree = { ...ask.promise([2, 1], [Q[1]]), to: three.id };
    const promised = promise(held(one, "ann"), three, toThree);
    if (promised.kind !== "promised") throw new Error(promised.kind);
    const given = give(promised.from, two, ask.give("ann", [3, 1], [Q[1]]));
    expect(given).toMatchObject({ kind: "refused", why: "not-promised" });
  });
});

const SIXTEENTH = HASH_SPACE / 16;
const someRanges = fc
  .uniqueArray(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 8 })
  .map((parts) =>
    normalise(parts.map((part) => ({ from: part * SIXTEENTH, to: (part + 1) * SIXTEENTH }))),
  );

describe("any promises, cancels and moves", () => {
  const change = fc.record({
    kind: fc.constantFrom("promise", "cancel", "move"),
    from: fc.nat(3),
    to: fc.nat(3),
    ranges: someRanges,
  });

  test("keep the space tiled, promises within ranges and apart, epochs and versions growing", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        let leases: readonly Lease[] = [1, 2, 3, 4].map((number) =>
          newLease(POOL, leaseId(number), number === 1 ? [{ from: 0, to: HASH_SPACE }] : [], T0),
        );
        for (const one of changes) {
          const next = frozen(applied(leases, one));
          for (const [index, lease] of next.entries()) {
            expect(lease.epoch).toBeGreaterThanOrEqual(leases[index]?.epoch ?? 0);
            expect(lease.version).toBeGreaterThanOrEqual(leases[index]?.version ?? 0);
            const promised = lease.giving.map((giving) => giving.range);
            expect(covers(lease.ranges, promised)).toBe(true);
            expect(promised.some((range, i) => overlaps([range], promised.slice(i + 1)))).toBe(
              false,
            );
          }
          expect(tiling(next.map((lease) => lease.ranges))).toEqual({ kind: "tiles" });
          leases = next;
        }
      }),
      { numRuns: 200 },
    );
  });

  function applied(
    leases: readonly Lease[],
    one: { kind: string; from: number; to: number; ranges: readonly Range[] },
  ): Lease[] {
    const from = leases[one.from];
    const to = leases[one.to];
    if (from === undefined || to === undefined) return [...leases];
    const ranges = one.ranges.filter((range) => covers(from.ranges, [range]));
    const request = {
      ...{
        pool: POOL,
        from: from.id,
        fromVersion: from.version,
        to: to.id,
        toVersion: to.version,
        ranges,
      },
    };
    const changed: Lease[] = [];
    if (one.kind === "promise") {
      const result = promise(from, to, request);
      if (result.kind === "promised") changed.push(result.from);
    } else if (one.kind === "cancel") {
      const result = cancel(from, { pool: POOL, id: from.id, version: from.version, ranges });
      if (result.kind === "cancelled") changed.push(result.lease);
    } else {
      const result = move(from, to, { ...request, now: T0, skewMaxMs: SKEW_MS });
      if (result.kind === "moved") changed.push(result.from, result.to);
    }
    return leases.map((lease) => changed.find((other) => other.id === lease.id) ?? lease);
  }
});

test("a refusal names the first thing that is wrong, and hands back the leases as they are", () => {
  const [one, two] = pair();
  expect(give(one, undefined, ask.give("ann", [1, 1], [Q[1]]))).toEqual({
    kind: "refused",
    why: "gone",
    from: one,
  });
  expect(give(one, two, ask.give("ann", [9, 9], [Q[1]]))).toMatchObject({ why: "owner" });
  expect(move(undefined, two, ask.move([1, 1], [Q[1]], T0))).toEqual({
    kind: "refused",
    why: "gone",
  });
});
