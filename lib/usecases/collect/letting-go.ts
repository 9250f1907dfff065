/**
 * Letting go of slots without a drain: what is kept, and the release of the whole lease. Giving a part
 * of it: giving.ts.
 *
 * Who lets go names a cut, keeps what is due before it under the epoch it has now, and starts
 * nothing due from the cut on until a refusal says that its write can never land.
 *
 * Holds: `kept` is set before the write is sent; it is taken back only after a refusal. A release
 *        without an answer is asked for again at once: who leaves has nothing else to do.
 * Source: DESIGN, section 4, "Hand-over at a moment".
 */
import { cutEntries, type OpenEntry } from "#domain/hand-over.ts";
import {
  answerToRelease,
  entriesToWrite,
  isKeptOver,
  keptBy,
  keptForGood,
  mayBeOpenBefore,
  nextDueOfReleased,
  openOfReleased,
} from "#domain/letting-go.ts";
import { oursUntil } from "#domain/lease-times.ts";
import { limits } from "#domain/limits.ts";
import { rangesOfSlots, slotRange, slotsIn } from "#domain/range.ts";
import type { Slot } from "#domain/slot.ts";
import { after, latestOf, type EpochMs } from "#domain/units.ts";
import { compareWatermarks } from "#domain/watermark.ts";
import { sleep } from "#ports/clock.ts";
import type { ScheduleRun } from "./run.ts";
import { nextDueAt } from "./slots.ts";
import { runsOf, wakeRun, type CollectorState, type SlotHold } from "./state.ts";

/** A release without an answer is asked for again this often, this many times. */
const ASK_AGAIN_MS = 300;
const ASK_AGAIN_MAX = 20;

export interface Cut {
  readonly cut: EpochMs;
  readonly until: EpochMs;
  readonly open: readonly OpenEntry[];
  /** What is let go by this cut. */
  readonly holds: readonly SlotHold[];
}

/** Names a cut for these slots and keeps what is due before it. */
export function keep(state: CollectorState, slots: readonly Slot[], aheadMs: number): Cut {
  const { clock } = state.deps;
  const holds = slots.flatMap((slot) => state.slots.get(slot) ?? []);
  // What was asked for before, without an answer, keeps the cut it was given then.
  const fresh = holds.filter((hold) => hold.letGo === undefined);
  const runs = fresh.flatMap((hold) => [...hold.runs.values()]);
  const ranges = rangesOfSlots(
    fresh.map((hold) => hold.slot),
    state.slotsLog2,
  );
  const entries = cutEntries(ranges, state.lease.open, {
    now: clock.now(),
    startedThrough: startedThrough(runs),
    aheadMs,
    longestTimeoutMs: longestTimeout(state, runs),
    slackMs: limits.untilSlackMs,
    commitTimeMs: limits.commitTimeMs,
  });
  const kept = keptBy(entries, state.lease, clock.now());
  for (const hold of fresh) hold.letGo = { outcome: "asked", version: state.lease.version };
  for (const run of runs) {
    run.kept = kept;
    wakeRun(state, run, clock.now());
  }
  const unfinished = fresh.filter((hold) =>
    [...hold.runs.values()].some((run) => isOpenBefore(run, kept.cut)),
  );
  const needed = rangesOfSlots(
    unfinished.map((hold) => hold.slot),
    state.slotsLog2,
  );
  return {
    cut: kept.cut,
    until: kept.until,
    holds: fresh,
    open: [
      ...entriesToWrite(entries, needed, kept),
      ...holds.flatMap((hold) => (fresh.includes(hold) ? [] : keptEntries(state, hold))),
    ],
  };
}

function keptEntries(state: CollectorState, hold: SlotHold): OpenEntry[] {
  const kept = [...hold.runs.values()].find((run) => run.kept !== undefined)?.kept;
  return kept === undefined
    ? []
    : [{ range: slotRange(hold.slot, state.slotsLog2), cut: kept.cut, until: kept.until }];
}

function isOpenBefore(run: ScheduleRun, cut: EpochMs): boolean {
  const isUnderWay = run.rounds.length > 0 || run.uncommittedSince !== undefined;
  return mayBeOpenBefore({ isUnderWay, cut: run.cut, nextDueAt: nextDueAt(run) }, cut);
}

export function landed(holds: readonly SlotHold[], version: number): void {
  for (const hold of holds) {
    hold.letGo = { outcome: "landed", version };
    for (const run of hold.runs.values()) {
      if (run.kept !== undefined) run.kept = keptForGood(run.kept);
    }
  }
}

