import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, suggest, suggestion } from "#domain/suggest.ts";

const NAMES = ["success_test", "scheme", "timeout", "follow_redirects", "tags", "id"];

describe("a suggestion", () => {
  it.each([
    ["succes_test", "success_test"],
    ["SuccessTest", "success_test"],
    ["shceme", "scheme"],
    ["time-out", "timeout"],
    ["followRedirect", "follow_redirects"],
    ["tag", "tags"],
    ["idd", "id"],
  ])("of %s is %s", (found, name) => {
    expect(suggest(found, NAMES)).toBe(name);
  });

  it("isn't made for what is like none of the names, empty, or endless", () => {
    for (const found of ["banana", "", "_", "x".repeat(10_000)])
      expect(suggest(found, NAMES)).toBeUndefined();
  });

  it("comes as words, or else the names there are", () => {
    expect(suggestion("GTE", ["GET", "PUT"])).toBe("a known name: did you mean GET?");
    expect(suggestion("banana", ["GET", "PUT"])).toBe("one of GET, PUT");
  });
});

describe("the distance of two texts", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });

  it("is 0 for the same text only, symmetric, and at most the longer length", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance === 0).toBe(a === b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });

  it("counts swapped neighbours as one slip", () => {
    expect(editDistance("ab", "ba")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
  });
});
