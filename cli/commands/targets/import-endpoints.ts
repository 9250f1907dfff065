/**
 * Registers endpoint files once, without watching them: what `up --endpoints` does at its start,
 * for a system that others run.
 *
 * The last import counts for the health check: what it refused is told until one refuses nothing.
 */
import { InvalidInputError } from "#domain/errors.ts";
import { registerTargets, type RegistrationReport } from "#usecases/register-targets.ts";
import { loadEndpointFolder, type EndpointFolder } from "#adapters/endpoint-files/folder.ts";
import { formatNotice, formatProblem, type Notice } from "#adapters/endpoint-files/problem.ts";
import { configurationState } from "#local/sources.ts";
import type { System } from "../../connect/system.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { loadEndpointFile } from "../../input/endpoint-file.ts";
import { count } from "../../output/count.ts";
import { printable } from "../../output/display.ts";
import { progressBar } from "../../output/progress.ts";
import type { ImportOptions } from "../targets.ts";
import { NONE, pruneTargets, tellPruned, type Pruned } from "./prune.ts";

export interface EndpointsPath {
  readonly path: string;
  readonly isFolder: boolean;
}

type Endpoints = Pick<EndpointFolder, "targets" | "files" | "problems" | "notices" | "complete">;

export async function importEndpoints(
  context: Context,
  path: EndpointsPath,
  options: ImportOptions,
): Promise<ExitCode> {
  return withSystem(context, "register", async (system) => {
    const { pool, clock, configuration, policies } = system;
    const read = await readEndpoints(path, policies);
    await tellRead(context, read);
    await configuration.put(configurationState(pool, clock.now(), read));
    const report = await register(context, system, read);
    const isWhole = report.end === "complete" && read.complete && report.refused === 0;
    await tell(context, read, report);
    const pruned = options.prune ? await prune(context, system, read, { options, isWhole }) : undefined; // prettier-ignore
    if (context.options.json) await context.json(asJson(read, report, pruned));
    const isDone = isWhole && (pruned === undefined || pruned.kind !== "refused");
    return isDone ? exitCodes.ok : exitCodes.negative;
  });
}

/** @throws InvalidInputError when the folder or file can't be read at all. */
async function readEndpoints(
  { path, isFolder }: EndpointsPath,
  policies: System["policies"],
): Promise<Endpoints> {
  if (isFolder) {
    const folder = await loadEndpointFolder(path, { policies });
    if (folder.files.length > 0) return folder;
    // Most likely another folder was meant; with --prune it would cost every target.
    const expected = "a folder with .yml files";
    throw new InvalidInputError({ where: path, found: "no .yml file in it", expected });
  }
  const { targets, problems, notices } = await loadEndpointFile(path, policies);
  const isRefused = problems.length > 0;
  return {
    // As in a folder: a file loads as a whole or not at all.
    targets: isRefused ? [] : targets,
    files: [{ file: path, targets: isRefused ? 0 : targets.length, kept: false, problems }],
    problems,
    notices,
    complete: !isRefused,
  };
}

async function tellRead(context: Context, { problems, notices }: Endpoints): Promise<void> {
  for (const problem of problems) await context.warn(printable(formatProblem(problem)));
  for (const notice of notices) await context.warn(printable(formatNotice(notice)));
}

async function register(
  context: Context,
  system: System,
  { targets }: Endpoints,
): Promise<RegistrationReport> {
  const bar = progressBar(context.io, "registering", context.now);
  try {
    const definitions = targets.map(({ target }) => target);
    return await registerTargets(system, system, definitions, {
      signal: context.io.signals.interrupted(),
      onProgress: ({ done }) => bar.update(done, definitions.length, count(done, "target")),
    });
  } finally {
    bar.stop();
  }
}

async function tell(
  context: Context,
  { files }: Endpoints,
  report: RegistrationReport,
): Promise<void> {
  for (const { where, found, expected } of report.refusals) {
    await context.warn(printable(`${where}: found ${found}, expected ${expected}`));
  }
  const { added, changed, unchanged } = report;
  const text = `${added} added, ${changed} changed, ${unchanged} unchanged`;
  if (!context.options.json) await context.say(`${count(files.length, "file")}: ${text}`);
  const refused = files.filter(({ problems }) => problems.length > 0).length;
  if (refused > 0) {
    const whose = refused === 1 ? "its targets stay" : "their targets stay";
    await context.warn(`${count(refused, "file")} refused: ${whose} as they were`);
  }
  if (report.refused > 0) await context.warn(`${count(report.refused, "target")} refused`);
  if (report.end === "interrupted") {
    await context.warn("interrupted: what is counted above is registered; repeat it for the rest");
  }
}

interface Pruning {
  readonly options: ImportOptions;
  readonly isWhole: boolean;
}

async function prune(
  context: Context,
  system: System,
  { targets, notices }: Endpoints,
  { options: { atMost, tag = [] }, isWhole }: Pruning,
): Promise<Pruned> {
  const pruned: Pruned = isWhole && !notices.some(isPassedOver)
    ? await pruneTargets(system, {
        present: new Set(targets.map(({ target }) => target.id)),
        disabled: new Set(notices.flatMap(({ target }) => target ?? [])),
        tags: tag,
        atMost: atMost ?? 0,
      })
    : { kind: "refused", why: "not all of the files could be read and registered", ...NONE }; // prettier-ignore
  await tellPruned(context, pruned);
  return pruned;
}

/** A file that was renamed to what isn't read takes no target away. */
function isPassedOver({ kind, file }: Notice): boolean {
  return kind === "ignored" && /\.ya?ml$/iu.test(file);
}

function asJson(
  { files, problems }: Endpoints,
  report: RegistrationReport,
  pruned: Pruned | undefined,
): Readonly<Record<string, unknown>> {
  return {
    ...report,
    files: files.length,
    problems: problems.length,
    ...(pruned !== undefined && {
      prune: {
        found: pruned.found,
        ids: pruned.ids,
        disabled: pruned.disabled.ids,
        removed: pruned.kind === "removed" ? pruned.removed : 0,
      },
    }),
  };
}
