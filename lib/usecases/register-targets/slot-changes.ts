/**
 * What a batch changes in one slot: the records to write, the schedules to touch, whether to ask
 * for a capture. Pure: from what the slot holds and what is wanted there.
 *
 * A repeat can't see how far an interrupted import came: its targets are written, so they look
 * unchanged, but perhaps no schedule was touched and no request put. So every schedule concerned is
 * touched at least once in an import, and a target that was never captured is asked for again.
 *
 * In:    SlotContents, what is wanted, now               Out: SlotChanges
 * Holds: a target that is as wanted is not written; `registeredAt` moves only with the cadence.
 *        A schedule restarts only where none of its targets was registered before its watermark:
 *        at the earliest registration nothing was due yet, so nothing is skipped.
 * Fails: never (pure).
 */
import { cadenceKey, type CadenceKey } from "#domain/cadence.ts";
import { unpackLatest } from "#domain/latest.ts";
import type { Target } from "#domain/target.ts";
import { earliest, type EpochMs } from "#domain/units.ts";
import { compareWatermarks, upTo } from "#domain/watermark.ts";
import type { ScheduleTouch, SlotContents } from "#ports/schedule-store.ts";
import type { Wanted } from "./batch.ts";

export interface TimedTouch extends ScheduleTouch {
  /** Where the watermark starts if the schedule is made or restarted. */
  readonly from: EpochMs;
}

export interface SlotChanges {
  readonly writes: readonly { readonly target: Target; readonly bytes: number }[];
  readonly touches: readonly TimedTouch[];
  /** Whether one of the wanted was never captured. */
  readonly fresh: boolean;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

export interface SlotView {
  readonly pool: string;
  readonly contents: SlotContents;
  readonly wanted: ReadonlyMap<string, Wanted>;
  /** Read before the slot was: who registers meanwhile does so later. */
  readonly now: EpochMs;
  /** Schedules that this import has touched here already. */
  readonly touched: ReadonlySet<CadenceKey>;
}

/** One write to the store; each is idempotent. */
export type RegistrationStep =
  | { readonly kind: "targets"; readonly writes: SlotChanges["writes"] }
  | { readonly kind: "touch"; readonly touch: TimedTouch }
  | { readonly kind: "request" };

/**
 * The writes in their order: a schedule is touched when its targets are there to be read, and a
 * capture is asked for when nothing else is missing. Only then is the slot acknowledged.
 */
export function registrationSteps(changes: SlotChanges): readonly RegistrationStep[] {
  const { writes, touches } = changes;
  return [
    { kind: "targets", writes },
    ...touches.map((touch) => ({ kind: "touch", touch }) as const),
    // Also for what was captured before: it is how a collector learns of a new cadence, or of settings.
    ...(isNews(changes) ? [{ kind: "request" } as const] : []),
  ];
}

/** Whether a collector is to be told. */
export function isNews({ fresh, writes }: SlotChanges): boolean {
  return fresh || writes.length > 0;
}

type Outcome = "added" | "changed" | "unchanged";

interface Merged {
  readonly outcome: Outcome;
  readonly target: Target;
  readonly wanted: Wanted;
  readonly before?: Target;
}

export function slotChanges(view: SlotView): SlotChanges {
  const known = new Map(view.contents.targets.map((target) => [target.id, target]));
  const merged = [...view.wanted.values()].map((wanted) =>
    merge(known.get(wanted.definition.id), wanted, view),
  );
  const count = (outcome: Outcome): number => merged.filter((m) => m.outcome === outcome).length;
  const captured = capturedKeys(view.contents);
  return {
    writes: merged
      .filter(({ outcome }) => outcome !== "unchanged")
      .map(({ target, wanted }) => ({ target, bytes: wanted.bytes })),
    touches: touches(view, known, merged),
    fresh: merged.some(({ wanted }) => !captured.has(wanted.resultKey)),
    added: count("added"),
    changed: count("changed"),
    unchanged: count("unchanged"),
  };
}

function merge(before: Target | undefined, wanted: Wanted, view: SlotView): Merged {
  const target = targetOf(wanted, view.pool, view.now);
  if (before === undefined) return { outcome: "added", target, wanted };
  if (before.revision === wanted.revision) {
    return { outcome: "unchanged", target: before, wanted, before };
  }
  const sameCadence = cadenceKey(before.cadence) === cadenceKey(target.cadence);
  const kept = sameCadence ? { ...target, registeredAt: before.registeredAt } : target;
  return { outcome: "changed", target: kept, wanted, before };
}

function targetOf({ definition, revision }: Wanted, pool: string, now: EpochMs): Target {
  const { id, name, probe, cadence, policy, tags } = definition;
  return {
    id,
    pool,
    ...(name !== undefined && { name }),
    probe,
    cadence,
    ...(policy !== undefined && { policy }),
    tags,
    revision,
    registeredAt: now,
  };
}

/** Result keys of all that was ever captured here, under whatever cadence. */
function capturedKeys(contents: SlotContents): ReadonlySet<number> {
  const keys = new Set<number>();
  for (const { latest } of contents.schedules) {
    for (const { resultKey } of unpackLatest(latest)) keys.add(resultKey);
  }
  return keys;
}

function touches(
  view: SlotView,
  known: ReadonlyMap<string, Target>,
  merged: readonly Merged[],
): readonly TimedTouch[] {
  const after = new Map(known);
  for (const { target } of merged) after.set(target.id, target);
  const registered = earliestByCadence(after.values());
  return [...concerned(view, merged)].map((cadence) => {
    const from = registered.get(cadence) ?? view.now;
    const schedule = view.contents.schedules.find((s) => s.cadence === cadence);
    const wasEmpty =
      schedule === undefined ||
      (registered.has(cadence) && compareWatermarks(upTo(from), schedule.watermark) > 0);
    return { cadence, wasEmpty, from };
  });
}

/** Both cadences of what has changed; of what hasn't, those that this import hasn't touched yet. */
function concerned(view: SlotView, merged: readonly Merged[]): ReadonlySet<CadenceKey> {
  const keys = new Set<CadenceKey>();
  const unsure = new Set<number>();
  for (const { outcome, target, before, wanted } of merged) {
    const cadence = cadenceKey(target.cadence);
    if (outcome !== "unchanged") {
      keys.add(cadence);
      if (before !== undefined) keys.add(cadenceKey(before.cadence));
      continue;
    }
    if (!view.touched.has(cadence)) keys.add(cadence);
    unsure.add(wanted.resultKey);
  }
  // An interrupted change of cadence: the old schedule still knows the target's last result.
  for (const { cadence, latest } of view.contents.schedules) {
    if (keys.has(cadence) || view.touched.has(cadence)) continue;
    if (unpackLatest(latest).some(({ resultKey }) => unsure.has(resultKey))) keys.add(cadence);
  }
  return keys;
}

function earliestByCadence(targets: Iterable<Target>): ReadonlyMap<CadenceKey, EpochMs> {
  const found = new Map<CadenceKey, EpochMs>();
  for (const { cadence, registeredAt } of targets) {
    const key = cadenceKey(cadence);
    const known = found.get(key);
    found.set(key, known === undefined ? registeredAt : earliest(known, registeredAt));
  }
  return found;
}
