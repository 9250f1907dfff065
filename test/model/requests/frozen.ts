/**
 * What a collector has in memory, as an immutable value, and back: the shipped functions change their
 * slots, runs and entries in place, so each step thaws them, lets the shipped code work, and freezes.
 *
 * Chunks are numbered anew at each freeze: 1 holds all that is durable, 2 is the open one.
 */
import { cadenceKey, parseCadenceKey, type CadenceKey } from "#domain/cadence.ts";
import type { SlotCut } from "#domain/hand-over.ts";
import type { Kept, LetGo } from "#domain/letting-go.ts";
import type { CaptureRequest } from "#domain/request.ts";
import { roundFrom } from "#domain/instant.ts";
import { newSchedule } from "#domain/schedule.ts";
import type { Target } from "#domain/target.ts";
import type { EpochMs } from "#domain/units.ts";
import { upTo, type Watermark } from "#domain/watermark.ts";
import { entriesOf, type ScheduleEntries } from "#usecases/collect/entries.ts";
import { openWork, type OpenWork } from "#usecases/collect/requests.ts";
import type { Committable, Entry, OpenRound, ScheduleRun } from "#usecases/collect/run.ts";
import type { SlotHold } from "#usecases/collect/state.ts";
import { POOL, SLOT, SLOTS_LOG2, T0, USUAL } from "./bounds.ts";

export const DURABLE = 1;
export const OPEN = 2;

/** `first` and `last` as chunk numbers, see run.ts. */
export interface FrozenEntry {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly flying: number;
}

export interface FrozenRound {
  readonly at: EpochMs;
  readonly states: readonly number[];
  readonly next: number;
  readonly prefix: number;
  readonly inFlight: number;
}

export interface FrozenRun {
  readonly key: CadenceKey;
  readonly hasEntries: boolean;
  readonly isEmpty: boolean;
  readonly version: number;
  readonly revision: number;
  readonly committed: Watermark;
  readonly done: Watermark;
  readonly position: Watermark;
  readonly rounds: readonly FrozenRound[];
  readonly notBefore: number;
  readonly cut?: SlotCut;
  readonly kept?: Kept;
  readonly dirty: boolean;
  readonly committable?: { readonly watermark: Watermark };
  readonly isUncommitted: boolean;
  readonly wantedSequence: number;
  readonly asked: number;
}

export interface FrozenContents {
  readonly key: CadenceKey;
  /** Of the schedule that was read with them. */
  readonly revision: number;
  readonly entries: readonly FrozenEntry[];
}

export interface FrozenHold {
  readonly contents: readonly FrozenContents[] | undefined;
  readonly runs: readonly FrozenRun[];
  readonly unread: boolean;
  readonly letGo?: LetGo;
}

export interface FrozenItem {
  readonly key: CadenceKey;
  readonly name: string;
  /** Its run was dropped. */
  readonly isStale: boolean;
}

export interface FrozenWork {
  readonly request: CaptureRequest;
  /** Its slot is to be read before anything is known. */
  readonly isReading: boolean;
  readonly lastSeen: CaptureRequest;
  /** Not started yet. */
  readonly items: readonly FrozenItem[];
  readonly waiting: number;
  readonly served: readonly number[];
  readonly runs: readonly CadenceKey[];
  readonly isAbandoned: boolean;
  /** A run of it was dropped. */
  readonly hasLost: boolean;
}

// entries ------------------------------------------------------------------------------------

const templates = new Map<string, Entry>();

export function nameOf(entry: Entry): string {
  const { id, registeredAt, revision } = entry.target;
  const name = `${id} ${revision} ${registeredAt - T0}`;
  if (!templates.has(name)) templates.set(name, entry);
  return name;
}

export function thawEntry({ name, first, last, flying }: FrozenEntry): Entry {
  const template = templates.get(name);
  if (template === undefined) throw new RangeError(`no entry was ever made like ${name}`);
  return { ...template, first, last, flying, failureByte: 0, durationByte: 0, sinceSeconds: 0 };
}

/** Targets as the shipped code makes entries of them, so that states may begin with some. */
export function frozenEntries(key: CadenceKey, targets: readonly Target[]): FrozenContents {
  const schedule = newSchedule(POOL, SLOT, key, T0);
  const made = entriesOf({ schedules: [schedule], targets, broken: [], bytes: 0 }, SLOTS_LOG2);
  const entries = (made.get(key)?.entries ?? []).map(freezeEntry);
  return { key, revision: schedule.revision, entries };
}

function freezeEntry(entry: Entry): FrozenEntry {
  const { first, last, flying } = entry;
  return { name: nameOf(entry), first: renumbered(first), last: renumbered(last), flying };
}

/** What is durable is one chunk; the open one is the next. */
function renumbered(sequence: number): number {
  return sequence <= 0 ? sequence : sequence < OPEN ? DURABLE : OPEN;
}

// runs ---------------------------------------------------------------------------------------

function thawRun(frozen: FrozenRun, entries: readonly Entry[] | undefined): ScheduleRun {
  const cadence = parseCadenceKey(frozen.key);
  const key = { cadence, slot: SLOT, slotsLog2: SLOTS_LOG2 };
  const { version, revision, committed, done, position, notBefore } = frozen;
  const { cut, kept, dirty, wantedSequence, asked, isEmpty } = frozen;
  const uncommittedSince = frozen.isUncommitted ? T0 : undefined;
  const known = frozen.hasEntries ? (entries ?? []) : undefined;
  const committable: Committable | undefined =
    frozen.committable === undefined
      ? undefined
      : { watermark: frozen.committable.watermark, sequence: DURABLE, notedAt: T0 };
  return {
    slot: SLOT, cadence, key: frozen.key, schedule: key, entries: known, isEmpty, version, revision,
    serviceMs: 0, committed, done, position, priority: 1, nextRoundAt: 0, notBefore,
    rounds: frozen.rounds.map((round) => thawRound(round, frozen.key, known ?? [])),
    wakeAt: 0, cut, kept, dirty, committable, committing: false, uncommittedSince, wantedSequence,
    retryAt: 0, dropped: false, asked, inLine: false,
  }; // prettier-ignore
}

