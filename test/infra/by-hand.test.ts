/** What runs functions by hand relies on: names of the template, and values for `sam local`. */
import { readFileSync } from "node:fs";
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { OUTPUTS_NEEDED } from "#cli/connect/deployment.ts";
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import { collectEnvironment } from "#functions/collect/env.ts";
import { healthCheckEnvironment } from "#functions/health-check/env.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { rebalanceEnvironment } from "#functions/rebalance/env.ts";
import { parseEnvironment } from "#functions/shared/parse.ts";
import { LEASE_TABLE, TARGET_TABLE } from "#local/cloud.ts";
import { readSettings } from "../../infra/settings.ts";
import { LamplighterStack } from "../../infra/stack.ts";

// Without bundling: nothing here looks into the bundles.
const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
const template = Template.fromStack(new LamplighterStack(app, { settings: readSettings({}) }));

const functionSchema = z.object({
  Properties: z.object({
    Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
  }),
});
const declared = (logicalId: string): Record<string, unknown> => {
  const found = template.findResources("AWS::Lambda::Function")[logicalId];
  return functionSchema.parse(found).Properties.Environment.Variables;
};

const given = z
  .record(z.string(), z.record(z.string(), z.string()))
  .parse(JSON.parse(readFileSync("examples/sam-env.json", "utf8")));

const schemas: Readonly<Record<FunctionName, z.ZodType>> = {
  rebalance: rebalanceEnvironment,
  collect: collectEnvironment,
  "health-check": healthCheckEnvironment,
};

describe("examples/sam-env.json", () => {
  it("has values for every function, by its name in the template", () => {
    const logicalIds = Object.values(manifest).map(({ logicalId }) => logicalId);
    expect(Object.keys(given).toSorted()).toEqual(logicalIds.toSorted());
  });

  describe.each(Object.values(manifest))("for $logicalId", ({ name, logicalId }) => {
    const values = given[logicalId] ?? {};

    it("names only variables that the template declares: sam drops all others in silence", () => {
      const known = Object.keys(declared(logicalId));
      expect(Object.keys(values).filter((key) => !known.includes(key))).toEqual([]);
    });

    it("replaces every value that only exists when deployed, and the function takes the result", () => {
      const merged = { ...declared(logicalId), ...values };
      const unknown = Object.entries(merged).filter(([, value]) => typeof value !== "string");
      expect(unknown).toEqual([]);
      const environment = z.record(z.string(), z.string()).parse(merged);
      expect(() => parseEnvironment(schemas[name], environment)).not.toThrow();
    });

    it("leads nowhere but to this machine", () => {
      const places = Object.entries(values).filter(([key]) => /_(?:ENDPOINT|LOCATION)$/u.test(key));
      expect(places.length).toBeGreaterThan(0);
      for (const [, place] of places) {
        expect(place).toMatch(/^(?:http:\/\/host\.docker\.internal:\d+$|file:\/\/\/tmp\/)/u);
      }
    });

    it("names the local system's tables", () => {
      expect(values["LEASE_TABLE_NAME"]).toBe(LEASE_TABLE);
      expect([TARGET_TABLE, undefined]).toContain(values["TARGET_TABLE_NAME"]);
    });
  });

  it("starts collectors by the template's name, and leaves the local pool as it is", () => {
    const { Rebalance: values = {} } = given;
    expect(values).toMatchObject({
      COLLECT_FUNCTION_NAME: manifest.collect.logicalId,
      COLLECTORS: "",
      SLOTS_LOG2: "",
    });
  });
});

describe("the stack's alarms", () => {
  it("have the names that the command line asks for", () => {
    const made = Object.values(template.findResources("AWS::CloudWatch::Alarm")).map((resource) =>
      JSON.stringify(z.object({ Properties: z.object({ AlarmName: z.unknown() }) }).parse(resource)),
    ); // prettier-ignore
    for (const id of ALARM_IDS) {
      const name = `Lamplighter-${id}`;
      expect(made.filter((text) => text.includes(`"${name}"`))).toHaveLength(1);
    }
  });
});

describe("the stack's outputs", () => {
  it("are those that the command line reads", () => {
    const outputs = Object.keys(template.findOutputs("*"));
    expect(OUTPUTS_NEEDED.filter((name) => !outputs.includes(name))).toEqual([]);
  });
});
