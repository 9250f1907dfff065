import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "#domain/duration.ts";
import { InvalidInputError } from "#domain/errors.ts";

describe("parseDuration", () => {
  it.each([
    ["250ms", 250],
    ["60s", 60_000],
    ["10m", 600_000],
    ["10min", 600_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
    ["1h30m", 5_400_000],
    [" 1h 30 m ", 5_400_000],
    ["1.5s", 1_500],
    ["1.005s", 1_005],
    ["0s", 0],
  ])("reads %s", (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each([
    "",
    " ",
    "60",
    "s",
    "-5s",
    "+5s",
    "1e3s",
    "5 5s",
    "5x",
    "5s5",
    "1,5s",
    ".5s",
    "5S",
    "∞s",
  ])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidInputError);
  });

  it("says where it stood, what was found and what was expected", () => {
    expect(() => parseDuration("soon", "--since")).toThrow(
      '--since: found "soon", expected a span such as 250ms, 60s, 10m, 1h30m or 7d',
    );
  });

  it("refuses a span that no number holds", () => {
    expect(() => parseDuration(`${"9".repeat(400)}d`)).toThrow(InvalidInputError);
  });

  it("is a finite span or InvalidInputError, whatever the text", () => {
    const likely = fc.stringMatching(/^( ?\d{1,3}(\.\d)? ?(ms|s|min|m|h|d|x)){0,4}$/u);
    fc.assert(
      fc.property(fc.oneof(fc.string(), likely), (text) => {
        try {
          const span = parseDuration(text);
          expect(Number.isFinite(span) && span >= 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError);
        }
      }),
    );
  });
});

describe("formatDuration", () => {
  it.each([
    [90_000, "1m30s"],
    [0, "0s"],
    [1, "1ms"],
    [86_400_000, "1d"],
    [3_000_000, "50m"],
    [-1_500, "-1s500ms"],
    [0.4, "0s"],
    [-0.4, "0s"],
  ])("writes %d ms as %s", (span, text) => {
    expect(formatDuration(span)).toBe(text);
  });

  it("reads back as written", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), (span) => {
        expect(parseDuration(formatDuration(span))).toBe(span);
      }),
    );
  });
});
