/** Says what is quarantined: its targets aren't captured, and a person should know. */
import type { Lease } from "#domain/lease.ts";
import { slotsIn } from "#domain/range.ts";
import type { Context } from "../context.ts";
import { count } from "./count.ts";
import { formatDistance } from "./moment.ts";

export async function warnOfQuarantine(
  context: Context,
  leases: readonly Lease[],
  slotsLog2: number,
): Promise<void> {
  for (const { id, ranges, quarantine } of leases) {
    if (quarantine === undefined) continue;
    const slots = count(slotsIn(ranges, slotsLog2).length, "slot");
    const again = formatDistance(quarantine.until, context.now());
    await context.warn(
      `${slots} quarantined, whose targets aren't captured: collectors died of lease ${id}; one tries it again ${again}, or with \`lamplighter leases lift ${id}\``,
    );
  }
}
