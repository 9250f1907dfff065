import { describe, expect, it } from "vitest";
import { compilePattern } from "#domain/pattern.ts";

describe("a pattern", () => {
  it("is found anywhere in a text", () => {
    expect(compilePattern('"status"\\s*:\\s*"ok"').isIn('{"status": "ok"}')).toBe(true);
    expect(compilePattern("^ok$").isIn("not ok")).toBe(false);
  });

  it.each(["(", "a{1001}", "(?=look)", "\\1", "x".repeat(1_001), "(?:[ab]{0,900}){2}[xy]"])(
    "is refused where RE2 can't bound it: %#",
    (source) => {
      expect(() => compilePattern(source, "body_matches")).toThrow(/^body_matches: found /u);
    },
  );

  it("costs the same for a text made to make it backtrack", () => {
    const evil = compilePattern("^(a+)+$");
    expect(evil.isIn(`${"a".repeat(200_000)}b`)).toBe(false);
  });

  it("searches a costly pattern only as far as the budget goes", () => {
    const costly = compilePattern("a(?:[ab]{0,400}[x-z])");
    expect(costly.charactersMax).toBeLessThan(20_000);
    const text = `${"c".repeat(costly.charactersMax)}ax`;
    expect(costly.isIn(text)).toBe(false);
    expect(costly.isIn(text.slice(10))).toBe(true);
  });
});
