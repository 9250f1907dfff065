/**
 * A hand-over as its taker sees it: when what the giver kept is committed, or is ours after all.
 *
 * Holds: nothing in a schedule with an open cut is committed before a read shows that nothing is due
 *        between the watermark and the cut, or before a read made after `until + skewMax`.
 * Source: DESIGN, section 4, "The taker".
 */
import { countPassed, firstOpen, type PassedRounds } from "#domain/round.ts";
import type { SlotCut } from "#domain/hand-over.ts";
import { after } from "#domain/units.ts";
import { compareWatermarks, isAfter, OFFSET_ALL, through, upTo, type Watermark } from "#domain/watermark.ts";
import { takeLatest } from "./entries.ts";
import { recordMissed, settle } from "./rounds.ts";
import { DONE, GIVERS, PENDING, type Committable, type Entry, type OpenRound, type ScheduleRun } from "./run.ts";
import { readSlot } from "./slots.ts";
import { markDirty, wakeRun, type CollectorState } from "./state.ts";

/** How many rounds may lie between a watermark and a cut before it is plain that something is missing. */
const ROUNDS_BACK_MAX = 8;

/** Reads the schedule and decides whether the cut is behind us. */
export async function resolveCut(state: CollectorState, run: ScheduleRun): Promise<void> {
  const asked = run.cut;
  if (asked === undefined) return;
  // The moment before the read: only a read made after `until` shows what is missing for good.
  const isOver = state.deps.clock.now() > asked.until + state.deps.settings.skewMaxMs;
  const schedule = await state.deps.schedules.findSchedule(state.pool, run.slot, run.key);
  if (schedule === undefined || run.dropped) return;
  if (schedule.revision !== run.revision) {
    const hold = state.slots.get(run.slot);
    if (hold !== undefined) await readSlot(state, hold);
  }
  const entries = run.entries;
  if (entries === undefined) return;
  run.version = Math.max(run.version, schedule.version);
  takeLatest(entries, schedule.latest);
  if (compareWatermarks(schedule.watermark, run.committed) > 0) run.committed = schedule.watermark;
  if (compareWatermarks(run.done, run.committed) < 0) run.done = run.committed;
  if (!isDueBetween(run, entries, run.committed, asked)) finish(state, run);
  else if (isOver) takeOver(state, run, entries, asked);
}

/** Whether any target has an instant after the watermark and before the cut. */
function isDueBetween(run: ScheduleRun, entries: readonly Entry[], watermark: Watermark, asked: SlotCut): boolean {
  if (entries.length === 0) return false;
  let round = firstOpen(run.schedule, watermark);
  for (let step = 0; round !== undefined && round.at < asked.cut; step += 1) {
    if (step === ROUNDS_BACK_MAX) return true;
    const { at } = round;
    const due = entries.some((entry) => {
      const instant = after(at, entry.shift);
      return instant < asked.cut && instant >= entry.registeredAt && isAfter(instant, entry.offset, watermark);
    });
    if (due) return true;
    round = firstOpen(run.schedule, through(round.endsAt));
  }
  return false;
}

/** The giver has committed everything before the cut. */
function finish(state: CollectorState, run: ScheduleRun): void {
  run.cut = undefined;
  for (const open of run.rounds) markGivers(state, run, open, DONE);
  markDirty(state, run);
  wakeRun(state, run, state.deps.clock.now());
}

/** The giver's time is over: what it left of our open rounds is late work, whole rounds before are missed. */
function takeOver(state: CollectorState, run: ScheduleRun, entries: readonly Entry[], asked: SlotCut): void {
  run.cut = undefined;
  run.committable = undefined;
  const ours = run.rounds[0]?.round.at ?? asked.cut;
  const first = firstOpen(run.schedule, run.committed);
  if (first !== undefined && first.at < ours) {
    const passed: PassedRounds = { from: run.committed, to: upTo(ours), first, rounds: countRounds(run, first.at, ours) };
    recordMissed(state, run, { ...passed, captures: countPassed(run.schedule, passed, entries), reason: "late" });
  }
  for (const open of run.rounds) markGivers(state, run, open, PENDING);
  run.nextRoundAt = 0;
  if (run.rounds.length === 0) run.position = compareWatermarks(run.committed, upTo(asked.cut)) > 0 ? run.committed : upTo(asked.cut);
  markDirty(state, run);
  wakeRun(state, run, state.deps.clock.now());
}

function countRounds(run: ScheduleRun, from: number, to: number): number {
  let rounds = 0;
  let round = firstOpen(run.schedule, upTo(from as Watermark["at"]));
  // One period is a second at least, and what was kept ends within minutes.
  for (; rounds < 100_000 && round !== undefined && round.at < to; rounds += 1) {
    round = firstOpen(run.schedule, { at: round.endsAt, offset: OFFSET_ALL });
  }
  return rounds;
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
  if (compareWatermarks(sent.watermark, run.committed) > 0) run.committed = sent.watermark;
  state.commits += 1;
  if (sent.sequence >= run.wantedSequence) run.wantedSequence = 0;
  const open = run.rounds.some((each) => each.inFlight > 0 || each.prefix < each.next);
  run.uncommittedSince = open || run.dirty ? state.deps.clock.now() : undefined;
}
