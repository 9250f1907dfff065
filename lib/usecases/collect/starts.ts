/**
 * Starting one capture: whether it may be started at all, and how long it may take.
 *
 * Holds: nothing is started after `expiresAt`, nor what could outlast the invocation, nor by a giver
 *        what it could not end in time; an entry that can't be started is recorded as missed.
 * Source: DESIGN, section 4, "A collector".
 */
import { mayServeRequests, mayStartAt, mustEndBy } from "#domain/letting-go.ts";
import { limits } from "#domain/limits.ts";
import { after, durationMs, type DurationMs, type EpochMs } from "#domain/units.ts";
import type { Flight } from "./flights.ts";
import type { LateItem } from "./late-work.ts";
import { giveUp, indexIn } from "./rounds.ts";
import { PENDING, STARTED, type Entry, type OpenRound, type ScheduleRun } from "./run.ts";
import { isPromised } from "./slots.ts";
import type { CollectorState } from "./state.ts";

/** A capture that has less time than this before its target's next instant isn't worth starting. */
const LATE_ROOM_MS = 250;

/** Whether anything of this run may be started now. */
export function mayStart(state: CollectorState, run: ScheduleRun, now: EpochMs): boolean {
  return mayStartAt(run.kept, now, state.expiresAt) && !state.writer.isFull();
}

interface Start {
  readonly run: ScheduleRun;
  readonly open: OpenRound;
  readonly index: number;
  readonly now: EpochMs;
  readonly instant: EpochMs;
  readonly flights: Flight[];
  readonly late: boolean;
}

export function startEntry(state: CollectorState, start: Start): void {
  const { run, open, index, now, flights } = start;
  const entry = open.entries[index];
  if (entry === undefined) return;
  const timeoutMs = timeoutFor(state, start, entry);
  if (timeoutMs === undefined) {
    giveUp(state, run, open, {
      reason: start.late ? "overrun" : "stopped",
      isChosen: (candidate) => candidate === index,
    });
    return;
  }
  open.states[index] = STARTED;
  open.inFlight += 1;
  entry.flying += 1;
  run.uncommittedSince ??= now;
  const task =
    timeoutMs === entry.task.timeoutMs ? entry.task : { target: entry.target, timeoutMs };
  flights.push({
    kind: "round",
    run,
    open,
    index,
    generation: open.generation,
    entry,
    task,
    instant: start.instant,
    late: start.late,
  });
}

/** Effective time-out of a capture that starts now; undefined when it could not end in time. */
function timeoutFor(state: CollectorState, start: Start, entry: Entry): DurationMs | undefined {
  const { run, now, instant } = start;
  const asked = entry.task.timeoutMs;
  if (now + asked > mustEndBy(run.kept, state.deadlineAt, limits.commitTimeMs)) return undefined;
  if (!start.late) return asked;
  // A late capture ends before the same target's next instant.
  const gap = run.cadence.kind === "every" ? run.cadence.periodMs : 60_000;
  const room = instant + gap - now;
  if (room < Math.min(asked, LATE_ROOM_MS)) return undefined;
  return room >= asked ? asked : durationMs(room);
}

/** Captures on request in a slot that is let go of, now or soon, are its next owner's. */
function mayServe(state: CollectorState, run: ScheduleRun): boolean {
  return mayServeRequests(run.kept, state.leaving || isPromised(state, run.slot));
}

export function startLate(
  state: CollectorState,
  item: LateItem,
  now: EpochMs,
  flights: Flight[],
): void {
  const { run } = item;
  // Who lets go takes up no more requests: they are the next owner's.
  if (item.kind === "request" && (run.dropped || !mayServe(state, run))) {
    item.work.abandon();
    return;
  }
  if (run.dropped) return;
  if (!mayStart(state, run, now)) {
    if (run.kept === undefined) state.late.putBack(item);
    return;
  }
  switch (item.kind) {
    case "round": {
      const { open } = item;
      const index = indexIn(open, item.entry, item.index, item.generation);
      if (open.states[index] !== PENDING) return;
      startEntry(state, {
        run,
        open,
        index,
        now,
        instant: after(open.round.at, item.entry.shift),
        flights,
        late: true,
      });
      return;
    }
    case "request": {
      const entry = item.work.entryNow(item.entry);
      if (!item.work.isWanted(entry)) {
        item.work.skip();
        return;
      }
      entry.flying += 1;
      run.asked += 1;
      run.uncommittedSince ??= now;
      flights.push({
        kind: "request",
        run,
        entry,
        task: entry.task,
        work: item.work,
      });
    }
  }
}
