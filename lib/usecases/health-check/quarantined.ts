/** What is quarantined is said once a minute, with what to do: nobody captures it until then. */
import type { FleetSnapshot } from "#domain/fleet.ts";
import { deathsInAll } from "#domain/quarantine.ts";
import { formatRange, slotsIn } from "#domain/range.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Log } from "#ports/log.ts";

const TOLD_MAX = 20;

export function tellQuarantined(log: Log, { fleet, leases }: FleetSnapshot, now: EpochMs): void {
  const shut = leases.filter(({ quarantine }) => quarantine !== undefined);
  for (const lease of shut.slice(0, TOLD_MAX)) {
    const { id, ranges, quarantine } = lease;
    log.error("a range that killed its collectors is quarantined: its targets aren't captured", {
      lease: id,
      ranges: ranges.map(formatRange).join(" "),
      slots: slotsIn(ranges, fleet.slotsLog2).length,
      deaths: deathsInAll(lease, now),
      until: quarantine === undefined ? "" : new Date(quarantine.until).toISOString(),
      next: `then one collector tries it again; \`lamplighter leases lift ${id}\` does so at once; see the runbook, OrphanedSlots`,
    });
  }
}
