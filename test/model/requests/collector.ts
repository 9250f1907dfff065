/**
 * What a collector does, one step at a time: each is one access to the store, or what the work loop
 * does in one go. Every decision is the shipped code's.
 */
import { SCHEDULE_PREFIX, TARGET_PREFIX } from "#adapters/dynamodb/keys.ts";
import { parseCadenceKey } from "#domain/cadence.ts";
import { isTakers, takenUpThrough } from "#domain/letting-go.ts";
import { isSameRequest, mayTakeUp, removal } from "#domain/request.ts";
import { firstOpen } from "#domain/round.ts";
import { commit, type CommitRequest, type CommitResult, type Schedule } from "#domain/schedule.ts";
import { after, durationMs, type EpochMs } from "#domain/units.ts";
import { compareWatermarks } from "#domain/watermark.ts";
import { catchUp, commitOf, isWanted } from "#usecases/collect/committer.ts";
import { countCommitted } from "#usecases/collect/cuts.ts";
import { land, type Flight } from "#usecases/collect/flights.ts";
import { isDone, isFulfilled, openWork } from "#usecases/collect/requests.ts";
import { advanceDone, takeUp } from "#usecases/collect/rounds.ts";
import {
  isComplete,
  NEVER,
  PENDING,
  type Committable,
  type Entry,
  type ScheduleRun,
} from "#usecases/collect/run.ts";
import {
  adoptContents,
  adoptSchedules,
  isOwned,
  isPromised,
  retakeRun,
} from "#usecases/collect/slots.ts";
import { mayStart, startEntry, startLate } from "#usecases/collect/starts.ts";
import { markDirty } from "#usecases/collect/state.ts";
import {
  addLate,
  fault,
  frozen,
  frozenCollector,
  remembered,
  urgent,
  withCollector,
  type Act,
  type Stepped,
} from "./acts.ts";
import { dueName, SLOT, SLOTS_LOG2, T0, TICK_MS } from "./bounds.ts";
import {
  DROPPED,
  DURABLE,
  freezeWork,
  nameOf,
  thawEntry,
  type FrozenItem,
  type FrozenRun,
} from "./frozen.ts";
import { keepLines } from "./kept.ts";
import { thaw, type Memory } from "./memory.ts";
import { acquires, isAlive } from "./owning.ts";
import type {
  Collector,
  CollectorName,
  FrozenFlight,
  LateWrite,
  Promised,
  Reading,
  State,
} from "./state.ts";

const CAPTURE = { startedAt: T0, durationMs: durationMs(0), values: {} } as const;

const known = {
  first: new WeakMap<State, readonly Act[]>(),
  second: new WeakMap<State, readonly Act[]>(),
};

/** Everything that this collector may do now. Asked for a state several times. */
export function acts(state: State, name: CollectorName): readonly Act[] {
  const before = known[name].get(state);
  if (before !== undefined) return before;
  const found = allActs(state, name);
  known[name].set(state, found);
  return found;
}

function allActs(state: State, name: CollectorName): readonly Act[] {
  const collector = state[name];
  if (collector.phase === "waiting") return acquires(state, name);
  if (!isAlive(collector)) return [];
  return [
    ...readsSchedules(state, name),
    ...reads(state, name),
    ...starts(state, name),
    ...lands(state, name),
    ...keepsChunk(state, name),
    ...commits(state, name),
    ...polls(state, name),
    ...finishes(state, name),
  ];
}

function readsSchedules(state: State, name: CollectorName): Act[] {
  const { hold } = state[name];
  if (hold?.unread !== true || hold.letGo !== undefined) return [];
  const memory = thaw(state.now, state[name]);
  adoptSchedules(memory.state, memory.hold, state.schedules);
  return [urgent("reads the schedules", frozen(state, name, memory))];
}

/** A read of the slot brings its records in the order of their keys, and isn't atomic. */
const SCHEDULES_FIRST = [SCHEDULE_PREFIX, TARGET_PREFIX].sort().indexOf(SCHEDULE_PREFIX) === 0;

