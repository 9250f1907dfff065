/**
 * One look at a whole pool, for `auditInvariants`: the schedules of all slots first, then the fleet,
 * as the audit asks for it.
 */
import type { Look } from "#domain/audit.ts";
import { slotsIn, wholeSpace } from "#domain/range.ts";
import type { Clock } from "#ports/clock.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";

export interface PoolStores {
  readonly clock: Clock;
  readonly leases: Pick<LeaseStore, "readFleet">;
  readonly schedules: Pick<ScheduleStore, "readSchedules">;
}

const SLOTS_AT_ONCE = 16;

export async function lookAtPool(stores: PoolStores, pool: string): Promise<Look> {
  const { clock, leases, schedules } = stores;
  const known = await leases.readFleet(pool);
  if (known === undefined) throw new Error(`there is no pool ${pool}`);
  const all = slotsIn(wholeSpace(), known.fleet.slotsLog2);
  const slots: Look["slots"][number][] = [];
  for (let from = 0; from < all.length; from += SLOTS_AT_ONCE) {
    const part = all.slice(from, from + SLOTS_AT_ONCE);
    const read = part.map(async (slot) => ({
      slot,
      schedules: await schedules.readSchedules(pool, slot),
    }));
    slots.push(...(await Promise.all(read)));
  }
  const fleet = await leases.readFleet(pool);
  if (fleet === undefined) throw new Error(`pool ${pool} is gone`);
  return { at: clock.now(), fleet, slots };
}
