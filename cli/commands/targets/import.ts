/**
 * Registers what a file or a folder holds; what is wrong in it is told and left out.
 *
 * Exit: 0 all loaded, 1 something was refused or Ctrl-C came between: what is said to be done is.
 */
import { stat } from "node:fs/promises";
import { InvalidInputError } from "#domain/errors.ts";
import type { Context } from "../../context.ts";
import type { ExitCode } from "../../exit-codes.ts";
import type { ImportOptions } from "../targets.ts";
import { importEndpoints } from "./import-endpoints.ts";
import { importLines } from "./import-lines.ts";

type Kind = "lines" | "file" | "folder";

export async function importTargets(
  context: Context,
  path: string,
  options: ImportOptions,
): Promise<ExitCode> {
  const kind = await kindOf(path);
  assertPrunable(path, kind, options);
  return kind === "lines"
    ? importLines(context, path)
    : importEndpoints(context, { path, isFolder: kind === "folder" }, options);
}

async function kindOf(path: string): Promise<Kind> {
  if (path === "-") return "lines";
  const found = await stat(path).catch((cause: unknown) => {
    const expected = "a folder of .yml files, a .yml file, a .jsonl file, or - for standard input";
    throw new InvalidInputError({ where: path, found: "nothing readable", expected }, { cause });
  });
  if (found.isDirectory()) return "folder";
  return /\.ya?ml$/u.test(path) ? "file" : "lines";
}

/** What is in none of the files is only known of a whole folder. */
function assertPrunable(path: string, kind: Kind, { prune, atMost, tag }: ImportOptions): void {
  if (prune && kind !== "folder") {
    const expected = "a folder of .yml files, or no --prune";
    throw new InvalidInputError({ where: "--prune", found: path, expected });
  }
  if (!prune && (atMost !== undefined || tag !== undefined)) {
    const found = atMost === undefined ? "--tag" : "--at-most";
    const expected = "--prune with it: they say what it may remove";
    throw new InvalidInputError({ where: "targets import", found, expected });
  }
}
