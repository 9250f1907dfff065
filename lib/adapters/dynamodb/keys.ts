/**
 * Names of the two tables' keys, and how a record's key is written: read by the stores, by infra
 * and by whatever makes tables locally.
 *
 *     leases    pool = <pool>            key = fleet | lease#0007
 *               pool = <pool>#requests   key = request#00042
 *               pool = <pool>#configuration   key = configuration
 *               pool = <pool>#health     key = health
 *     targets   poolSlot = <pool>#42     key = schedule#every:60000 | target#<id>
 *
 * Holds: a slot's schedules sort before its targets, so that one Query reads them first.
 * Fails: never (pure).
 * Source: DESIGN, section 3.
 */
import type { CadenceKey } from "#domain/cadence.ts";
import type { LeaseId } from "#domain/lease.ts";
import type { Slot } from "#domain/slot.ts";

export const LEASE_TABLE_KEYS = { partition: "pool", sort: "key" } as const;
export const TARGET_TABLE_KEYS = { partition: "poolSlot", sort: "key" } as const;

export const FLEET_KEY = "fleet";
export const LEASE_PREFIX = "lease#";
export const SCHEDULE_PREFIX = "schedule#";
export const TARGET_PREFIX = "target#";

const SLOT_DIGITS = 5;

// Not interfaces: only a type alias fits where the SDK wants any attributes.
type Name = { readonly S: string };
export type LeaseTableKey = { readonly pool: Name; readonly key: Name };
export type TargetTableKey = { readonly poolSlot: Name; readonly key: Name };

export function fleetKey(pool: string): LeaseTableKey {
  return { pool: { S: pool }, key: { S: FLEET_KEY } };
}

export function leaseKey(pool: string, id: LeaseId): LeaseTableKey {
  return { pool: { S: pool }, key: { S: LEASE_PREFIX + id } };
}

/** Requests lie apart from leases, so that a flood of them can't starve heartbeats. */
export function requestPartition(pool: string): string {
  return `${pool}#requests`;
}

export function requestSort(slot: number): string {
  return `request#${String(slot).padStart(SLOT_DIGITS, "0")}`;
}

export function requestKey(pool: string, slot: Slot): LeaseTableKey {
  return { pool: { S: requestPartition(pool) }, key: { S: requestSort(slot) } };
}

/** Apart from leases, so that reading the fleet doesn't pay for it. */
export function configurationKey(pool: string): LeaseTableKey {
  return { pool: { S: `${pool}#configuration` }, key: { S: "configuration" } };
}

/** Apart from leases, for the same reason. */
export function healthKey(pool: string): LeaseTableKey {
  return { pool: { S: `${pool}#health` }, key: { S: "health" } };
}

export function slotPartition(pool: string, slot: Slot): string {
  return `${pool}#${slot}`;
}

export function scheduleKey(pool: string, slot: Slot, cadence: CadenceKey): TargetTableKey {
  return { poolSlot: { S: slotPartition(pool, slot) }, key: { S: SCHEDULE_PREFIX + cadence } };
}

export function targetKey(pool: string, slot: Slot, id: string): TargetTableKey {
  return { poolSlot: { S: slotPartition(pool, slot) }, key: { S: TARGET_PREFIX + id } };
}
