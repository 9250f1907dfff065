/**
 * Taking up rounds, and following them to the end: opening, rebuilding after a registration, results.
 *
 * Holds: each entry of a round is captured, or counted into a missed record, exactly once; a run's
 *        `done` is the end of the longest prefix without a gap.
 */
import { missedLine } from "#domain/chunk-lines.ts";
import { isDueAfter, nextInstant } from "#domain/due.ts";
import type { Round } from "#domain/instant.ts";
import { countPassed, dueRounds, firstOpen } from "#domain/round.ts";
import type { MissedReason } from "#domain/sample.ts";
import { isGivers, whose, type Standing } from "#domain/taking-over.ts";
import { after, latestOf, type EpochMs } from "#domain/units.ts";
import { furthest, isAfter, OFFSET_ALL, through, upTo, type Watermark } from "#domain/watermark.ts";
import { bucketOfSlot } from "#ports/sample-store.ts";
import {
  DONE,
  GIVERS,
  isComplete,
  NEVER,
  PENDING,
  type Entry,
  type OpenRound,
  type ScheduleRun,
} from "./run.ts";
import { epochOf, keepLine, markDirty, type CollectorState } from "./state.ts";

/** Takes up what is due now; answers when the run's next round begins (Infinity: never). */
export function takeUp(
  state: CollectorState,
  run: ScheduleRun,
  entries: readonly Entry[],
  now: EpochMs,
): number {
  const due = dueRounds(run.schedule, run.position, now);
  if (due.current === undefined) return due.nextAt ?? Number.POSITIVE_INFINITY;
  for (const open of run.rounds) giveUpPending(state, run, open);
  if (due.passed !== undefined) {
    const captures = countPassed(run.schedule, due.passed, entries);
    recordMissed(state, run, { ...due.passed, captures, reason: "late" });
  }
  run.rounds.push(openRound(run, due.current, entries));
  run.position = through(due.current.endsAt);
  return due.nextAt ?? Number.POSITIVE_INFINITY;
}

function openRound(run: ScheduleRun, round: Round, entries: readonly Entry[]): OpenRound {
  const states = new Uint8Array(entries.length);
  entries.forEach((entry, index) => {
    states[index] = firstState(run, after(round.at, entry.shift), entry);
  });
  const open: OpenRound = {
    round,
    entries,
    states,
    generation: 0,
    next: 0,
    prefix: 0,
    inFlight: 0,
  };
  advancePrefix(open);
  return open;
}

function firstState(standing: Standing, instant: EpochMs, entry: Entry): number {
  switch (whose(standing, instant, entry)) {
    case "nobody's":
      return DONE;
    case "the giver's":
      return GIVERS;
    case "ours":
      return PENDING;
  }
}

interface Missed {
  readonly from: Watermark;
  readonly to: Watermark;
  readonly rounds: number;
  readonly captures: number;
  readonly reason: MissedReason;
  readonly targets?: readonly string[];
}

export function recordMissed(state: CollectorState, run: ScheduleRun, missed: Missed): void {
  if (missed.captures === 0) return;
  const line = missedLine({
    kind: "missed",
    slot: run.slot,
    cadence: run.key,
    epoch: epochOf(state, run),
    ...missed,
  });
  keepLine(state, bucketOfSlot(run.slot, state.slotsLog2), line);
  state.counters.add("missed", missed.captures);
  markDirty(state, run);
}

/** A newer round has begun: what of this one was not started is missed. The giver's is left alone. */
function giveUpPending(state: CollectorState, run: ScheduleRun, open: OpenRound): void {
  giveUp(state, run, open, {
    reason: "overrun",
    isChosen: (index) => open.states[index] === PENDING,
  });
}

/** Records chosen entries of an open round as missed, by name. */
export function giveUp(
  state: CollectorState,
  run: ScheduleRun,
  open: OpenRound,
  {
    reason,
    isChosen,
  }: { readonly reason: MissedReason; readonly isChosen: (index: number) => boolean },
): void {
  const missed: Entry[] = [];
  open.entries.forEach((entry, index) => {
    if (!isChosen(index)) return;
    open.states[index] = DONE;
    missed.push(entry);
  });
  if (missed.length === 0) return;
  const { round } = open;
  recordMissed(state, run, {
    from: upTo(round.at),
    to: through(round.endsAt),
    rounds: 1,
    captures: missed.length,
    reason,
    targets: missed.map((entry) => entry.target.id),
  });
  settle(state, run, open);
}

/** After states have changed: moves the prefix on and tells the writer's next seal. */
export function settle(state: CollectorState, run: ScheduleRun, open: OpenRound): void {
  advancePrefix(open);
  markDirty(state, run);
}

function advancePrefix(open: OpenRound): void {
  const { states } = open;
  let prefix = open.prefix;
  while (prefix < states.length && states[prefix] === DONE) prefix += 1;
  open.prefix = prefix;
}

/**
 * Moves `done` to the end of the longest prefix without a gap, and forgets complete rounds.
 * Called at a seal: everything up to `done` is in chunks sealed by then. A round is not over before
 * its window is: a target that is registered now may still have its instant in it.
 */
