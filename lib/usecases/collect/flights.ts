/**
 * Captures under way: handed to the probe as a batch, landed one by one as results come.
 *
 * Holds: every flight lands exactly once; a result is appended to the open chunk before its entry
 *        counts as done; what was dropped meanwhile (a lost range) leaves no trace.
 */
import { sampleLine } from "#domain/chunk-lines.ts";
import { durationByte, failureByte } from "#domain/latest.ts";
import type { Capture } from "#domain/sample.ts";
import { durationMs, type EpochMs } from "#domain/units.ts";
import type { ProbeTask } from "#ports/probe.ts";
import type { RequestWork } from "./requests.ts";
import { indexIn, settle } from "./rounds.ts";
import { DONE, isComplete, NEVER, type Entry, type OpenRound, type ScheduleRun } from "./run.ts";
import { epochOf, keepLine, markDirty, type CollectorState } from "./state.ts";

export type Flight =
  | {
      readonly kind: "round";
      readonly run: ScheduleRun;
      readonly open: OpenRound;
      readonly index: number;
      readonly generation: number;
      readonly entry: Entry;
      readonly task: ProbeTask;
      readonly instant: EpochMs;
      readonly late: boolean;
    }
  | {
      readonly kind: "request";
      readonly run: ScheduleRun;
      readonly entry: Entry;
      readonly task: ProbeTask;
      readonly work: RequestWork;
    };

/** How much a new duration counts in a schedule's smoothed service time. */
const SERVICE_WEIGHT = 0.02;

/** Hands a batch to the probe; results land by themselves. */
export function launch(state: CollectorState, flights: readonly Flight[]): void {
  state.inFlight += flights.length;
  void fly(state, flights);
}

async function fly(state: CollectorState, flights: readonly Flight[]): Promise<void> {
  const landed = new Uint8Array(flights.length);
  try {
    const results = state.deps.probe.capture(
      flights.map((flight) => flight.task),
      state.abort,
    );
    for await (const batch of results) {
      for (const { index, capture } of batch) {
        const flight = flights[index];
        if (flight === undefined || landed[index] === 1) continue;
        landed[index] = 1;
        land(state, flight, capture);
      }
      if (state.line.length > 0) state.resume();
    }
  } catch (error) {
    state.deps.log.error("the probe failed; its captures count as failed", {
      error,
      captures: flights.length,
    });
  }
  flights.forEach((flight, index) => {
    if (landed[index] === 0) land(state, flight, unanswered(state.deps.clock.now()));
  });
}

/** A probe answers every task: this is its bug, and the target's sample says so. */
function unanswered(now: EpochMs): Capture {
  return {
    startedAt: now,
    durationMs: durationMs(0),
    failure: { code: "internal", message: "the probe yielded no result for this capture" },
    values: {},
  };
}

/** One capture has ended. */
export function land(state: CollectorState, flight: Flight, capture: Capture): void {
  const { run } = flight;
  state.inFlight -= 1;
  flight.entry.flying -= 1;
  if (flight.kind === "request") run.asked -= 1;
  if (run.dropped) {
    if (flight.kind === "request") flight.work.landed(run);
    return;
  }
  switch (flight.kind) {
    case "round": {
      const { open } = flight;
      open.inFlight -= 1;
      const index = indexIn(open, flight.entry, flight.index, flight.generation);
      const entry = landedOn(flight, open.entries[index]);
      const line = sampleLine(entry.prefix, open.round.at, epochOf(state, run), capture);
      note(state, { run, entry, capture, sequence: keepLine(state, entry.bucket, line) });
      if (flight.instant <= state.redoThrough) state.counters.add("redone", 1);
      if (flight.late) state.counters.add("late", 1);
      else state.counters.lateness(capture.startedAt - flight.instant);
      if (index < 0) return;
      open.states[index] = DONE;
      settle(state, run, open);
      if (isComplete(open) && state.deps.clock.now() > open.round.endsAt) sealLongRound(state, run);
      return;
    }
    case "request": {
      const entry = landedOn(flight, flight.work.current(flight.entry));
      const line = sampleLine(entry.prefix, undefined, epochOf(state, run), capture);
      const sequence = keepLine(state, entry.bucket, line);
      note(state, { run, entry, capture, sequence });
      state.counters.add("late", 1);
      run.wantedSequence = sequence;
      markDirty(state, run);
      flight.work.landed(run);
    }
  }
}

/** The entry as it stands now: when its slot was read again, it took over how many are under way. */
function landedOn(flight: Flight, current: Entry | undefined): Entry {
  if (current === undefined || current === flight.entry) return flight.entry;
  current.flying = Math.max(0, current.flying - 1);
  return current;
}

interface Landed {
  readonly run: ScheduleRun;
  readonly entry: Entry;
  readonly capture: Capture;
  /** The chunk that its line went into. */
  readonly sequence: number;
}

/** The last result, as the next commit carries it; and the counts. */
function note(state: CollectorState, landed: Landed): void {
  const { run, entry, capture, sequence } = landed;
  const { failure } = capture;
  const byte = failureByte(failure?.code);
  if (entry.first === NEVER || (byte === 0) !== (entry.failureByte === 0)) {
    entry.sinceSeconds = Math.max(0, Math.floor(capture.startedAt / 1_000));
  }
  if (entry.first === NEVER) entry.first = sequence;
  entry.last = sequence;
  entry.failureByte = byte;
  entry.durationByte = durationByte(capture.durationMs);
  run.serviceMs += (capture.durationMs - run.serviceMs) * SERVICE_WEIGHT;
  state.counters.captured(failure !== undefined);
}

/**
 * A round that was open for nearly as long as a crash may cost is committed at once: waiting for the
 * chunk's own time would need a commit of a piece before, and a second one after. Chunks that take
 * as long as a crash may cost are worth a commit each: sealed for every round, they would be many.
 */
export function sealLongRound(state: CollectorState, run: ScheduleRun): void {
  const { commitEveryMs, chunkEveryMs } = state.deps.settings;
  if (2 * chunkEveryMs >= commitEveryMs) return;
  const open = state.deps.clock.now() - (run.uncommittedSince ?? state.deps.clock.now());
  if (open > commitEveryMs - 2 * chunkEveryMs) state.writer.seal();
}
