/**
 * Asks for captures now, by hand: one request a slot, however many targets.
 *
 * In:    ids of targets, or all                          Out: RequestReport
 * Holds: what is reported as requested is captured as soon as a collector reads it (two seconds
 *        where one runs); a request repeated before that is one request.
 * Fails: DependencyError; InvalidInputError for an id that can't be a target's name.
 * Source: DESIGN, section 3, `request#<slot>`.
 */
import { limits } from "#domain/limits.ts";
import { wholeSpace, slotsIn } from "#domain/range.ts";
import type { RequestedKeys } from "#domain/request.ts";
import type { Slot } from "#domain/slot.ts";
import type { Ids } from "#ports/ids.ts";
import type { Invoker } from "#ports/invoker.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { placeIds, type PlacedId } from "./register-targets/by-slot.ts";
import { eachLimited } from "./register-targets/each-limited.ts";

export interface RequestDeps {
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly ids: Ids;
  readonly invoker?: Invoker;
}

export interface RequestSettings {
  readonly pool: string;
  readonly slotsLog2: number;
}

export type RequestedTargets =
  { readonly kind: "all" } | { readonly kind: "ids"; readonly ids: Iterable<string> };

export interface RequestReport {
  /** Slots that a request was put for. */
  readonly slots: number;
  /** Targets asked for by id; undefined for all. */
  readonly requested?: number;
  /** Ids that no target has: nothing was asked for them. */
  readonly unknown: readonly string[];
}

export async function requestCapture(
  deps: RequestDeps,
  settings: RequestSettings,
  wanted: RequestedTargets,
): Promise<RequestReport> {
  const report =
    wanted.kind === "all"
      ? await requestAll(deps, settings)
      : await requestIds(deps, settings, wanted.ids);
  if (report.slots > 0) await deps.invoker?.startRebalancer(settings.pool);
  return report;
}

async function requestAll(deps: RequestDeps, settings: RequestSettings): Promise<RequestReport> {
  const slots = slotsIn(wholeSpace(), settings.slotsLog2);
  await eachLimited(slots, limits.registrationSlotsAtOnce, (slot) =>
    put(deps, settings.pool, slot, { kind: "all" }),
  );
  return { slots: slots.length, unknown: [] };
}

async function requestIds(
  deps: RequestDeps,
  settings: RequestSettings,
  ids: Iterable<string>,
): Promise<RequestReport> {
  const unknown: string[] = [];
  let [slots, requested] = [0, 0];
  const bySlot = placeIds(ids, settings.slotsLog2);
  await eachLimited([...bySlot], limits.registrationSlotsAtOnce, async ([slot, placed]) => {
    const known = await existing(deps.schedules, settings.pool, slot, placed);
    unknown.push(...placed.filter((p) => !known.includes(p)).map(({ id }) => id));
    if (known.length === 0) return;
    const resultKeys = known.map(({ resultKey }) => resultKey);
    await put(deps, settings.pool, slot, { kind: "keys", resultKeys });
    slots += 1;
    requested += known.length;
  });
  return { slots, requested, unknown };
}

async function existing(
  schedules: ScheduleStore,
  pool: string,
  slot: Slot,
  placed: readonly PlacedId[],
): Promise<readonly PlacedId[]> {
  const known: PlacedId[] = [];
  for (const one of placed) {
    if ((await schedules.findTarget(pool, slot, one.id)) !== undefined) known.push(one);
  }
  return known;
}

async function put(
  deps: RequestDeps,
  pool: string,
  slot: Slot,
  keys: RequestedKeys,
): Promise<void> {
  await deps.requests.put({ pool, slot, fresh: false, keys, stamp: deps.ids.stamp() });
}
