/**
 * Loads the program with one mutant in it: `MUTANT=<id> node --import ./test/mutants/apply.ts …`.
 * Nothing is copied: the text is changed when the module is loaded, in this process and in those
 * that it starts, threads included. A mutant that isn't applicable, or whose file nothing has loaded
 * by the end, ends the process with an exit code of its own: it has shown nothing.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { registerHooks } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { findMutant, type Mutant } from "./catalogue/index.ts";
import { EXIT_NOT_APPLICABLE, EXIT_NOT_LOADED, MARK } from "./exit-codes.ts";
import { mutate } from "./mutate.ts";

const ROOT = new URL("../../", import.meta.url);

const id = process.env["MUTANT"];
if (id !== undefined && id !== "") apply(id);

function apply(id: string): void {
  const mutant = findMutant(id);
  if (mutant === undefined) refuse(`there is no mutant ${id}`);
  const url = new URL(mutant.file, ROOT);
  const source = mutated(mutant, url);
  const isFirst = process.env[MARK] === undefined;
  const mark = (process.env[MARK] ??= join(
    tmpdir(),
    `mutant-${process.pid}-${process.hrtime.bigint()}`,
  ));
  registerHooks({
    load(loaded, context, next) {
      const result = next(loaded, context);
      if (loaded !== url.href) return result;
      appendFileSync(mark, ".");
      return { ...result, source };
    },
  });
  if (isFirst && isMainThread) process.once("exit", () => lookBack(mark, fileURLToPath(url)));
}

function mutated(mutant: Mutant, url: URL): string {
  try {
    return mutate(mutant, readFileSync(url, "utf8"));
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
}

function lookBack(mark: string, path: string): void {
  if (existsSync(mark)) {
    rmSync(mark);
    return;
  }
  process.stderr.write(`mutant: ${path} was never loaded: nothing was shown\n`);
  process.exitCode = EXIT_NOT_LOADED;
}

/** Before anything else is loaded: nothing may run that looks like a result. */
function refuse(why: string): never {
  process.stderr.write(`mutant: ${why}\n`);
  process.exit(EXIT_NOT_APPLICABLE);
}
