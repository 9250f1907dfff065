/** Prints the whole assignment: one Query. Exit: 1 where it doesn't tile (read it again, then act). */
import { formatDuration } from "#domain/duration.ts";
import { leaseLagMs } from "#domain/lag.ts";
import type { Lease } from "#domain/lease.ts";
import { deathsInAll, deathsOf, isWard } from "#domain/quarantine.ts";
import { lastWholeMinute } from "#domain/progress.ts";
import { formatRange, slotsIn, tiling } from "#domain/range.ts";
import { slotCount } from "#domain/slot.ts";
import type { EpochMs } from "#domain/units.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { System } from "../../connect/system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { count } from "../../output/count.ts";
import { warnOfQuarantine } from "../../output/quarantine.ts";
import { formatDistance, isoText } from "../../output/moment.ts";
import { table, type Cell, type Column, type Row } from "../../output/table.ts";

const COLUMNS: readonly Column[] = [
  { title: "LEASE" },
  { title: "COLLECTOR" },
  { title: "EPOCH", align: "right" },
  { title: "SLOTS", align: "right" },
  { title: "RANGES", shrinkTo: 17 },
  { title: "LAG", align: "right" },
  { title: "CAPTURES/MIN", align: "right" },
  { title: "BUSY", align: "right" },
  { title: "NEXT" },
  { title: "HAND-OVER", shrinkTo: 10 },
];

export async function showLeases(context: Context): Promise<ExitCode> {
  return withSystem(context, "read", (system) => show(context, system));
}

async function show(context: Context, { leases, pool, slotsLog2 }: System): Promise<ExitCode> {
  const snapshot = await leases.readFleet(pool);
  const found = snapshot?.leases ?? [];
  const now = context.now();
  if (context.options.json) {
    for (const lease of found) await context.json(leaseJson(lease, now, slotsLog2));
  } else {
    await table(COLUMNS, context.io.stdout).write(found.map((l) => leaseRow(l, now, slotsLog2)));
    const { desired = 0 } = snapshot?.fleet ?? {};
    const owned = found.filter((lease) => isOwned(lease, now)).length;
    await context.say(
      `pool ${pool}: ${count(owned, "collector")} running, ${desired} wanted, ${slotCount(slotsLog2)} slots`,
    );
  }
  await warnOfQuarantine(context, found, slotsLog2);
  if (tiling(found.map(({ ranges }) => ranges)).kind === "tiles") return exitCodes.ok;
  await context.warn("these leases don't hold every slot once; if it stays so, it is a bug");
  return exitCodes.negative;
}

function isOwned({ holder }: Lease, now: EpochMs): boolean {
  return holder !== undefined && now < holder.expiresAt;
}

export function leaseRow(lease: Lease, now: EpochMs, slotsLog2: number): Row {
  const { id, epoch, ranges, progress, open, giving } = lease;
  const minute = lastWholeMinute(progress, now);
  const promised = giving.map(({ range, to }) => `${formatRange(range)} to ${to}`);
  const cuts = open.length > 0 ? [`${open.length} open`] : [];
  return [
    id,
    collectorCell(lease, now),
    String(epoch),
    String(slotsIn(ranges, slotsLog2).length),
    ranges.map(formatRange).join(" "),
    formatDuration(Math.round(leaseLagMs(lease, now, CLAIMED_BY_NOBODY))),
    String(minute.captures),
    progress === undefined ? "-" : `${Math.round((100 * minute.busyMs) / MINUTE_MS)} %`,
    nextCell(lease, now),
    [...promised, ...cuts, ...suspicions(lease, now)].join(", "),
  ];
}

/** When a collector is started for it next, where none is there. */
function nextCell({ holder, quarantine, nextDueAt }: Lease, now: EpochMs): string {
  if (holder !== undefined) return "-";
  return formatDistance(quarantine?.until ?? nextDueAt, now);
}

/** Why it isn't given to others. */
function suspicions(lease: Lease, now: EpochMs): readonly string[] {
  const { quarantine, ward } = lease;
  if (quarantine !== undefined) return [];
  const died = deathsOf(lease, now).length;
  return [
    ...(isWard(lease, now) && ward !== undefined ? [`ward of ${ward.of}`] : []),
    ...(died > 0 ? [`${died} died`] : []),
  ];
}

/** Who only looks adds no skew: at `expiresAt` itself an owner is shown as expired. */
const CLAIMED_BY_NOBODY = 0;
const MINUTE_MS = 60_000;
const OWNER_SHOWN = 8;

function collectorCell(lease: Lease, now: EpochMs): Cell {
  const { holder, quarantine } = lease;
  if (quarantine !== undefined) {
    return { text: `quarantined, ${deathsInAll(lease, now)} died`, style: "red" };
  }
  if (holder === undefined) return { text: "-", style: "dim" };
  const name = holder.owner.slice(0, OWNER_SHOWN);
  if (now < holder.expiresAt) return { text: name, style: "green" };
  return { text: `${name} expired`, style: "red" };
}

export function leaseJson(
  lease: Lease,
  now: EpochMs,
  slotsLog2: number,
): Readonly<Record<string, unknown>> {
  const { id, epoch, version, holder, ranges, giving, open, progress, nextDueAt } = lease;
  const { quarantine, ward } = lease;
  const deaths = deathsOf(lease, now);
  const minute = lastWholeMinute(progress, now);
  return {
    lease: id,
    epoch,
    version,
    owned: isOwned(lease, now),
    ...(holder !== undefined && {
      owner: holder.owner,
      expiresAt: isoText(holder.expiresAt),
      deadlineAt: isoText(holder.deadlineAt),
    }),
    slots: slotsIn(ranges, slotsLog2).length,
    ranges: ranges.map(formatRange),
    nextDueAt: isoText(nextDueAt),
    giving: giving.map(({ range, to }) => ({ range: formatRange(range), to })),
    open: open.map(({ range, cut, until }) => ({
      range: formatRange(range),
      cut: isoText(cut),
      until: isoText(until),
    })),
    ...(deaths.length > 0 && { deaths: deaths.map(isoText) }),
    ...(isWard(lease, now) && ward !== undefined && { wardOf: ward.of }),
    ...(quarantine !== undefined && {
      quarantine: {
        since: isoText(quarantine.since),
        until: isoText(quarantine.until),
        deaths: deathsInAll(lease, now),
      },
    }),
    lagMs: leaseLagMs(lease, now, CLAIMED_BY_NOBODY),
    ...(progress !== undefined && { backlogRounds: progress.backlogRounds }),
    lastMinute: {
      captures: minute.captures,
      failed: minute.failed,
      missed: minute.missed,
      busyMs: minute.busyMs,
    },
  };
}
