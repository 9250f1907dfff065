/** examples/events has an event for each function, which its own schema takes. */
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

test("there is an event for each function, and no other", () => {
  const names = Object.keys(manifest).map((name) => `${name}.json`);
  expect(readdirSync(FOLDER).sort()).toEqual(names.sort());
});

test.each(Object.entries(schemas))("%s takes its event", (name, schema) => {
  const event: unknown = JSON.parse(readFileSync(`${FOLDER}/${name}.json`, "utf8"));
  expect(() => parseEvent(schema, event)).not.toThrow();
});
