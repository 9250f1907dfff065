import { describe, expect, it } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import { DEFAULTS, parseOptions } from "./options.ts";

describe("parseOptions", () => {
  it("is half an hour with dozens of collectors unless told otherwise", () => {
    expect(parseOptions([], 5)).toEqual({ ...DEFAULTS, seed: 5 });
    expect(DEFAULTS).toMatchObject({ minutes: 30, collectors: 24 });
  });

  it("takes what it is given", () => {
    const args = ["--minutes", "0.5", "--seed", "9", "--collectors", "3", "--keep"];
    expect(parseOptions(args, 5)).toMatchObject({
      minutes: 0.5,
      seed: 9,
      collectors: 3,
      keep: true,
    });
  });

  it.each([
    [["--minutes", "many"], "--minutes"],
    [["--minutes", ""], "--minutes"],
    [["--minutes", "0"], "--minutes"],
    [["--collectors", "2.5"], "--collectors"],
    [["--collectors", "1000"], "--collectors"],
    [["--colectors", "3"], "torture"],
    [["surplus"], "torture"],
  ])("refuses %j and says where and what was expected", (args, where) => {
    expect(() => parseOptions(args, 5)).toThrow(InvalidInputError);
    expect(() => parseOptions(args, 5)).toThrow(new RegExp(where, "u"));
  });
});