/** The write was refused: it can never land, and the slots are ours as before. */
export function keepOn(state: CollectorState, holds: readonly SlotHold[]): void {
  for (const hold of holds) {
    hold.letGo = undefined;
    for (const run of hold.runs.values()) {
      run.kept = undefined;
      wakeRun(state, run, state.deps.clock.now());
    }
  }
}

function startedThrough(runs: readonly ScheduleRun[]): EpochMs | undefined {
  let latest: EpochMs | undefined;
  for (const run of runs) {
    // Rounds that are over and forgotten; of interest when the clock went back.
    if (compareWatermarks(run.done, run.committed) > 0)
      latest = latest === undefined ? run.done.at : latestOf(latest, run.done.at);
    for (const open of run.rounds) {
      const last = open.entries[open.next - 1];
      if (last === undefined) continue;
      const instant = after(open.round.at, last.shift);
      latest = latest === undefined ? instant : latestOf(latest, instant);
    }
  }
  return latest;
}

function longestTimeout(state: CollectorState, runs: readonly ScheduleRun[]): number {
  let longest = 0;
  for (const run of runs) {
    const entries = run.entries;
    if (entries === undefined) return state.deps.settings.longestTimeoutMs;
    for (const entry of entries) longest = Math.max(longest, entry.task.timeoutMs);
  }
  return longest;
}

/** Whether a giver has nothing left to do in a slot: all before the cut committed, or too late for it. */
export function isLetGo(state: CollectorState, hold: SlotHold): boolean {
  const now = state.deps.clock.now();
  return [...hold.runs.values()].every((run) => {
    if (run.dropped) return true;
    if (run.kept === undefined) return state.leaving;
    return isKeptOver(run.kept, now, isKeptCommitted(run, run.kept.cut));
  });
}

function isKeptCommitted(run: ScheduleRun, cut: EpochMs): boolean {
  return !run.committing && run.asked === 0 && run.wantedSequence === 0 && nextDueAt(run) >= cut;
}

/**
 * What is kept past its cut is to be committed before `until`, which allows for no more than a commit:
 * as long as any waits, chunks close every second, however long they take otherwise.
 */
export function sealKept(state: CollectorState): void {
  const now = state.deps.clock.now();
  for (const hold of state.slots.values()) {
    if (hold.letGo === undefined || isLetGo(state, hold)) continue;
    if (![...hold.runs.values()].some((run) => run.kept !== undefined && now >= run.kept.cut))
      continue;
    state.writer.sealAfter(limits.chunkEveryMs);
    return;
  }
}

/** How many captures that were started are given up with these slots. */
export function countOpen(holds: readonly SlotHold[]): number {
  let open = 0;
  for (const hold of holds) {
    for (const run of hold.runs.values()) {
      for (const round of run.rounds) open += round.inFlight;
    }
  }
  return open;
}

export type Released = "released" | "lost" | "again";

/** Releases the lease; `again` when it changed meanwhile: follow it and decide anew. */
export async function releaseLease(state: CollectorState, aheadMs: number): Promise<Released> {
  const slots = slotsIn(state.lease.ranges, state.slotsLog2);
  const kept = keep(state, slots, aheadMs);
  const now = state.deps.clock.now();
  const isUnread = slots.some((slot) => state.slots.get(slot)?.unread !== false);
  const soonest = runsOf(state).reduce(
    (first, run) => Math.min(first, nextDueAt(run)),
    Number.POSITIVE_INFINITY,
  );
  const request = {
    pool: state.pool,
    id: state.lease.id,
    owner: state.owner,
    version: state.lease.version,
    nextDueAt: nextDueOfReleased({ isUnread, soonest }, now, limits.periodMaxMs),
    open: openOfReleased(state.lease, kept.open, now, limits.skewMaxMs),
    progress: state.counters.progress(now, {
      lagMs: 0,
      backlogRounds: 0,
      waiting: state.late.waiting(),
    }),
  };
  const result = await answered(state, ASK_AGAIN_MAX, () => state.deps.leases.release(request));
  switch (answerToRelease(result, { owner: state.owner, kept: kept.open })) {
    case "landed":
      landed(kept.holds, request.version);
      return "released";
    case "ours again":
      keepOn(state, kept.holds);
      state.expiresAt = oursUntil(state.expiresAt, result?.lease);
      return "again";
    case "lost":
    case "unknown":
      return "lost";
  }
}

/** The first answer to a write that is asked for up to so many times; undefined when there is none. */
export async function answered<T>(
  state: CollectorState,
  attemptsMax: number,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      state.deps.log.warn("letting go had no answer; the same is asked for again", {
        lease: state.lease.id,
        attempt,
        error,
      });
      if (attempt < attemptsMax) await sleep(state.deps.clock, ASK_AGAIN_MS);
    }
  }
  return undefined;
}