function thawRound(frozen: FrozenRound, key: CadenceKey, entries: readonly Entry[]): OpenRound {
  const round = roundFrom(parseCadenceKey(key), SLOT, SLOTS_LOG2, frozen.at);
  if (round === undefined) throw new RangeError(`no round at ${frozen.at}`);
  const { next, prefix, inFlight } = frozen;
  const states = Uint8Array.from(frozen.states);
  return { round, entries, states, generation: 0, next, prefix, inFlight };
}

function freezeRun(run: ScheduleRun): FrozenRun {
  const { key, isEmpty, version, revision, committed, done, position, cut, kept, dirty } = run;
  const { committable, uncommittedSince, asked } = run;
  return {
    key, isEmpty, version, revision, committed, done, position, dirty, asked,
    isUncommitted: uncommittedSince !== undefined,
    hasEntries: run.entries !== undefined,
    rounds: run.rounds.map(freezeRound),
    notBefore: run.notBefore < OPEN ? 0 : OPEN,
    wantedSequence: renumbered(run.wantedSequence),
    ...(cut !== undefined && { cut }),
    ...(kept !== undefined && { kept }),
    ...(committable !== undefined && { committable: { watermark: committable.watermark } }),
  }; // prettier-ignore
}

function freezeRound({ round, states, next, prefix, inFlight }: OpenRound): FrozenRound {
  return { at: round.at, states: [...states], next, prefix, inFlight };
}

// holds --------------------------------------------------------------------------------------

export function thawHold(frozen: FrozenHold, isReading: boolean): SlotHold {
  const contents = frozen.contents?.map(thawContents);
  const byKey = contents === undefined ? undefined : new Map(contents);
  const runs = frozen.runs.map(
    (run) => [run.key, thawRun(run, byKey?.get(run.key)?.entries)] as const,
  );
  return {
    slot: SLOT, runs: new Map(runs), contents: byKey, bytes: 0, readAt: T0, usedAt: T0,
    unread: frozen.unread, letGo: frozen.letGo, reading: isReading ? NEVER_ENDS : undefined,
    pins: 0, load: 0,
  }; // prettier-ignore
}

const NEVER_ENDS = new Promise<void>(() => undefined);

/** Of the schedule that contents were made from only the revision is ever asked for. */
function thawContents(frozen: FrozenContents): readonly [CadenceKey, ScheduleEntries] {
  const { key, revision } = frozen;
  const schedule = { ...newSchedule(POOL, SLOT, key, T0), revision };
  const entries = frozen.entries.map(thawEntry);
  return [key, { schedule, cadence: parseCadenceKey(key), entries }];
}

export function freezeHold(hold: SlotHold): FrozenHold {
  const { contents, runs, unread, letGo } = hold;
  return {
    contents:
      contents === undefined
        ? undefined
        : [...contents].map(([key, { schedule, entries }]) => ({
            key,
            revision: schedule.revision,
            entries: entries.map(freezeEntry),
          })),
    runs: [...runs.values()].filter((run) => !run.dropped).map(freezeRun),
    unread,
    ...(letGo !== undefined && { letGo }),
  };
}

// work on a request -----------------------------------------------------------------------------

/** Stands for any run of the work that was dropped: nothing else is asked of those. */
export const DROPPED: ScheduleRun = {
  ...thawRun(
    {
      key: cadenceKey(USUAL), hasEntries: false, isEmpty: true, version: 0, revision: 0,
      committed: upTo(T0), done: upTo(T0), position: upTo(T0), rounds: [], notBefore: 0,
      dirty: false, isUncommitted: false, wantedSequence: 0, asked: 0,
    },
    undefined,
  ),
  dropped: true,
}; // prettier-ignore

export function thawWork(frozen: FrozenWork, hold: SlotHold): OpenWork {
  const work = openWork(frozen.request, hold);
  work.lastSeen = frozen.lastSeen;
  work.waiting = frozen.waiting;
  work.isAbandoned = frozen.isAbandoned;
  // Entries are looked up anew each time: an index is as good as an object here.
  work.readAt = -1;
  for (const key of frozen.served) work.served.add(key);
  for (const key of frozen.runs) {
    const run = hold.runs.get(key);
    if (run !== undefined) work.runs.add(run);
  }
  if (frozen.hasLost) work.runs.add(DROPPED);
  return work;
}

export function freezeWork(
  work: OpenWork,
  rest: Pick<FrozenWork, "items" | "isReading" | "hasLost">,
): FrozenWork {
  const { request, lastSeen, waiting, isAbandoned, served, runs } = work;
  const hasLost = rest.hasLost || [...runs].some((run) => run.dropped);
  return {
    request, lastSeen, waiting, isAbandoned,
    served: [...served].sort((a, b) => a - b),
    runs: [...runs].filter((run) => !run.dropped).map((run) => run.key).sort(),
    items: rest.items,
    isReading: rest.isReading,
    hasLost,
  }; // prettier-ignore
}
