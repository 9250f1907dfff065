import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJsonTree } from "#adapters/endpoint-files/json-tree.ts";
import { formatProblem, newReport } from "#adapters/endpoint-files/problem.ts";
import type { SourceNode } from "#adapters/endpoint-files/source-tree.ts";

function read(text: string): {
  readonly tree: SourceNode | undefined;
  readonly problems: string[];
} {
  const report = newReport("t.jsonl");
  const tree = parseJsonTree(text, 7, report);
  return { tree, problems: report.problems.map(formatProblem) };
}

function valueOf(node: SourceNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(valueOf);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, valueOf(value)]));
}

/** JSON.parse's verdict, with keys that come twice refused. */
function reference(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

describe("a JSON line", () => {
  it("has the values that JSON.parse gives it", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        const { tree, problems } = read(text);
        expect(problems).toEqual([]);
        expect(tree === undefined ? undefined : valueOf(tree)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it("is refused when JSON.parse refuses it, and only then, with one problem", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"b"',
      '"',
      "\\",
      "1",
      "-",
      "0",
      ".5",
      "e9",
      "true",
      "nul",
      "null",
      " ",
      "\t",
      "\u0001",
      "\\u12",
      "é",
      "__proto__",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        const { tree, problems } = read(text);
        const known = reference(text);
        if (problems.some((problem) => problem.includes("a second time"))) return;
        expect(tree === undefined).toBe(known === undefined);
        expect(problems).toHaveLength(known === undefined ? 1 : 0);
        if (tree !== undefined) expect(valueOf(tree)).toEqual(known?.value);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ["", "7:1: found the end of the line, expected a JSON value"],
    ['{"a":1,}', '7:8: found "}", expected a key in double quotes'],
    ['{"a" 1}', '7:6: found "1", expected a colon after the key'],
    ['{"a":1 "b":2}', '7:8: found "\\"", expected a comma or }'],
    ["[1 2]", '7:4: found "2", expected a comma or ]'],
    ["{a:1}", '7:2: found "a", expected a key in double quotes'],
    ["{'a':1}", '7:2: found "\'", expected a key in double quotes'],
    ['{"a":tru}', '7:6: found "t", expected a JSON value'],
    [
      '{"a":"x}',
      "7:6: found a text that doesn't end or holds a bad escape, expected a JSON text in double quotes",
    ],
    ["{} x", '7:4: found "x", expected the end of the line'],
    ['{"a":1,"a":2}', '7:8: found the key "a" a second time, expected each key once'],
    [
      `${"[".repeat(33)}${"]".repeat(33)}`,
      "7:33: found values nested too deeply, expected at most 32 levels",
    ],
    ["[".repeat(1_000_000), "7:33: found values nested too deeply, expected at most 32 levels"],
  ])("has its problem where it stands: %.40s", (text, problem) => {
    expect(read(text)).toEqual({ tree: undefined, problems: [`t.jsonl:${problem}`] });
  });
});
