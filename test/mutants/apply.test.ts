import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { MUTANTS } from "./catalogue/index.ts";
import { EXIT_NOT_APPLICABLE, EXIT_NOT_LOADED } from "./exit-codes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const [mutant] = MUTANTS;

describe("a program with a mutant in it", () => {
  test("loads the changed file, and ends as it would", () => {
    expect(run(mutant?.id ?? "", `await import("./${mutant?.file ?? ""}");`).status).toBe(0);
  });

  test("ends with a code of its own when nothing has loaded the changed file", () => {
    const { status, stderr } = run(mutant?.id ?? "", "");
    expect(status).toBe(EXIT_NOT_LOADED);
    expect(stderr).toContain("never loaded");
  });

  test("doesn't start when there is no such mutant", () => {
    const { status, stdout } = run("there-is-none", `console.log("started")`);
    expect(status).toBe(EXIT_NOT_APPLICABLE);
    expect(stdout).toBe("");
  });

  test("is the shipped program when none is named", () => {
    expect(run("", "").status).toBe(0);
  });
});

function run(id: string, program: string) {
  return spawnSync(
    process.execPath,
    ["--import", "./test/mutants/apply.ts", "--input-type=module", "--eval", program],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, MUTANT: id }, timeout: 20_000 },
  );
}
