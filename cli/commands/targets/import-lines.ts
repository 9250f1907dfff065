/** Registers what a bulk file holds, as it is read; bad lines are told and left out. */
import { limits } from "#domain/limits.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { registerTargets, type RegistrationReport } from "#usecases/register-targets.ts";
import { formatNotice, formatProblem } from "#adapters/endpoint-files/problem.ts";
import { readTargetLines } from "#adapters/endpoint-files/target-lines.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { System } from "../../connect/system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { linesOf, type Lines } from "../../input/lines.ts";
import { count } from "../../output/count.ts";
import { printable } from "../../output/display.ts";
import { progressBar } from "../../output/progress.ts";

interface LineTally {
  problems: number;
  notices: number;
}

export async function importLines(context: Context, file: string): Promise<ExitCode> {
  const lines = await linesOf(context.io, file);
  const tally: LineTally = { problems: 0, notices: 0 };
  const report = await withSystem(context, "register", (system) =>
    register(context, system, lines, tally),
  );
  await tell(context, report, tally);
  const isWhole = report.end === "complete" && tally.problems === 0 && report.refused === 0;
  return isWhole ? exitCodes.ok : exitCodes.negative;
}

async function register(
  context: Context,
  system: System,
  lines: Lines,
  tally: LineTally,
): Promise<RegistrationReport> {
  const bar = progressBar(context.io, "registering", context.now);
  try {
    return await registerTargets(system, system, definitions(context, lines, tally), {
      signal: context.io.signals.interrupted(),
      onProgress({ read, done }) {
        const { read: bytes, total } = lines.progress() ?? { read: done, total: read };
        // Definitions that are read and not yet registered count as not read.
        bar.update(Math.round((bytes * done) / Math.max(1, read)), total, count(done, "target"));
      },
    });
  } finally {
    bar.stop();
  }
}

async function* definitions(
  context: Context,
  { stream, name }: Lines,
  tally: LineTally,
): AsyncGenerator<TargetDefinition, void, undefined> {
  for await (const line of readTargetLines(stream, { file: name, policies: POLICIES_DEFAULT })) {
    switch (line.kind) {
      case "target":
        yield line.target;
        break;
      case "problem":
        tally.problems += 1;
        if (tally.problems > limits.registrationRefusalsShown) break;
        await context.warn(printable(formatProblem(line.problem)));
        break;
      case "notice":
        tally.notices += 1;
        if (tally.notices > limits.registrationRefusalsShown) break;
        await context.warn(printable(formatNotice(line.notice)));
        break;
    }
  }
}

async function tell(context: Context, report: RegistrationReport, tally: LineTally): Promise<void> {
  const untold = tally.problems - limits.registrationRefusalsShown;
  if (untold > 0) await context.warn(`… and ${untold} more bad lines`);
  for (const { where, found, expected } of report.refusals) {
    await context.warn(printable(`${where}: found ${found}, expected ${expected}`));
  }
  if (context.options.json) {
    await context.json({ ...report, badLines: tally.problems });
    return;
  }
  const { added, changed, unchanged } = report;
  await context.say(`${added} added, ${changed} changed, ${unchanged} unchanged`);
  if (report.replaced > 0) {
    const ids = report.replacedIds.slice(0, 5).map(printable).join(", ");
    await context.warn(`${report.replaced} ids came more than once; the last line counts: ${ids}`);
  }
  const refused = tally.problems + report.refused;
  if (refused > 0) await context.warn(`${refused} refused: see above`);
  if (report.end === "interrupted") {
    await context.warn("interrupted: what is counted above is registered; repeat it for the rest");
  }
}
