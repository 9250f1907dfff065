/**
 * One file of tests with a mutant in it: `MUTANT=<id> node --import ./test/mutants/apply.ts
 * test/mutants/directed.ts test/simulation/store/contracts.test.ts`.
 *
 * Ends with 1 when a test fails; the last line on stdout then is JSON: test, what.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { startVitest } from "vitest/node";
import { findMutant } from "./catalogue/index.ts";
import { MARK } from "./exit-codes.ts";
import { mutate } from "./mutate.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const WHAT_MAX = 300;

/** Vitest loads modules in its own way: what is changed is changed there, too. */
function changed(id: string | undefined) {
  const mutant = id === undefined ? undefined : findMutant(id);
  return {
    name: "mutant",
    enforce: "pre" as const,
    load(path: string) {
      if (mutant === undefined || path !== ROOT + mutant.file) return undefined;
      const mark = process.env[MARK];
      if (mark !== undefined) appendFileSync(mark, ".");
      return mutate(mutant, readFileSync(path, "utf8"));
    },
  };
}

async function main(): Promise<void> {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new RangeError("found no file of tests, expected one");
  const vitest = await startVitest(
    [file],
    {
      root: ROOT,
      config: false,
      watch: false,
      // What was changed must not be found by the next run of the tests.
      fsModuleCache: false,
      include: [file],
      pool: "forks",
      maxWorkers: 1,
      testTimeout: 30_000,
      hookTimeout: 30_000,
      bail: 1,
      reporters: [{}],
    },
    { plugins: [changed(process.env["MUTANT"])] },
  );
  const modules = vitest.state.getTestModules();
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const failed = tests.find((one) => one.result().state === "failed");
  const passed = tests.filter((one) => one.result().state === "passed").length;
  await vitest.close();
  if (failed !== undefined) {
    const why = failed.result().errors?.[0]?.message.split("\n")[0] ?? "";
    const what = `${failed.name}: ${why}`.slice(0, WHAT_MAX);
    process.stdout.write(`${JSON.stringify({ test: basename(file), what })}\n`);
    process.exitCode = 1;
  } else {
    // Nothing failed, or nothing was run: a suite that was skipped, or that can't be loaded.
    process.exitCode = passed > 0 ? 0 : 2;
  }
}

await main();
