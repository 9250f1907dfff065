import { describe, expect, it } from "vitest";
import { leaseId, newLease, type Giving, type Lease } from "#domain/lease.ts";
import { range, wholeSpace } from "#domain/range.ts";
import { T0 } from "#test/support/leases.ts";
import { promiseBook } from "./promises.ts";

const QUARTER = 2 ** 30;
const [giver, taker, other] = [leaseId(1), leaseId(2), leaseId(3)];

const promising = (...giving: readonly Giving[]): Lease => ({
  ...newLease("pool", giver, wholeSpace(), T0),
  giving,
});

describe("promiseBook", () => {
  it("dates a promise by when it was first seen, not by the lease's later changes", () => {
    const book = promiseBook();
    const first = { range: range(0, QUARTER), to: taker };
    const second = { range: range(QUARTER, 2 * QUARTER), to: taker };
    book.observe(giver, promising(first), 1_000);
    book.observe(giver, promising(first, second), 61_000);
    expect(book.standing().map(({ since }) => since)).toEqual([1_000, 61_000]);
  });

  it("keeps the age of one that is cut to a part of it, not of one to somebody else", () => {
    const book = promiseBook();
    book.observe(giver, promising({ range: range(0, 2 * QUARTER), to: taker }), 1_000);
    book.observe(giver, promising({ range: range(0, QUARTER), to: taker }), 5_000);
    expect(book.standing()).toEqual([
      { what: "0001 gives 00000000-40000000 to 0002", since: 1_000 },
    ]);
    book.observe(giver, promising({ range: range(0, QUARTER), to: other }), 9_000);
    expect(book.standing().map(({ since }) => since)).toEqual([9_000]);
  });

  it("forgets one that is kept or cancelled, and all of a lease that is gone", () => {
    const book = promiseBook();
    const promise = { range: range(0, QUARTER), to: taker };
    book.observe(giver, promising(promise), 1_000);
    book.observe(giver, promising(), 2_000);
    expect(book.standing()).toEqual([]);
    book.observe(giver, promising(promise), 3_000);
    book.observe(giver, undefined, 4_000);
    expect(book.standing()).toEqual([]);
  });
});
