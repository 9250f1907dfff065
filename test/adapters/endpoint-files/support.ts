/** Shorthands for the tests of endpoint files: a file's problems as lines, a file's only target. */
import { expect } from "vitest";
import type { HttpSettings } from "#domain/http-settings.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { parseEndpointFile, type EndpointFile } from "#adapters/endpoint-files/endpoint-file.ts";
import type { ReadBeside } from "#adapters/endpoint-files/certificates.ts";
import { formatProblem } from "#adapters/endpoint-files/problem.ts";

export function parse(text: string, readBeside?: ReadBeside): EndpointFile {
  const options = { policies: POLICIES_DEFAULT };
  return parseEndpointFile(
    "web.yml",
    text,
    readBeside === undefined ? options : { ...options, readBeside },
  );
}

/** `2:3: found …, expected …`; checks that a file with problems loads nothing. */
export function problemsIn(text: string, readBeside?: ReadBeside): string[] {
  const { problems, targets } = parse(text, readBeside);
  if (problems.length > 0) expect(targets).toEqual([]);
  return problems.map((problem) => formatProblem(problem).replace(/^web\.yml:/u, ""));
}

/** The target of a file that has one, without problems. */
export function onlyTarget(text: string, readBeside?: ReadBeside): TargetDefinition {
  const { targets, problems } = parse(text, readBeside);
  expect(problems).toEqual([]);
  expect(targets).toHaveLength(1);
  const [only] = targets;
  if (only === undefined) throw new Error("no target");
  return only.target;
}

export function onlyHttp(text: string, readBeside?: ReadBeside): HttpSettings {
  const { probe } = onlyTarget(text, readBeside);
  if (probe.kind !== "http") throw new Error(`no http probe: ${probe.kind}`);
  return probe;
}

/** An entry for `a.example/` with these fields, each on a line of its own. */
export function entry(...fields: readonly string[]): string {
  return ["a.example/:", ...fields.map((field) => `  ${field}`)].join("\n");
}
