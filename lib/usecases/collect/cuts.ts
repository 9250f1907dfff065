/**
 * A hand-over as its taker sees it: when what the giver kept is committed, or is ours after all.
 *
 * Holds: nothing in a schedule with an open cut is committed before a read shows that nothing is due
 *        between the watermark and the cut, or before a read made after `until + skewMax`.
 * Source: DESIGN, section 4, "The taker".
 */
import { isDoneBefore, isDueAfter, isDueBetween } from "#domain/due.ts";
import type { SlotCut } from "#domain/hand-over.ts";
import { firstOpen } from "#domain/round.ts";
import { cutVerdict, takeOverOf } from "#domain/taking-over.ts";
import { after, type EpochMs } from "#domain/units.ts";
import { compareWatermarks, furthest, isAfter, through, upTo } from "#domain/watermark.ts";
import { takeLatest } from "./entries.ts";
import { recordMissed, settle } from "./rounds.ts";
import {
  DONE,
  GIVERS,
  PENDING,
  type Committable,
  type Entry,
  type OpenRound,
  type ScheduleRun,
} from "./run.ts";
import { readSlot } from "./slots.ts";
import { markDirty, wakeRun, type CollectorState } from "./state.ts";

/** Reads the schedule and decides whether the cut is behind us. */
export async function resolveCut(state: CollectorState, run: ScheduleRun): Promise<void> {
  const asked = run.cut;
  if (asked === undefined) return;
  const beganAt = state.deps.clock.now();
  const schedule = await state.deps.schedules.findSchedule(state.pool, run.slot, run.key);
  if (schedule === undefined || run.dropped) return;
  const committed = furthest(run.committed, schedule.watermark);
  const isDone = isDoneBefore(run.schedule, committed, asked.cut);
  if (!isDone && (schedule.revision !== run.revision || run.entries === undefined)) {
    const hold = state.slots.get(run.slot);
    if (hold !== undefined) await readSlot(state, hold);
  }
  const entries = run.entries;
  if (entries === undefined && !isDone) return;
  run.version = Math.max(run.version, schedule.version);
  if (entries !== undefined) takeLatest(entries, schedule.latest);
  run.committed = furthest(run.committed, committed);
  run.done = furthest(run.done, run.committed);
  const read = {
    beganAt,
    endedAt: state.deps.clock.now(),
    isDueBeforeCut:
      entries !== undefined && isDueBetween(run.schedule, entries, run.committed, asked.cut),
  };
  switch (cutVerdict(asked, read, state.deps.settings.skewMaxMs)) {
    case "finished":
      finish(state, run);
      return;
    case "take over":
      takeOver(state, run, entries ?? [], asked);
      return;
    case "wait":
  }
}

/** The giver has committed everything before the cut. */
function finish(state: CollectorState, run: ScheduleRun): void {
  run.cut = undefined;
  for (const open of run.rounds) markGivers(state, run, open, DONE);
  markDirty(state, run);
  wakeRun(state, run, state.deps.clock.now());
}

/**
 * The giver's time is over, and what it left is ours. Where we have taken up nothing since, we go on
 * from the watermark like any owner; else what it left of our open rounds is late work, and the
 * rounds before them are missed.
 */
function takeOver(
  state: CollectorState,
  run: ScheduleRun,
  entries: readonly Entry[],
  asked: SlotCut,
): void {
  run.cut = undefined;
  run.nextRoundAt = 0;
  const how = takeOverOf(run.position, asked, run.rounds[0]?.round.at);
  if (how.kind === "from the watermark") {
    run.position = run.committed;
  } else {
    // What was noted or is durable already doesn't hold the record of what is missed.
    run.notBefore = state.openSequence;
    run.committable = undefined;
    missBefore(state, run, entries, how.missedBefore);
    for (const open of run.rounds) markGivers(state, run, open, PENDING);
    markDirty(state, run);
  }
  wakeRun(state, run, state.deps.clock.now());
}

/** Rounds from a watermark to a cut: a period is a second at least, a cut is minutes away at most. */
const ROUNDS_BEFORE_CUT_MAX = 100_000;

function missBefore(
  state: CollectorState,
  run: ScheduleRun,
  entries: readonly Entry[],
  end: EpochMs,
): void {
  let captures = 0;
  let rounds = 0;
  let round = firstOpen(run.schedule, run.committed);
  for (; rounds < ROUNDS_BEFORE_CUT_MAX && round !== undefined && round.at < end; rounds += 1) {
    const { at, endsAt } = round;
    captures += entries.filter((entry) => {
      const instant = after(at, entry.shift);
      return instant < end && isDueAfter(instant, entry, run.committed);
    }).length;
    round = firstOpen(run.schedule, through(endsAt));
  }
  recordMissed(state, run, {
    from: run.committed,
    to: upTo(end),
    rounds,
    captures,
    reason: "late",
  });
}

function markGivers(state: CollectorState, run: ScheduleRun, open: OpenRound, as: number): void {
  open.entries.forEach((entry, index) => {
    if (open.states[index] !== GIVERS) return;
    const instant = after(open.round.at, entry.shift);
    open.states[index] = isAfter(instant, entry.offset, run.committed) ? as : DONE;
  });
  open.next = 0;
  settle(state, run, open);
}

/** A commit landed: the watermark moves on, and what a crash would repeat shrinks to what is open. */
export function countCommitted(state: CollectorState, run: ScheduleRun, sent: Committable): void {
  run.committed = furthest(run.committed, sent.watermark);
  state.commits += 1;
  if (sent.sequence >= run.wantedSequence) run.wantedSequence = 0;
  const open =
    run.asked > 0 || run.rounds.some((each) => each.inFlight > 0 || each.prefix < each.next);
  const isBehind = compareWatermarks(run.done, run.committed) > 0;
  run.uncommittedSince = open || run.dirty || isBehind ? sent.notedAt : undefined;
}
