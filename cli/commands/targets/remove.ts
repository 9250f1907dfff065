/** Removes targets by id. Exit: 1 where an id names none. */
import { removeTargets } from "#usecases/remove-targets.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { printable } from "../../output/display.ts";

export async function removeByIds(context: Context, ids: readonly string[]): Promise<ExitCode> {
  const report = await withSystem(context, "read", (system) => removeTargets(system, system, ids));
  if (context.options.json) await context.json(report);
  else await context.say(`${report.removed} removed`);
  for (const id of report.unknown) await context.warn(`no target has the id ${printable(id)}`);
  return report.unknown.length === 0 ? exitCodes.ok : exitCodes.negative;
}
