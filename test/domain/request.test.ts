import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "#domain/limits.ts";
import {
  askedBy,
  isAskedFor,
  isWorkedOff,
  mayRemove,
  mergeKeys,
  mergeRequests,
  removal,
  type CaptureRequest,
  type RequestedKeys,
} from "#domain/request.ts";
import type { Slot } from "#domain/slot.ts";

const keys = (...resultKeys: number[]): RequestedKeys => ({ kind: "keys", resultKeys });
const requested: fc.Arbitrary<RequestedKeys> = fc.oneof(
  fc.constant<RequestedKeys>({ kind: "all" }),
  fc.array(fc.nat(300), { maxLength: 80 }).map((list) => keys(...list)),
);

describe("merging keys", () => {
  test("unites, sorts, and counts each once", () => {
    expect(mergeKeys(keys(3, 1), keys(2, 3))).toEqual(keys(1, 2, 3));
  });

  test("becomes all beyond the limit, not at it", () => {
    const most = Array.from({ length: limits.requestIdsMax }, (_, index) => index);
    expect(mergeKeys(keys(...most), keys(0)).kind).toBe("keys");
    expect(mergeKeys(keys(...most), keys(1_000))).toEqual({ kind: "all" });
  });

  test("asks for no less than either, in any order and grouping", () => {
    fc.assert(
      fc.property(requested, requested, requested, (a, b, c) => {
        const sorted = mergeKeys(a, keys());
        expect(mergeKeys(a, b)).toEqual(mergeKeys(b, a));
        expect(mergeKeys(mergeKeys(a, b), c)).toEqual(mergeKeys(a, mergeKeys(b, c)));
        expect(mergeKeys(a, a)).toEqual(sorted);
      }),
    );
  });
});

describe("merging requests", () => {
  const request = (stamp: string, fresh: boolean, which: RequestedKeys): CaptureRequest => ({
    pool: "default",
    slot: 3 as Slot,
    fresh,
    keys: which,
    stamp,
    writes: 1,
  });

  test("keeps `fresh` once it was asked for, and takes the newer stamp", () => {
    const merged = mergeRequests(request("s1", true, keys(1)), request("s2", false, keys(2)));
    expect(merged).toEqual({ ...request("s2", true, keys(1, 2)), writes: 2 });
  });

  test("the first one is kept as it is, its keys sorted and within the limit", () => {
    expect(mergeRequests(undefined, request("s1", false, keys(9, 1, 9)))).toEqual(
      request("s1", false, keys(1, 9)),
    );
    const many = Array.from({ length: limits.requestIdsMax + 1 }, (_, index) => index);
    expect(mergeRequests(undefined, request("s1", false, keys(...many))).keys.kind).toBe("all");
  });
});

describe("a request that is worked on", () => {
  const asked = (fresh: boolean, ...resultKeys: number[]) =>
    askedBy({
      pool: "p",
      slot: 0 as Slot,
      fresh,
      keys: keys(...resultKeys),
      stamp: "s",
      writes: 1,
    });
  const target = {
    resultKey: 1,
    isNeverCaptured: false,
    isUnderWay: false,
    isServed: false,
  };

  test("asks by hand for a capture of its own, though one that began before is under way", () => {
    expect(isAskedFor(asked(false, 1), { ...target, isUnderWay: true })).toBe(true);
    expect(isAskedFor(asked(false, 1), { ...target, isServed: true })).toBe(false);
    expect(isAskedFor(asked(false, 2), target)).toBe(false);
  });

  test("asks for a first capture only of who has none, and has none under way", () => {
    expect(isAskedFor(asked(true), { ...target, isNeverCaptured: true })).toBe(true);
    expect(isAskedFor(asked(true), target)).toBe(false);
    const flying = { ...target, isNeverCaptured: true, isUnderWay: true };
    expect(isAskedFor(asked(true), flying)).toBe(false);
    expect(isAskedFor(asked(false), { ...target, isNeverCaptured: true })).toBe(false);
  });

  test("is worked off when nothing waits, flies, is read or is uncommitted", () => {
    const done = { waiting: 0, isUncommitted: false, isReading: false, isFirstUnderWay: false };
    expect(isWorkedOff(done)).toBe(true);
    expect(isWorkedOff({ ...done, waiting: 1 })).toBe(false);
    expect(isWorkedOff({ ...done, isUncommitted: true })).toBe(false);
    expect(isWorkedOff({ ...done, isReading: true })).toBe(false);
    expect(isWorkedOff({ ...done, isFirstUnderWay: true })).toBe(false);
  });

  test("is removed only by who has the slot still, and has lost nothing of it", () => {
    const kept = { isAbandoned: false, isLost: false, isOwned: true };
    expect(mayRemove(kept)).toBe(true);
    expect(mayRemove({ ...kept, isAbandoned: true })).toBe(false);
    expect(mayRemove({ ...kept, isLost: true })).toBe(false);
    expect(mayRemove({ ...kept, isOwned: false })).toBe(false);
  });

  test("is another once it was written again, be it by a copy of an older write", () => {
    const read = mergeRequests(undefined, { ...asRequest("s1") });
    expect(removal(read, read)).toBe("removed");
    expect(removal(undefined, read)).toBe("removed");
    const again = mergeRequests(mergeRequests(read, asRequest("s2")), asRequest("s1"));
    expect(removal(again, read)).toBe("changed");
    expect(removal(mergeRequests(undefined, asRequest("s3")), read)).toBe("changed");
  });

  const asRequest = (stamp: string) => ({
    pool: "p",
    slot: 0 as Slot,
    fresh: false,
    keys: keys(1),
    stamp,
  });
});
