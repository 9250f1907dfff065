/** Lifts a quarantine by hand. Exit: 1 where there is none to lift. */
import { formatRange, slotsIn } from "#domain/range.ts";
import type { Lease, LeaseId } from "#domain/lease.ts";
import { liftQuarantine } from "#usecases/lift-quarantine.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { System } from "../../connect/system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { count } from "../../output/count.ts";

export async function liftLease(context: Context, id: LeaseId): Promise<ExitCode> {
  return withSystem(context, "read", async (system) => {
    const result = await liftQuarantine(system, system.pool, id);
    switch (result.kind) {
      case "lifted":
        await tellLifted(context, system, result.before);
        return exitCodes.ok;
      case "not-quarantined":
        await context.warn(`lease ${id} isn't quarantined: nothing was changed`);
        return exitCodes.negative;
      case "gone":
        await context.warn(`there is no lease ${id}: \`lamplighter leases\` shows those that are`);
        return exitCodes.negative;
    }
  });
}

async function tellLifted(
  context: Context,
  { isRunning, slotsLog2 }: System,
  { id, ranges }: Lease,
): Promise<void> {
  if (context.options.json) {
    await context.json({ lease: id, lifted: true, ranges: ranges.map(formatRange) });
    return;
  }
  const slots = count(slotsIn(ranges, slotsLog2).length, "slot");
  const next = isRunning
    ? "the rebalancer starts a collector for it within two seconds, a minute at most"
    : "a collector is started for it when the system is";
  await context.say(`lease ${id} (${slots}) isn't quarantined any more: ${next}`);
}
