/**
 * Takes targets out of a pool, for good: their records go, then the slot's schedules are touched, so
 * that collectors read it again before their next commit.
 *
 * In:    ids                                             Out: RemovalReport
 * Holds: nothing brings a removed target back but registering it (collectors never write targets).
 *        Idempotent; repeating an interrupted removal repairs it.
 * Fails: DependencyError; InvalidInputError for an id that can't be a target's name.
 * Source: DESIGN, sections 3 and 4.
 */
import { limits } from "#domain/limits.ts";
import type { Slot } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { placeIds, type PlacedId } from "./register-targets/by-slot.ts";
import { eachLimited } from "./register-targets/each-limited.ts";

export interface RemovalDeps {
  readonly schedules: ScheduleStore;
  readonly clock: Clock;
}

export interface RemovalSettings {
  readonly pool: string;
  readonly slotsLog2: number;
  readonly onProgress?: (done: number) => void;
}

export interface RemovalReport {
  readonly removed: number;
  /** Ids that no target has. */
  readonly unknown: readonly string[];
}

export async function removeTargets(
  deps: RemovalDeps,
  settings: RemovalSettings,
  ids: Iterable<string>,
): Promise<RemovalReport> {
  const unknown: string[] = [];
  let removed = 0;
  const bySlot = placeIds(ids, settings.slotsLog2);
  await eachLimited([...bySlot], limits.registrationSlotsAtOnce, async ([slot, placed]) => {
    const missing = await removeInSlot(deps, settings.pool, slot, placed);
    unknown.push(...missing);
    removed += placed.length - missing.length;
    settings.onProgress?.(removed + unknown.length);
  });
  return { removed, unknown };
}

async function removeInSlot(
  { schedules, clock }: RemovalDeps,
  pool: string,
  slot: Slot,
  placed: readonly PlacedId[],
): Promise<readonly string[]> {
  const now = epochMs(Math.floor(clock.now()));
  const { targets } = await schedules.readSlot(pool, slot);
  const ids = placed.map(({ id }) => id);
  const known = new Set(targets.map(({ id }) => id));
  // Unknown ones too: a record that can't be read is no target, and goes like one.
  await schedules.removeTargets(pool, slot, ids);
  // All of the slot's: which cadence an id had is gone if an earlier removal was interrupted here.
  for (const { cadence } of await schedules.readSchedules(pool, slot)) {
    await schedules.touchSchedule(pool, slot, { cadence, wasEmpty: false }, now);
  }
  return ids.filter((id) => !known.has(id));
}