function reads(state: State, name: CollectorName): Act[] {
  const collector = state[name];
  const { reading } = collector;
  if (reading === undefined) {
    if (!collector.mustRead && !needsTargets(state, collector)) return [];
    const begun: Reading = SCHEDULES_FIRST
      ? { schedules: state.schedules }
      : { targets: state.targets };
    const what = SCHEDULES_FIRST ? "schedules" : "targets";
    const next = { ...state, [name]: { ...collector, mustRead: false, reading: begun } };
    return [urgent(`reads the slot: its ${what}`, next)];
  }
  const found = {
    schedules: reading.schedules ?? state.schedules,
    targets: reading.targets ?? state.targets,
    broken: [],
    bytes: 0,
  };
  const memory = thaw(state.now, collector);
  memory.hold.reading = undefined;
  adoptContents(memory.state, memory.hold, found);
  const rest = { ...collector, reading: undefined };
  const what = SCHEDULES_FIRST ? "targets" : "schedules";
  return [urgent(`reads the slot: its ${what}`, frozen({ ...state, [name]: rest }, name, memory))];
}

/** Targets that aren't in memory are read a little before their round. */
function needsTargets({ now }: State, { hold }: Collector): boolean {
  if (hold === undefined || hold.unread) return false;
  return hold.runs.some((run) => !run.hasEntries && isNear(run, now));
}

function isNear(run: FrozenRun, now: EpochMs): boolean {
  const schedule = thawedKey(run);
  const round = firstOpen(schedule, run.position);
  return round !== undefined && round.at - TICK_MS <= now;
}

const POLL_MS = 2 * TICK_MS;
export const STARTS = "starts what is due";

/** One turn of the work loop: rounds are taken up, what is due is started, and what was asked for. */
function starts(state: State, name: CollectorName): Act[] {
  const collector = state[name];
  const { asks } = state.promised;
  const key = `starts ${state.now} ${JSON.stringify(asks)}`;
  const turn = remembered(collector, key, () => turned(collector, state.now, asks));
  if (turn === undefined) return [];
  const next = withCollector(state, name, turn);
  const started = noteStarts(next, turn.begun, collector.work?.request.stamp);
  const isLettingGo = collector.phase === "stopping" || collector.phase === "leaving";
  const isWrong = isLettingGo && turn.begun.some(({ kind }) => kind === "request");
  return [urgent(STARTS, isWrong ? startedInVain(started) : started)];
}

function startedInVain(state: State): State {
  const wrong = "who lets go starts a capture on request, which is its next owner's";
  return { ...state, started: { ...state.started, wrong } };
}

interface Turn extends Stepped {
  readonly begun: readonly FrozenFlight[];
}

/** undefined when there is nothing to do. */
function turned(collector: Collector, now: EpochMs, asks: Promised["asks"]): Turn | undefined {
  const memory = thaw(now, collector);
  const flights: Flight[] = [];
  let isOver = false;
  for (const run of memory.hold.runs.values()) isOver = startDue(memory, run, flights) || isOver;
  const items = startAsked(memory, collector, flights);
  const isSame = items.length === (collector.work?.items.length ?? 0);
  if (flights.length === 0 && memory.lines.length === 0 && !isOver && isSame) return undefined;
  const begun = flights.map((flight) => frozenFlight(flight, asks));
  const work = collector.work === undefined ? undefined : { ...collector.work, items };
  const rest: Collector = { ...collector, work, flights: [...collector.flights, ...begun] };
  return { ...frozenCollector(rest, memory), begun };
}