export function advanceDone(run: ScheduleRun, now: EpochMs): void {
  let finished = 0;
  for (const open of run.rounds) {
    if (isComplete(open) && now > open.round.endsAt) {
      run.done = furthest(run.done, through(open.round.endsAt));
      finished += 1;
      continue;
    }
    const reached = prefixWatermark(open);
    if (reached !== undefined && isAfter(reached.at, reached.offset, run.done)) run.done = reached;
    break;
  }
  if (finished > 0) run.rounds.splice(0, finished);
}

/** Where the prefix ends; never between two entries that are due at one moment with one offset. */
function prefixWatermark(open: OpenRound): Watermark | undefined {
  const next = open.entries[open.prefix];
  let index = open.prefix - 1;
  while (index >= 0 && next !== undefined && open.entries[index]?.offset === next.offset)
    index -= 1;
  const last = open.entries[index];
  return last === undefined
    ? undefined
    : { at: after(open.round.at, last.shift), offset: last.offset };
}

/**
 * The slot's targets were read again: open rounds go on with the new entries. What was started or
 * done stays so; what is new and still ahead is taken up; what is new and was due since its
 * registration, in a round that is taken up and not committed, is recorded as missed.
 */
export function rebuild(
  state: CollectorState,
  run: ScheduleRun,
  known: ReadonlySet<string>,
  now: EpochMs,
): void {
  const entries = run.entries ?? [];
  // Up to here it is too late for what is new; `done` is later than now only if the clock went back.
  const lateUntil = latestOf(now, run.done.at);
  const standing: Standing = { cut: run.cut, position: run.committed, committed: run.committed };
  for (const open of run.rounds) {
    const before = new Map(
      open.entries.map((entry, index) => [entry.target.id, open.states[index] ?? PENDING]),
    );
    open.entries = entries;
    open.states = Uint8Array.from(entries, (entry) => {
      const instant = after(open.round.at, entry.shift);
      const isOpen = instant > lateUntil || isGivers(run.cut, instant);
      return before.get(entry.target.id) ?? (isOpen ? firstState(standing, instant, entry) : DONE);
    });
    open.generation += 1;
    open.next = 0;
    open.prefix = 0;
    settle(state, run, open);
  }
  const added = entries.filter((entry) => !known.has(entry.target.id));
  if (added.length > 0) missSince(state, run, added, lateUntil);
}

/** Rounds between watermark and position are few, unless the store refused commits for a long time. */
const ROUNDS_UNCOMMITTED_MAX = 100_000;

/**
 * New targets' instants to now that lie in rounds already taken up, recorded as missed by name. Of those
 * that were never captured also the ones that were committed since their registration began: whoever
 * committed them could not know of it yet.
 */
function missSince(
  state: CollectorState,
  run: ScheduleRun,
  added: readonly Entry[],
  lateUntil: EpochMs,
): void {
  let round = firstOpen(run.schedule, firstUnaccounted(run, added));
  for (
    let step = 0;
    step < ROUNDS_UNCOMMITTED_MAX &&
    round !== undefined &&
    round.at <= lateUntil &&
    round.at <= run.position.at;
    step += 1
  ) {
    const { at } = round;
    const missed = added.filter((entry) => {
      const instant = after(at, entry.shift);
      if (
        instant > lateUntil ||
        isGivers(run.cut, instant) ||
        isAfter(instant, entry.offset, run.position)
      )
        return false;
      return entry.first === NEVER
        ? instant >= entry.registeredAt
        : isDueAfter(instant, entry, run.committed);
    });
    if (missed.length > 0) {
      // What was noted or is durable already doesn't hold this record: nothing older is committed.
      run.notBefore = state.openSequence;
      run.committable = undefined;
      recordMissed(state, run, {
        from: upTo(at),
        to: through(round.endsAt),
        rounds: 1,
        captures: missed.length,
        reason: "registered",
        targets: missed.map((entry) => entry.target.id),
      });
    }
    round = firstOpen(run.schedule, { at: round.endsAt, offset: OFFSET_ALL });
  }
}

/** What was committed later may have been committed without these. */
function firstUnaccounted(run: ScheduleRun, added: readonly Entry[]): Watermark {
  let from = run.committed;
  for (const entry of added) {
    if (entry.first !== NEVER || entry.registeredAt > from.at) continue;
    from = upTo(after(entry.registeredAt, -1));
  }
  return from;
}

/**
 * A slot that was read for the first time: of what was never captured, what was committed since its
 * registration began is recorded as missed. Whoever learns of it before it is captured does so again;
 * a reader keeps one record of a round.
 */
export function missUnseen(state: CollectorState, run: ScheduleRun): void {
  if (run.kept !== undefined) return;
  const unseen = run.entries?.filter(
    (entry) => entry.first === NEVER && entry.registeredAt <= run.committed.at,
  );
  if (unseen !== undefined && unseen.length > 0) missSince(state, run, unseen, run.committed.at);
}

/** Index of an entry in an open round, whatever its generation; -1 when it is no longer there. */
export function indexIn(open: OpenRound, entry: Entry, index: number, generation: number): number {
  if (generation === open.generation) return index;
  return open.entries.findIndex((candidate) => candidate.target.id === entry.target.id);
}

/** Oldest instant that is due by `now` and not committed; undefined when there is none. */
export function oldestUncommitted(
  run: ScheduleRun,
  entries: readonly Entry[],
  now: EpochMs,
): EpochMs | undefined {
  const next = nextInstant(run.schedule, entries, run.committed);
  return next !== undefined && next <= now ? next : undefined;
}
