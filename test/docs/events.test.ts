/**
 * examples/events has events for each function, which its own schema takes: `<function>.json` is what
 * its schedule or the rebalancer sends, `<function>.<who>.json` what somebody else does.
 */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type * as z from "zod";
import { collectEvent } from "#functions/collect/event.ts";
import { healthCheckEvent } from "#functions/health-check/event.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { rebalanceEvent } from "#functions/rebalance/event.ts";
import { parseEvent } from "#functions/shared/parse.ts";

const FOLDER = "examples/events";
const schemas: Readonly<Record<FunctionName, z.ZodType>> = {
  collect: collectEvent,
  rebalance: rebalanceEvent,
  "health-check": healthCheckEvent,
};

const files = readdirSync(FOLDER);
const functionOf = (file: string): string => file.split(".")[0] ?? "";

test("there is an event for each function, and none for anything else", () => {
  const names = Object.keys(manifest).map((name) => `${name}.json`);
  expect(files).toEqual(expect.arrayContaining(names));
  expect(files.filter((file) => !names.includes(`${functionOf(file)}.json`))).toEqual([]);
});

test.each(files)("%s is taken by its function", (file) => {
  const event: unknown = JSON.parse(readFileSync(`${FOLDER}/${file}`, "utf8"));
  const schema = Object.entries(schemas).find(([name]) => name === functionOf(file))?.[1];
  expect(schema).toBeDefined();
  expect(() => parseEvent(schema ?? collectEvent, event)).not.toThrow();
});

test("what the deployed schedules send is there, word for word", () => {
  for (const name of ["rebalance", "health-check"]) {
    expect(JSON.parse(readFileSync(`${FOLDER}/${name}.json`, "utf8"))).toEqual({});
  }
});