/** As the loop does it for one run; tells whether a round was taken up, or is over. */
function startDue({ state }: Memory, run: ScheduleRun, flights: Flight[]): boolean {
  const now = state.deps.clock.now();
  const { entries } = run;
  if (entries === undefined || run.dropped || !mayStart(state, run, now)) return false;
  if (entries.length === 0 && run.rounds.length === 0) return false;
  const before = run.position;
  const upTo = takenUpThrough(run.kept, now);
  takeUp(state, run, entries, upTo);
  let isOver = compareWatermarks(before, run.position) !== 0;
  for (const open of run.rounds) {
    for (const [index, entry] of open.entries.entries()) {
      const instant = after(open.round.at, entry.shift);
      if (instant > now || isTakers(run.kept, instant)) break;
      open.next = Math.max(open.next, index + 1);
      if (open.states[index] !== PENDING) continue;
      startEntry(state, { run, open, index, now, instant, flights, late: false });
    }
    if (now > open.round.endsAt && isComplete(open) && !run.dirty) {
      markDirty(state, run);
      isOver = true;
    }
  }
  return isOver;
}

/** Starts what requests ask for; answers the items that still wait. */
function startAsked(memory: Memory, collector: Collector, flights: Flight[]): FrozenItem[] {
  const { state, work } = memory;
  const left: FrozenItem[] = [];
  if (work === undefined) return left;
  for (const item of collector.work?.items ?? []) {
    const run = (item.isStale ? undefined : memory.hold.runs.get(item.key)) ?? DROPPED;
    const entry = entryNamed(memory, item.key, item.name);
    const before = { flights: flights.length, waiting: work.waiting };
    startLate(
      state,
      { kind: "request", run, entry, work, dueAt: 0 },
      state.deps.clock.now(),
      flights,
    );
    if (flights.length === before.flights && work.waiting === before.waiting) left.push(item);
  }
  return left;
}

function entryNamed({ hold }: Memory, key: string, name: string): Entry {
  for (const [cadence, { entries }] of hold.contents ?? []) {
    const found = cadence === key ? entries.find((entry) => nameOf(entry) === name) : undefined;
    if (found !== undefined) return found;
  }
  return thawEntry({ name, first: NEVER, last: 0, flying: 0 });
}

function frozenFlight(flight: Flight, asks: Promised["asks"]): FrozenFlight {
  const common = { key: flight.run.key, name: nameOf(flight.entry), isStale: false };
  if (flight.kind === "round") return { ...common, kind: "round", round: flight.open.round.at };
  return { ...common, kind: "request", asks: asks[flight.entry.target.id] ?? 0 };
}

/** What was started; in a run without a fault so far nothing is started twice. */
function noteStarts(
  state: State,
  flights: readonly FrozenFlight[],
  asked: string | undefined,
): State {
  const { started, budget } = state;
  const marks = new Set(started.captures);
  let { wrong } = started;
  for (const flight of flights) {
    const [id = "?"] = flight.name.split(" ");
    const mark =
      flight.kind === "round"
        ? dueName(id, flight.key, flight.round)
        : `${id} for ${asked ?? "nobody"}`;
    if (marks.has(mark) && budget.faultsSoFar === 0)
      wrong ??= `without a fault so far, ${mark} is captured twice`;
    marks.add(mark);
  }
  return { ...state, started: { captures: [...marks].sort(), wrong } };
}

function lands(state: State, name: CollectorName): Act[] {
  const collector = state[name];
  if (collector.flights.length === 0) return [];
  const after = remembered(collector, `lands ${state.now}`, () => {
    const memory = thaw(state.now, collector);
    for (const flight of collector.flights) landOne(memory, flight);
    return frozenCollector({ ...collector, flights: [] }, memory);
  });
  return [urgent("lands its captures", withCollector(state, name, after))];
}

