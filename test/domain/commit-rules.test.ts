import { describe, expect, test } from "vitest";
import { isAhead, isDurable, mayCommit, watermarkToCommit } from "#domain/commit-rules.ts";
import { through, upTo } from "#domain/watermark.ts";
import { at } from "#test/support/leases.ts";

describe("a commit", () => {
  const noted = { watermark: through(at(5)), sequence: 4 };

  test("is made only of what is in durable chunks", () => {
    expect(isDurable(noted, 3, 0)).toBe(false);
    expect(isDurable(noted, 4, 0)).toBe(true);
  });

  test("is not made of chunks that don't hold all that it must", () => {
    expect(isDurable(noted, 9, 4)).toBe(true);
    expect(isDurable(noted, 9, 5)).toBe(false);
  });

  test("waits for a cut", () => {
    expect(mayCommit(undefined)).toBe(true);
    expect(mayCommit({ cut: at(1), until: at(2) })).toBe(false);
  });

  test("never carries a watermark behind what is known to be committed", () => {
    expect(watermarkToCommit(through(at(5)), upTo(at(3)))).toEqual(through(at(5)));
    expect(watermarkToCommit(through(at(5)), upTo(at(8)))).toEqual(upTo(at(8)));
    expect(isAhead(through(at(5)), through(at(5)))).toBe(false);
    expect(isAhead(through(at(5)), upTo(at(5)))).toBe(true);
  });
});
