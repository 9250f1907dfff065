import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import { findAt, parseJsonPath } from "#domain/json-path.ts";

describe("a JSON path", () => {
  it.each([
    ["status", ["status"]],
    ["a.b[0].c", ["a", "b", 0, "c"]],
    ["$.a", ["a"]],
    ["$", []],
    ["[1][2]", [1, 2]],
    ['["a.b"].c', ["a.b", "c"]],
    ['a["x\\"y"]', ["a", 'x"y']],
    ["grün-1", ["grün-1"]],
  ])("reads %s", (text, path) => {
    expect(parseJsonPath(text)).toEqual(path);
  });

  it.each([
    "",
    ".",
    "a.",
    "a..b",
    ".a",
    "a[",
    "a[x]",
    "a[-1]",
    "a b",
    "a[0]b",
    '["a]',
    "a]",
    "$a]",
  ])("refuses %j and says what is expected", (text) => {
    expect(() => parseJsonPath(text, "key")).toThrow(/^key: found .*, expected a path such as/u);
  });

  it("has at most 32 segments", () => {
    expect(parseJsonPath(Array(32).fill("a").join("."))).toHaveLength(32);
    expect(() => parseJsonPath(Array(33).fill("a").join("."))).toThrow(InvalidInputError);
  });

  it("is a path or an InvalidInputError, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", ".", "[", "]", "0", '"', "$", " ") }),
        (text) => {
          try {
            expect(parseJsonPath(text).length).toBeLessThanOrEqual(32);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidInputError);
          }
        },
      ),
    );
  });

  it("reads back any quoted names", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 10 }), { minLength: 1, maxLength: 5 }),
        (names) => {
          const text = names.map((name) => `[${JSON.stringify(name)}]`).join("");
          expect(parseJsonPath(text)).toEqual(names);
        },
      ),
    );
  });
});

describe("the value at a path", () => {
  const document: unknown = JSON.parse(
    '{"a":{"b":[{"c":3}]},"n":null,"a.b":1,"__proto__":{"x":1}}',
  );

  it.each([
    ["a.b[0].c", 3],
    ["n", null],
    ['["a.b"]', 1],
    ["$", document],
    ["a.b[1]", undefined],
    ["a.b.0", undefined],
    ["a[0]", undefined],
    ["n.x", undefined],
    ["a.constructor", undefined],
    ["a.b.length", undefined],
    ["toString", undefined],
  ])("at %s is %j", (path, value) => {
    expect(findAt(document, parseJsonPath(path))).toEqual(value);
  });
});