function landOne(memory: Memory, flight: FrozenFlight): void {
  const { state, hold, work } = memory;
  const entry = entryNamed(memory, flight.key, flight.name);
  const run = flight.isStale ? undefined : hold.runs.get(flight.key);
  const common = { run: run ?? DROPPED, entry, task: entry.task };
  if (flight.kind === "request") {
    if (work === undefined) return;
    memory.asks = flight.asks;
    land(state, { kind: "request", ...common, work }, CAPTURE);
    return;
  }
  const open = run?.rounds.find(({ round }) => round.at === flight.round);
  if (run === undefined || open === undefined) {
    entry.flying -= 1;
    return;
  }
  const index = open.entries.indexOf(entry);
  const instant = after(flight.round, entry.shift);
  land(
    state,
    { kind: "round", ...common, open, index, generation: 0, instant, late: false },
    CAPTURE,
  );
}

/** The open chunk is sealed, and durable: what was noted at the seal may be committed. */
function keepsChunk(state: State, name: CollectorName): Act[] {
  const collector = state[name];
  const isDirty = collector.hold?.runs.some((run) => run.dirty) === true;
  if (collector.lines.length === 0 && !isDirty) return [];
  const after = remembered(collector, `keeps ${state.now}`, () => kept(collector, state.now));
  const next = { ...state, kept: keepLines(state.kept, collector.lines) };
  return [urgent("makes its chunk durable", withCollector(next, name, after))];
}

function kept(collector: Collector, now: EpochMs): Stepped {
  const memory = thaw(now, collector);
  for (const run of memory.state.dirty) {
    run.dirty = false;
    advanceDone(run, now);
    run.committable = { watermark: run.done, sequence: DURABLE, notedAt: T0 };
  }
  for (const run of memory.hold.runs.values()) run.notBefore = 0;
  memory.state.dirty = [];
  return frozenCollector({ ...collector, lines: [] }, { ...memory, hold: allDurable(memory) });
}

function allDurable({ hold }: Memory): Memory["hold"] {
  for (const { entries } of hold.contents?.values() ?? []) {
    for (const entry of entries) {
      entry.first = Math.min(entry.first, DURABLE);
      entry.last = Math.min(entry.last, DURABLE);
    }
  }
  for (const run of hold.runs.values()) run.wantedSequence = Math.min(run.wantedSequence, DURABLE);
  return hold;
}

function commits(state: State, name: CollectorName): Act[] {
  return (state[name].hold?.runs ?? []).flatMap((run, index) =>
    run.committable === undefined || run.cut !== undefined || !run.hasEntries
      ? []
      : commitsOne(state, name, index),
  );
}

function commitsOne(state: State, name: CollectorName, index: number): Act[] {
  const collector = state[name];
  const stored = state.schedules.find(
    ({ cadence }) => cadence === collector.hold?.runs[index]?.key,
  );
  const key = `commits ${index} ${state.now} ${JSON.stringify(stored)}`;
  const sent = remembered(collector, key, () => committed(collector, state.now, stored, index));
  if (sent === undefined) return [];
  const { written, request, isUrgent, result } = sent;
  const schedules =
    written === undefined
      ? state.schedules
      : state.schedules.map((one) => (one === stored ? written : one));
  const next = withCollector({ ...state, schedules }, name, sent);
  const late: LateWrite = { kind: "commit", by: name, request };
  const what = `commits ${request.cadence} through +${request.watermark.at - T0} ms: ${result}`;
  return [
    { what, next, isUrgent },
    fault("lost answer", `${what}, but the answer is lost`, { ...state, schedules }),
    fault(
      "late write",
      `sends a commit of ${request.cadence} that is under way for long`,
      addLate(state, late),
    ),
    ...(written !== undefined
      ? [
          fault(
            "late write",
            `${what}, and a copy of it is under way for long`,
            addLate(next, late),
          ),
        ]
      : []),
  ];
}

interface Sent extends Stepped {
  readonly request: CommitRequest;
  readonly result: CommitResult["kind"];
  /** The schedule after it; undefined when it was refused. */
  readonly written: Schedule | undefined;
  readonly isUrgent: boolean;
}

