/** What must hold in every state of the world of requests, and what is still to be done. */
import { cadenceKey } from "#domain/cadence.ts";
import { isDueAfter } from "#domain/due.ts";
import { targetHash } from "#domain/hash.ts";
import type { Schedule } from "#domain/schedule.ts";
import type { Target } from "#domain/target.ts";
import { compareWatermarks } from "#domain/watermark.ts";
import { dueName, instantsOf, T0, type Due } from "./bounds.ts";
import type { State } from "./state.ts";

export function broken(before: State | undefined, state: State): string | undefined {
  return (
    state.started.wrong ??
    movedBack(before?.schedules ?? [], state.schedules) ??
    aboveLease(state) ??
    lostDue(state) ??
    lostRequest(state)
  );
}

function movedBack(before: readonly Schedule[], after: readonly Schedule[]): string | undefined {
  if (before === after) return undefined;
  for (const old of before) {
    const now = after.find(({ cadence }) => cadence === old.cadence);
    if (now === undefined) return `the schedule ${old.cadence} is gone`;
    if (compareWatermarks(now.watermark, old.watermark) < 0)
      return `the watermark of ${old.cadence} goes back from ${old.watermark.at - T0} to ${now.watermark.at - T0}`;
    if (now.epoch < old.epoch)
      return `a commit under epoch ${now.epoch} lands in ${old.cadence} after one under ${old.epoch}`;
    if (now.version < old.version || now.revision < old.revision)
      return `the version or revision of ${old.cadence} goes back`;
  }
  return undefined;
}

function aboveLease({ schedules, lease }: State): string | undefined {
  const found = schedules.find(({ epoch }) => epoch > lease.epoch);
  return (
    found && `the epoch of ${found.cadence}, ${found.epoch}, is above its lease's, ${lease.epoch}`
  );
}

/** An acknowledged target was due, is committed as done, and is neither captured nor recorded as missed. */
function lostDue(state: State): string | undefined {
  for (const { target, schedule, since } of owed(state)) {
    for (const due of instantsOf(target.id, target.cadence)) {
      if (due.instant > schedule.watermark.at) break;
      if (due.instant <= since || !isDueAfter(due.instant, asDue(target, due), START)) continue;
      if (isDueAfter(due.instant, asDue(target, due), schedule.watermark)) continue;
      if (!isAccounted(state, target, due))
        return `${target.id} was due at +${due.instant - T0} ms and is committed as done, but was neither captured nor recorded as missed`;
    }
  }
  return undefined;
}

const START = { at: T0, offset: -1 } as const;

interface Owed {
  readonly target: Target;
  readonly schedule: Schedule;
  /** What is due after this was promised. */
  readonly since: number;
}

/** Targets as they are stored whose registration was acknowledged, with their schedules. */
function owed({ targets, schedules, promised }: State): Owed[] {
  return targets.flatMap((target) => {
    const promise = promised.registered[target.id];
    const schedule = schedules.find(({ cadence }) => cadence === cadenceKey(target.cadence));
    if (promise?.revision !== target.revision || schedule === undefined) return [];
    return [{ target, schedule, since: promise.at }];
  });
}

function asDue(
  { registeredAt }: Target,
  { offset }: Due,
): { registeredAt: Target["registeredAt"]; offset: number } {
  return { registeredAt, offset };
}

function isAccounted({ kept }: State, { id, cadence }: Target, { round, instant }: Due): boolean {
  const key = cadenceKey(cadence);
  return (
    kept.samples.includes(dueName(id, key, round)) ||
    kept.missed.includes(dueName(id, key, instant))
  );
}

/** What was asked for and acknowledged is captured after it was asked for, or still pending. */
function lostRequest(state: State): string | undefined {
  const { promised, kept, request, targets } = state;
  for (const [id, count] of Object.entries(promised.acknowledged)) {
    if ((kept.served[id] ?? 0) >= count || !targets.some((target) => target.id === id)) continue;
    const isPending =
      request?.keys.kind === "all" || request?.keys.resultKeys.includes(targetHash(id).resultKey);
    if (isPending !== true)
      return `${id} was asked for by hand and acknowledged, and is neither captured since nor pending`;
  }
  for (const { target } of owed(state)) {
    const { id } = target;
    if (request?.fresh === true || isCaptured(state, id) || isInHand(state, id)) continue;
    if (isDueNow(state, target)) continue;
    return `${target.id} is new and acknowledged, and its first capture is neither made nor pending`;
  }
  return undefined;
}

function isCaptured({ kept }: State, id: string): boolean {
  return (
    kept.served[id] !== undefined || kept.samples.some((sample) => sample.startsWith(`${id} `))
  );
}

/**
 * Whether a collector that is running has captured it, and will make it durable: a first capture in
 * its own round. That a zombie's commit passes over it *and* this collector crashes then is two faults.
 */
function isInHand({ first, second }: State, id: string): boolean {
  return [first, second].some(
    ({ flights, lines }) =>
      flights.some(({ name }) => name.startsWith(`${id} `)) ||
      lines.some((line) => line.kind !== "asked" && line.due.startsWith(`${id} `)),
  );
}

/** Whether an instant of it has come that is not committed as done: whoever owns the slot captures it. */
function isDueNow({ now, schedules }: State, target: Target): boolean {
  const schedule = schedules.find(({ cadence }) => cadence === cadenceKey(target.cadence));
  return (
    schedule !== undefined &&
    instantsOf(target.id, target.cadence).some(
      (due) =>
        due.instant <= now && isDueAfter(due.instant, asDue(target, due), schedule.watermark),
    )
  );
}

/** Everything due is committed, nothing is asked for, and nobody is in the middle of anything. */
export function isSettled(state: State): boolean {
  const { registration, removal } = state;
  if (registration.kind !== "done" || removal.kind === "removing") return false;
  if (state.request !== undefined) return false;
  return owed(state).every(({ target }) => !isDueNow(state, target));
}
