import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as z from "zod";

// Plain JavaScript without types: what it exports is parsed like anything from outside.
const { NODE_NEEDED, isNewEnough, explain } = z
  .object({
    NODE_NEEDED: z.number(),
    isNewEnough: z.function({ input: [z.string()], output: z.boolean() }),
    explain: z.function({ input: [z.string(), z.string(), z.boolean()], output: z.string() }),
  })
  .parse(await import(new URL("../../cli/guard.js", import.meta.url).href));

describe("the guard", () => {
  it.each([
    ["v24.0.0", true],
    ["v24.21.0", true],
    ["v100.0.0", true],
    ["v23.11.1", false],
    ["v20.20.2", false],
    ["v9.0.0", false],
    ["v4.2.4", false],
  ])("finds %s new enough: %s", (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });

  it("names the Node it found, the one needed, and what to do", () => {
    const text = explain("v20.1.2", "/usr/bin/node", false);
    expect(text).toContain(`needs Node ${NODE_NEEDED} or newer, found v20.1.2 at /usr/bin/node`);
    expect(text).toContain("--ignore-scripts");
    expect(text).toContain("npm rebuild node");
  });

  it("points to the project's own Node where there is one", () => {
    expect(explain("v20.1.2", "/usr/bin/node", true)).toContain("npm start");
  });

  it("says nothing under a Node that is new enough", () => {
    const path = fileURLToPath(new URL("../../cli/guard.js", import.meta.url));
    expect(execFileSync(process.execPath, [path], { encoding: "utf8" })).toBe("");
  });
});
