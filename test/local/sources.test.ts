import { expect, test } from "vitest";
import { epochMs } from "#domain/units.ts";
import { configurationState } from "#local/sources.ts";

const NOW = epochMs(Date.parse("2026-11-21T12:00:00Z"));
const problem = (file: string) => ({ file, line: 1, column: 1, found: "x", expected: "y" });
const file = (name: string, ...problems: ReturnType<typeof problem>[]) => {
  return { file: name, targets: 1, kept: false, problems };
};

test("a file counts as refused once, however much is wrong with it", () => {
  const bad = [problem("b.yml"), problem("b.yml")];
  const change = { files: [file("a.yml"), file("b.yml", ...bad)], problems: bad };
  expect(configurationState("p", NOW, change)).toEqual({
    pool: "p",
    readAt: NOW,
    accepted: 1,
    refused: 1,
    problems: ["b.yml:1:1: found x, expected y", "b.yml:1:1: found x, expected y"],
  });
});

test("what is wrong with the folder itself counts as one more: files that are not even read", () => {
  const change = { files: [file("a.yml")], problems: [problem("endpoints")] };
  expect(configurationState("p", NOW, change)).toMatchObject({ accepted: 1, refused: 1 });
});
