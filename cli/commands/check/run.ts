/**
 * Validates endpoint files as the system would load them, and says what is wrong and where.
 *
 * Out: one line a problem on standard output: it is the answer; 1 where there is one.
 */
import { stat } from "node:fs/promises";
import { InvalidInputError } from "#domain/errors.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { loadEndpointFolder } from "#adapters/endpoint-files/folder.ts";
import {
  formatNotice,
  formatProblem,
  type Notice,
  type Problem,
} from "#adapters/endpoint-files/problem.ts";
import { readTargetLines } from "#adapters/endpoint-files/target-lines.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { loadEndpointFile } from "../../input/endpoint-file.ts";
import { linesOf } from "../../input/lines.ts";
import { count } from "../../output/count.ts";
import { printable } from "../../output/display.ts";

interface Tally {
  targets: number;
  problems: number;
  files: number;
}

export async function check(context: Context, path: string): Promise<ExitCode> {
  const tally = await checkPath(context, path);
  const { files, targets, problems } = tally;
  const summary = `${count(files, "file")}, ${count(targets, "target")}, ${count(problems, "problem")}`;
  if (!context.options.json) await context.say(summary);
  return problems === 0 ? exitCodes.ok : exitCodes.negative;
}

async function checkPath(context: Context, path: string): Promise<Tally> {
  if (path === "-" || path.endsWith(".jsonl")) return checkLines(context, path);
  if (await isFolder(path)) {
    const folder = await loadEndpointFolder(path, { policies: POLICIES_DEFAULT });
    await tell(context, folder.problems, folder.notices);
    const problems = folder.problems.length;
    return { files: folder.files.length, targets: folder.targets.length, problems };
  }
  const file = await loadEndpointFile(path, POLICIES_DEFAULT);
  await tell(context, file.problems, file.notices);
  return { files: 1, targets: file.targets.length, problems: file.problems.length };
}

/** A bulk file may be of any size: what is found is told as it is found. */
async function checkLines(context: Context, path: string): Promise<Tally> {
  const tally: Tally = { files: 1, targets: 0, problems: 0 };
  const { stream, name } = await linesOf(context.io, path);
  for await (const line of readTargetLines(stream, { file: name, policies: POLICIES_DEFAULT })) {
    switch (line.kind) {
      case "target":
        tally.targets += 1;
        break;
      case "problem":
        tally.problems += 1;
        await tell(context, [line.problem], []);
        break;
      case "notice":
        await tell(context, [], [line.notice]);
        break;
    }
  }
  return tally;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch((cause: unknown) => {
    const expected = "a folder of .yml files, a .yml file, or a .jsonl file";
    throw new InvalidInputError({ where: path, found: "nothing readable", expected }, { cause });
  });
  return found.isDirectory();
}

async function tell(
  { io, options, json, say }: Context,
  problems: readonly Problem[],
  notices: readonly Notice[],
): Promise<void> {
  for (const problem of problems) {
    if (options.json) await json({ kind: "problem", ...problem });
    else await say(printable(formatProblem(problem)));
  }
  for (const notice of notices) {
    const { kind, ...rest } = notice;
    if (options.json) await json({ kind: "notice", notice: kind, ...rest });
    else await say(io.stdout.style("dim", printable(formatNotice(notice))));
  }
}