/** undefined where there is nothing to commit. */
function committed(
  collector: Collector,
  now: EpochMs,
  stored: Schedule | undefined,
  index: number,
): Sent | undefined {
  const memory = thaw(now, collector);
  const run = [...memory.hold.runs.values()][index];
  const sent = run?.committable;
  if (run === undefined || sent === undefined) return undefined;
  const isPiece = compareWatermarks(sent.watermark, run.committed) > 0;
  const isUrgent = isWanted(memory.state, run, sent, now);
  if (!isUrgent && !isPiece) return undefined;
  const request = commitOf(memory.state, run, sent, run.entries ?? []);
  const { result, after: written } = commit(stored, request);
  run.committable = undefined;
  const mustRead = collector.mustRead || settleResult(memory, run, sent, result);
  const after = frozenCollector({ ...collector, mustRead }, memory);
  return { ...after, request, result: result.kind, written, isUrgent };
}

/** As committer.ts does it; tells whether the targets are to be read again. */
function settleResult(
  { state }: Memory,
  run: ScheduleRun,
  sent: Committable,
  result: CommitResult,
): boolean {
  switch (result.kind) {
    case "committed":
      run.version = result.version;
      countCommitted(state, run, sent);
      return false;
    case "fenced":
      retakeRun(state, run);
      return false;
    case "revised":
      markDirty(state, run);
      return true;
    case "overtaken":
      run.version = result.schedule.version;
      catchUp(state, run, result.schedule);
      return false;
    case "gone":
      run.dropped = true;
      return false;
  }
}

/**
 * Of the looks for requests, those that find something that it doesn't know yet: every two seconds at
 * least, and at any time, for nobody knows when it began to count.
 */
function polls(state: State, name: CollectorName): Act[] {
  const collector = state[name];
  const { request } = state;
  const { work } = collector;
  if (request === undefined) return [];
  const { state: within } = thaw(state.now, collector);
  const found = {
    isOwned: isOwned(within, SLOT),
    isLeaving: within.leaving,
    isPromised: isPromised(within, SLOT),
  };
  if (!mayTakeUp(found)) return [];
  if (work !== undefined) {
    if (isSameRequest(work.lastSeen, request)) return [];
    const again = { ...collector, work: { ...work, lastSeen: request }, mustRead: true };
    return [look("sees that it is asked for again", { ...state, [name]: again })];
  }
  const memory = thaw(state.now, collector);
  const rest = { items: [], isReading: true, hasLost: false };
  const taken = freezeWork(openWork(request, memory.hold), rest);
  const next = { ...state, [name]: { ...collector, work: taken, mustRead: true } };
  return [look("takes up the request", next)];
}

function look(what: string, next: State): Act {
  return { what, next, isUrgent: (next.now - T0) % POLL_MS === 0 };
}

function finishes(state: State, name: CollectorName): Act[] {
  const collector = state[name];
  if (collector.work === undefined || collector.work.isReading) return [];
  const { work } = collector;
  const end = remembered(collector, "finishes", () => {
    const memory = thaw(state.now, collector);
    if (memory.work === undefined || !isDone(memory.state, memory.work)) return "none";
    return isFulfilled(memory.state, memory.work) ? "fulfilled" : "left";
  });
  if (end === "none") return [];
  const closed = { ...state, [name]: { ...collector, work: undefined } };
  if (end === "left") return [urgent("leaves the request", closed)];
  const result = removal(state.request, work.request);
  const request = result === "removed" ? undefined : state.request;
  const late: LateWrite = { kind: "remove", request: work.request };
  const next = { ...closed, request };
  return [
    urgent(`removes the request: ${result}`, next),
    fault(
      "late write",
      "sends a removal of the request that is under way for long",
      addLate(closed, late),
    ),
    fault(
      "late write",
      "removes the request, and a copy is under way for long",
      addLate(next, late),
    ),
  ];
}

function thawedKey(run: FrozenRun): ScheduleRun["schedule"] {
  return { cadence: parseCadenceKey(run.key), slot: SLOT, slotsLog2: SLOTS_LOG2 };
}
