/**
 * Which slots' parsed targets stay in memory: bounded in bytes and in age, and only what is due soon.
 *
 * Holds: what has open rounds, or is worked on, is never forgotten.
 */
import { limits } from "#domain/limits.ts";
import { after } from "#domain/units.ts";
import { isQuiet } from "./run.ts";
import type { CollectorState, SlotHold } from "./state.ts";

/** Targets whose slot has nothing due for longer than this are read again then. */
const FORGET_BEYOND_MS = 120_000;

/** What isn't due again soon isn't kept: memory follows the rate of captures, not the number of targets. */
export function forgetDistant(state: CollectorState): void {
  const horizon = state.deps.clock.now() + FORGET_BEYOND_MS;
  for (const hold of state.slots.values()) {
    if (hold.contents === undefined || !mayForget(hold)) continue;
    if ([...hold.runs.values()].every((run) => run.wakeAt > horizon)) forget(state, hold);
  }
}

/** Drops parsed targets, least recently used first, until the cache is within its limit. */
export function evict(state: CollectorState): void {
  if (state.cachedBytes <= state.deps.settings.slotCacheBytesMax) return;
  const idle = [...state.slots.values()].filter(
    (hold) => hold.contents !== undefined && mayForget(hold),
  );
  idle.sort((a, b) => a.usedAt - b.usedAt);
  for (const hold of idle) {
    if (state.cachedBytes <= state.deps.settings.slotCacheBytesMax) return;
    forget(state, hold);
  }
}

function mayForget(hold: SlotHold): boolean {
  return (
    hold.pins === 0 &&
    hold.reading === undefined &&
    [...hold.runs.values()].every((run) => isQuiet(run) && run.rounds.length === 0)
  );
}

function forget(state: CollectorState, hold: SlotHold): void {
  state.cachedBytes -= hold.bytes;
  hold.contents = undefined;
  hold.bytes = 0;
  for (const run of hold.runs.values()) run.entries = undefined;
}

/** Contents that are old are read again before their next round: a lost notice can't last for ever. */
export function isStale(state: CollectorState, hold: SlotHold): boolean {
  return state.deps.clock.now() > after(hold.readAt, limits.slotCacheAgeMaxMs) && mayForget(hold);
}
