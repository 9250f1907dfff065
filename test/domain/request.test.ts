import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "#domain/limits.ts";
import {
  mergeKeys,
  mergeRequests,
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
  });

  test("keeps `fresh` once it was asked for, and takes the newer stamp", () => {
    const merged = mergeRequests(request("s1", true, keys(1)), request("s2", false, keys(2)));
    expect(merged).toEqual(request("s2", true, keys(1, 2)));
  });

  test("the first one is kept as it is, its keys sorted and within the limit", () => {
    expect(mergeRequests(undefined, request("s1", false, keys(9, 1, 9)))).toEqual(
      request("s1", false, keys(1, 9)),
    );
    const many = Array.from({ length: limits.requestIdsMax + 1 }, (_, index) => index);
    expect(mergeRequests(undefined, request("s1", false, keys(...many))).keys.kind).toBe("all");
  });
});
