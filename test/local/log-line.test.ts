import { expect, it } from "vitest";
import * as fc from "fast-check";
import { readLogLine } from "#local/log-line.ts";

it.each([
  [
    '{"level":"error","event":"failed","error":{"message":"no \\"x\\" here"}}',
    "error",
    'failed: no "x" here',
  ],
  ['{"level":"INFO","event":"finished"}', "info", "finished"],
  ['{"level":"fatal"}', "error", '{"level":"fatal"}'],
  ["{not json", "warn", "{not json"],
  ["node: something is deprecated", "warn", "node: something is deprecated"],
  ["", "debug", ""],
])("reads %s as %s: %s", (line, level, text) => {
  expect(readLogLine(line)).toEqual({ level, text });
});

it("reads whatever a function writes", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      expect(["debug", "info", "warn", "error"]).toContain(readLogLine(line).level);
    }),
  );
});
