/** Asks for captures now. Exit: 1 where an id names no target. */
import { InvalidInputError } from "#domain/errors.ts";
import { requestCapture, type RequestedTargets } from "#usecases/request-capture.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { count } from "../../output/count.ts";
import { printable } from "../../output/display.ts";
import type { CaptureOptions } from "../targets.ts";

export async function captureNow(
  context: Context,
  ids: readonly string[],
  options: CaptureOptions,
): Promise<ExitCode> {
  const wanted = wantedFrom(ids, options);
  const { report, isRunning } = await withSystem(context, "read", async (system) => ({
    report: await requestCapture(system, system, wanted),
    isRunning: system.isRunning,
  }));
  if (context.options.json) await context.json(report);
  else {
    const what = report.requested === undefined ? "all targets" : count(report.requested, "target");
    const when = isRunning ? "within seconds" : "when the system's functions run";
    await context.say(`${what} asked for: captured ${when}`);
  }
  for (const id of report.unknown) await context.warn(`no target has the id ${printable(id)}`);
  return report.unknown.length === 0 ? exitCodes.ok : exitCodes.negative;
}

function wantedFrom(ids: readonly string[], { all }: CaptureOptions): RequestedTargets {
  if (all && ids.length === 0) return { kind: "all" };
  if (!all && ids.length > 0) return { kind: "ids", ids };
  throw new InvalidInputError({
    where: "targets capture",
    found: all ? "ids and --all" : "neither ids nor --all",
    expected: "one of the two",
  });
}
