/**
 * Captures targets once with the probe that collectors use, and nothing of the system around it.
 *
 * Exit: 0 all succeeded, 1 one failed, 2 the file has problems.
 */
import type { TargetDefinition } from "#domain/target.ts";
import type { DurationMs } from "#domain/units.ts";
import { formatProblem } from "#adapters/endpoint-files/problem.ts";
import { httpProbe, type CaptureReport, type HttpProbe } from "#adapters/http/http-probe.ts";
import { referencedSecrets } from "#adapters/secrets/referenced-secrets.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { readAhead } from "#usecases/status/read-ahead.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { printable } from "../../output/display.ts";
import type { TryOptions } from "../try.ts";
import { reportJson, reportLines } from "./report.ts";
import { subjectsOf } from "./subjects.ts";

const AT_ONCE = 16;

export async function tryOnce(
  context: Context,
  subject: string,
  options: TryOptions,
): Promise<ExitCode> {
  const subjects = await subjectsOf(subject, options.target);
  if (subjects.kind === "problems") {
    for (const problem of subjects.problems) await context.warn(printable(formatProblem(problem)));
    return exitCodes.usage;
  }
  if (subjects.targets.length === 0) await context.warn(`${printable(subject)} has no target`);
  const clock = systemClock();
  const secrets = referencedSecrets({ environment: context.io.environment, clock });
  const probe = httpProbe({ clock, secrets });
  try {
    return await captureAll(context, probe, subjects.targets, options.timeout);
  } finally {
    await probe.close();
  }
}

async function captureAll(
  context: Context,
  probe: HttpProbe,
  targets: readonly TargetDefinition[],
  timeoutMs: DurationMs | undefined,
): Promise<ExitCode> {
  const signal = context.io.signals.interrupted();
  const options = timeoutMs === undefined ? { signal } : { signal, timeoutMs };
  const capture = async (target: TargetDefinition): Promise<[TargetDefinition, CaptureReport]> => [
    target,
    await probe.captureVerbose(target, options),
  ];
  let code: ExitCode = exitCodes.ok;
  for await (const [target, report] of readAhead(targets, AT_ONCE, capture)) {
    if (report.capture.failure !== undefined) code = exitCodes.negative;
    if (context.options.json) await context.json(reportJson(target, report));
    else for (const line of reportLines(target, report, context.io.stdout)) await context.say(line);
  }
  return code;
}
