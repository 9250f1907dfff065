/** Edges are total: whatever is read, problems come back and nothing is thrown. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { limits } from "#domain/limits.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { HTTP_FIELDS, COMMON_FIELDS } from "#adapters/endpoint-files/entry.ts";
import { parseEndpointFile } from "#adapters/endpoint-files/endpoint-file.ts";
import { readTargetLines } from "#adapters/endpoint-files/target-lines.ts";

const OPTIONS = { policies: POLICIES_DEFAULT };

function expectTotal(text: string): void {
  const { targets, problems, notices } = parseEndpointFile("f.yml", text, OPTIONS);
  const lines = text.split("\n").length;
  for (const { file, line, column } of [...problems, ...notices]) {
    expect(file).toBe("f.yml");
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines);
    expect(column).toBeGreaterThanOrEqual(1);
  }
  for (const { found, expected } of problems) {
    expect(found.length * expected.length).toBeGreaterThan(0);
  }
  expect(problems.length).toBeLessThanOrEqual(limits.endpointProblemsMax);
  if (problems.length > 0) expect(targets).toEqual([]);
}

const pieces = fc.constantFrom(
  ..."a.example/: |- |\n  |    |: |{ |} |[ |] |, |# |&x |*x |<<: |! |!!int || |> |' |\" |\\ |\t|% |@ |` |---\n|...\n|? |~ |null |1e999 |.nan |\u0000|\uFEFF|😀|\ud800|__proto__: |constructor: |$ref: |env:X |a.b[0].c |timeout: 1s|success_test: |headers: |auth: ".split(
    "|",
  ),
);

const anything = fc.anything({ maxDepth: 3, withNullPrototype: false });
const values = fc.oneof(
  anything,
  fc.constantFrom(
    "",
    "60s",
    "every 1s",
    "* * * * *",
    "200-299",
    "< 5",
    "GET",
    "a.b[0]",
    "UTC",
    0,
    -1,
    1e308,
    true,
    null,
  ),
  fc.dictionary(
    fc.constantFrom(
      "key",
      "value",
      "op",
      "matches",
      "status",
      "latency_ms",
      "header",
      "basic",
      "bearer",
      "$ref",
      "hosts",
      "username",
      "password",
    ),
    anything,
    { maxKeys: 4 },
  ),
);
const fields = fc.dictionary(
  fc.constantFrom<string>(...COMMON_FIELDS, ...HTTP_FIELDS, "self", "x"),
  values,
  { maxKeys: 5 },
);
const keys = fc.oneof(
  fc.constantFrom("a.example/", "[::1]:80/x", "b.example:0/", "c.example/#x"),
  fc.webUrl(),
  fc.string({ unit: "binary", maxLength: 20 }),
);

/** What JSON can hold of it. */
function plain(value: unknown): unknown {
  const textOf = (_key: string, member: unknown): unknown => {
    if (typeof member === "bigint") return String(member);
    return member === undefined ? null : member;
  };
  return JSON.parse(JSON.stringify(value, textOf)) as unknown;
}

describe("an endpoint file", () => {
  it("never throws, for any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), expectTotal), {
      numRuns: 500,
    });
  });

  it("never throws, for pieces of YAML in any order", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
        expectTotal(parts.join(""));
      }),
      { numRuns: 2_000 },
    );
  });

  it("never throws, for any values under our own field names", () => {
    fc.assert(
      fc.property(fc.dictionary(keys, fields, { maxKeys: 3 }), (endpoints) => {
        expectTotal(stringify(plain(endpoints)));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a bulk file", () => {
  it("never throws, for any lines, and names each bad one", async () => {
    const target = fc.record(
      {
        url: fc.oneof(fc.webUrl(), anything),
        endpoint: keys,
        probe: fc.constantFrom("http", "noop", 1),
      },
      { requiredKeys: [] },
    );
    const line = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc
        .tuple(target, fields)
        .map(([subject, rest]) => JSON.stringify(plain({ ...subject, ...rest }))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 5 }), async (lines) => {
        const text = lines.join("\n");
        const numbers = text.split("\n").length;
        async function* stream(): AsyncGenerator<string> {
          yield await Promise.resolve(text);
        }
        for await (const read of readTargetLines(stream(), { ...OPTIONS, file: "t.jsonl" })) {
          expect(read.line).toBeGreaterThanOrEqual(1);
          expect(read.line).toBeLessThanOrEqual(numbers);
          if (read.kind === "problem") expect(read.problem.line).toBe(read.line);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
