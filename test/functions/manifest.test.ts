import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ZodObject } from "zod";
import { collectEnvironment } from "#functions/collect/env.ts";
import { healthCheckEnvironment } from "#functions/health-check/env.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { rebalanceEnvironment } from "#functions/rebalance/env.ts";

const schemas = {
  rebalance: rebalanceEnvironment,
  collect: collectEnvironment,
  "health-check": healthCheckEnvironment,
} satisfies Record<FunctionName, ZodObject>;

const value = (key: string): string => (key.endsWith("_LOCATION") ? "file:///tmp/x" : "x");

describe.each(Object.values(manifest))(
  "manifest of $name",
  ({ name, folder, environment, optional }) => {
    const complete = Object.fromEntries(environment.map((key) => [key, value(key)]));

    it("names a folder with a handler", () => {
      expect(folder).toBe(`functions/${name}`);
      expect(existsSync(new URL(`../../${folder}/handler.ts`, import.meta.url))).toBe(true);
    });

    it("names every variable that its environment is parsed for", () => {
      expect([...environment, ...optional].toSorted()).toEqual(
        Object.keys(schemas[name].shape).toSorted(),
      );
    });

    it("names as required what has no default, and nothing else", () => {
      expect(schemas[name].safeParse(complete).success).toBe(true);
      for (const key of environment) {
        const { [key]: _left, ...rest } = complete;
        expect(schemas[name].safeParse(rest).success, `without ${key}`).toBe(false);
      }
    });
  },
);
