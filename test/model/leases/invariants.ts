/**
 * What holds in every state, and of every step.
 *
 * 1 tiling, 2 fencing, 3 monotone, 7 stale plans (noticed where they land), no epoch used by two,
 * and with clocks within skewMax at most one collector that is sure of a slot.
 */
import type { Lease } from "#domain/lease.ts";
import { contains, formatRange, slotRange, tiling } from "#domain/range.ts";
import type { Slot } from "#domain/slot.ts";
import { compareWatermarks } from "#domain/watermark.ts";
import { ownSlots } from "./collector.ts";
import {
  clockOf,
  COLLECTORS,
  LEASES,
  nameOf,
  SCHEDULES,
  type Actor,
  type Bounds,
  type State,
} from "./state.ts";

export function brokenIn(
  bounds: Bounds,
  before: State | undefined,
  state: State,
): string | undefined {
  if (state.alarm !== undefined) return state.alarm;
  const leasesChanged = before === undefined || LEASES.some((key) => before[key] !== state[key]);
  const committed = before === undefined || SCHEDULES.some((key) => before[key] !== state[key]);
  if (leasesChanged) {
    const what = notTiled(state) ?? notMonotone(before, state) ?? usedTwice(before, state);
    if (what !== undefined) return what;
  }
  if (leasesChanged || committed) {
    const what = notFenced(bounds, before, state);
    if (what !== undefined) return what;
  }
  return areClocksNear(bounds) ? twoAreSure(bounds, before, state) : undefined;
}

function leases(state: State): Lease[] {
  return LEASES.flatMap((key) => state[key] ?? []);
}

function notTiled(state: State): string | undefined {
  const found = tiling(leases(state).map(({ ranges }) => ranges));
  if (found.kind === "tiles") return undefined;
  const [missing] = found.missing;
  if (missing !== undefined) return `a slot is in no lease: ${formatRange(missing)}`;
  return `a slot is in two leases: ${found.doubled.map(formatRange).join(", ")}`;
}

function leaseOfSlot(bounds: Bounds, state: State, slot: number): Lease | undefined {
  const { from } = slotRange(slot as Slot, bounds.slotsLog2);
  for (const key of LEASES) {
    const lease = state[key];
    if (lease !== undefined && contains(lease.ranges, from)) return lease;
  }
  return undefined;
}

/** Epochs and versions of leases only grow; a new owner has a new epoch. */
function notMonotone(before: State | undefined, state: State): string | undefined {
  if (before === undefined) return undefined;
  if (state.fleet.nextLease < before.fleet.nextLease) return "lease numbers go back";
  for (const key of LEASES) {
    const [was, is] = [before[key], state[key]];
    if (was === undefined || is === undefined || was === is) continue;
    if (is.epoch < was.epoch) return `the epoch of lease ${is.id} goes down`;
    if (is.version < was.version) return `the version of lease ${is.id} goes down`;
    const [owner, ownerBefore] = [is.holder?.owner, was.holder?.owner];
    if (owner !== undefined && owner !== ownerBefore && is.epoch === was.epoch)
      return `lease ${is.id} has another owner under the same epoch`;
  }
  return undefined;
}

function usedTwice(before: State | undefined, state: State): string | undefined {
  if (before === undefined) return undefined;
  for (const [index, key] of LEASES.entries()) {
    const lease = state[key];
    const peak = state.lives.peaks[index] ?? 0;
    if (lease?.holder !== undefined && peak > 0 && lease.epoch <= peak)
      return `lease ${lease.id} is owned under epoch ${lease.epoch}, as its number was before`;
  }
  return undefined;
}

function notFenced(bounds: Bounds, before: State | undefined, state: State): string | undefined {
  for (const [slot, key] of SCHEDULES.entries()) {
    const schedule = state[key];
    if (schedule === undefined) continue;
    const was = before?.[key];
    const lease = leaseOfSlot(bounds, state, slot);
    if (lease !== undefined && schedule.epoch > lease.epoch)
      return `slot ${slot} has a commit under epoch ${schedule.epoch}, above that of its lease ${lease.id} (${lease.epoch}): its owner is fenced out`;
    if (before !== undefined) {
      const leaseBefore = leaseOfSlot(bounds, before, slot);
      if (lease !== undefined && leaseBefore !== undefined && lease.epoch < leaseBefore.epoch)
        return `the epoch over slot ${slot} goes down, from ${leaseBefore.epoch} to ${lease.epoch}`;
    }
    if (was === undefined || was === schedule) continue;
    if (schedule.epoch < was.epoch)
      return `slot ${slot} has a commit under epoch ${schedule.epoch} after one under ${was.epoch}`;
    if (compareWatermarks(schedule.watermark, was.watermark) < 0)
      return `the watermark of slot ${slot} goes back`;
    if (schedule.epoch === was.epoch && was.by !== undefined && schedule.by !== was.by)
      return `slot ${slot} has commits of two owners under epoch ${schedule.epoch}`;
  }
  return undefined;
}

function areClocksNear({ clocks, skewMax }: Bounds): boolean {
  const ahead = (actor: Actor): number => clocks[actor] ?? 0;
  const all = COLLECTORS.map(ahead);
  const planners = [ahead("r1"), ahead("r2")];
  return Math.max(...all, ...planners) - Math.min(...all, ...planners) <= skewMax;
}

function twoAreSure(bounds: Bounds, before: State | undefined, state: State): string | undefined {
  if (before !== undefined && COLLECTORS.every((key) => before[key] === state[key]))
    return undefined;
  const sure = new Map<number, string>();
  for (const key of COLLECTORS) {
    const me = state[key];
    if (me.kind !== "owns" || clockOf(bounds, state, key) >= me.expiresAt) continue;
    for (const slot of ownSlots(bounds, me)) {
      const other = sure.get(slot);
      const name = nameOf(key, me.born);
      if (other !== undefined) return `${other} and ${name} are both sure of slot ${slot}`;
      sure.set(slot, name);
    }
  }
  return undefined;
}
