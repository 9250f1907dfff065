/** The audits of records: of one look, and of what must not go back between two. */
import type { Lease, LeaseId } from "../lease.ts";
import { formatRange, tiling } from "../range.ts";
import type { Schedule } from "../schedule.ts";
import { slotRange, contains } from "../range.ts";
import type { Slot } from "../slot.ts";
import { compareWatermarks, formatWatermark } from "../watermark.ts";
import type { AuditLimits, Look, Violation } from "./observation.ts";

export function auditTiling({ fleet }: Look): Violation[] {
  const found = tiling(fleet.leases.map(({ ranges }) => ranges));
  if (found.kind === "tiles") return [];
  return [
    ...found.missing.map((range) => `${formatRange(range)} is in no lease`),
    ...found.doubled.map((range) => {
      const owners = fleet.leases
        .filter(({ ranges }) => contains(ranges, range.from))
        .map(({ id }) => id);
      return `${formatRange(range)} is in several leases: ${owners.join(", ")}`;
    }),
  ].map((what) => ({ invariant: "tiling", what }));
}

/** No schedule's epoch is above that of the lease that has its slot. */
export function auditFencing({ fleet, slots }: Look): Violation[] {
  const { slotsLog2 } = fleet.fleet;
  return slots.flatMap(({ slot, schedules }) => {
    const lease = leaseOf(fleet.leases, slot, slotsLog2);
    if (lease === undefined) return [];
    return schedules
      .filter(({ epoch }) => epoch > lease.epoch)
      .map(({ cadence, epoch }) => ({
        invariant: "fencing" as const,
        what: `slot ${slot} ${cadence} has epoch ${epoch}, expected at most ${lease.epoch}, that of lease ${lease.id}`,
      }));
  });
}

export function auditAlive({ fleet, at }: Look, limits: AuditLimits): Violation[] {
  const { lastRebalance, createdAt } = fleet.fleet;
  const silentMs = at - (lastRebalance?.at ?? createdAt);
  const stale: Violation[] =
    silentMs <= limits.rebalanceMaxMs
      ? []
      : [
          {
            invariant: "rebalancer-alive",
            what: `the last rebalance was ${seconds(silentMs)} ago, expected at most ${seconds(limits.rebalanceMaxMs)}`,
          },
        ];
  const expired = fleet.leases.flatMap(({ id, holder }): Violation[] => {
    const forMs = holder === undefined ? 0 : at - holder.expiresAt - limits.skewMaxMs;
    if (forMs <= limits.expiredMaxMs) return [];
    return [
      {
        invariant: "leases-taken-up",
        what: `lease ${id} has been expired for ${seconds(forMs)}, expected at most ${seconds(limits.expiredMaxMs)}`,
      },
    ];
  });
  return [...stale, ...expired];
}

/** What may only grow between two looks. */
export function auditMonotone(before: Look, after: Look): Violation[] {
  return [
    ...monotoneLeases(before, after),
    ...monotoneSlots(before, after),
    ...monotoneSchedules(before, after),
  ];
}

function monotoneLeases(before: Look, after: Look): Violation[] {
  const known = new Map(before.fleet.leases.map((lease) => [lease.id, lease]));
  return after.fleet.leases.flatMap(({ id, epoch, version }): Violation[] => {
    const was = known.get(id);
    if (was === undefined || (epoch >= was.epoch && version >= was.version)) return [];
    return [
      {
        invariant: "monotone-epoch",
        what: `lease ${id} went from epoch ${was.epoch} version ${was.version} back to ${epoch} version ${version}`,
      },
    ];
  });
}

/** A slot's epoch is that of the lease that has it. */
function monotoneSlots(before: Look, after: Look): Violation[] {
  const { slotsLog2 } = after.fleet.fleet;
  return after.slots.flatMap(({ slot }): Violation[] => {
    const [was, is] = [
      leaseOf(before.fleet.leases, slot, slotsLog2),
      leaseOf(after.fleet.leases, slot, slotsLog2),
    ];
    if (was === undefined || is === undefined || is.epoch >= was.epoch) return [];
    return [
      {
        invariant: "monotone-epoch",
        what: `slot ${slot} went from epoch ${was.epoch} (lease ${was.id}) back to ${is.epoch} (lease ${is.id})`,
      },
    ];
  });
}

function monotoneSchedules(before: Look, after: Look): Violation[] {
  const known = new Map(
    before.slots.flatMap(({ schedules }) =>
      schedules.map((schedule) => [nameOf(schedule), schedule] as const),
    ),
  );
  return after.slots.flatMap(({ schedules }) =>
    schedules.flatMap((is): Violation[] => {
      const was = known.get(nameOf(is));
      if (was === undefined) return [];
      const violations: Violation[] = [];
      if (compareWatermarks(is.watermark, was.watermark) < 0) {
        violations.push({
          invariant: "monotone-watermark",
          what: `${nameOf(is)} went from ${formatWatermark(was.watermark)} back to ${formatWatermark(is.watermark)}`,
        });
      }
      if (is.epoch < was.epoch) {
        violations.push({
          invariant: "monotone-epoch",
          what: `${nameOf(is)} went from epoch ${was.epoch} back to ${is.epoch}`,
        });
      }
      return violations;
    }),
  );
}

function leaseOf(
  leases: readonly Lease[],
  slot: Slot,
  slotsLog2: number,
): (Lease & { readonly id: LeaseId }) | undefined {
  const { from } = slotRange(slot, slotsLog2);
  return leases.find(({ ranges }) => contains(ranges, from));
}

function nameOf({ slot, cadence }: Schedule): string {
  return `slot ${slot} ${cadence}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
