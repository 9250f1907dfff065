/**
 * Captures on request: first captures of new targets, and those asked for by hand.
 *
 * The requests of the lease's ranges are read every two seconds; a few slots are worked on at a
 * time; each capture waits for its turn in the late work's budget. A request is removed, if it
 * is as read, once everything it asked for is captured, durable and committed.
 *
 * Holds: a request that comes again while the first is worked on is not lost (it is another).
 */
import type { RangeSet } from "#domain/range.ts";
import {
  askedBy,
  isAskedFor,
  isSameRequest,
  isWorkedOff,
  mayRemove,
  mayTakeUp,
  type CaptureRequest,
} from "#domain/request.ts";
import type { EpochMs } from "#domain/units.ts";
import type { LateItem } from "./late-work.ts";
import { NEVER, type Entry, type ScheduleRun } from "./run.ts";
import { holdSlot, isOwned, isPromised, readSlotAnew } from "./slots.ts";
import type { CollectorState, SlotHold } from "./state.ts";

/** Slots whose requests are worked on at a time: their targets stay in memory. */
const SLOTS_AT_ONCE = 8;

/** One slot's request while it is worked on. */
export interface RequestWork {
  readonly request: CaptureRequest;
  /** Whether the entry still waits for what was asked. */
  isWanted(entry: Entry): boolean;
  /** The entry as it stands after its slot was read again. */
  entryNow(entry: Entry): Entry;
  /** The same, of one that was captured for it. */
  current(entry: Entry): Entry;
  /** One capture has ended. */
  landed(run: ScheduleRun): void;
  /** One item is not wanted any more. */
  skip(): void;
  /** One item can't be captured here any more: the request is left to who can. */
  abandon(): void;
}

export interface Requests {
  /** Reads what is asked for now and takes it up, as far as there is room. */
  poll(): Promise<void>;
  /** Removes the requests that are finished: all captures landed and committed. */
  finish(): Promise<void>;
  /** Requests taken up and not finished. */
  open(): number;
}

/** As the collector keeps it: shared with the model check, which drives it step by step. */
export interface OpenWork extends RequestWork {
  readonly hold: SlotHold;
  isAbandoned: boolean;
  /** The request as last seen. */
  lastSeen: CaptureRequest;
  waiting: number;
  /** When the contents were read that its items are of. */
  readAt: number;
  readonly runs: Set<ScheduleRun>;
  /** Result keys of what was captured for it. */
  readonly served: Set<number>;
}

export function requests(state: CollectorState, rangesNow: () => RangeSet): Requests {
  const working = new Map<number, OpenWork>();

  /** Letting go may begin during any wait. */
  const isLeaving = (): boolean => state.leaving;

  async function poll(): Promise<void> {
    // Nothing of it could be taken up.
    if (isLeaving()) return;
    const found = await state.deps.requests.list(state.pool, rangesNow(), state.slotsLog2);
    for (const request of found) {
      const { slot } = request;
      const [owned, promised] = [isOwned(state, slot), isPromised(state, slot)];
      if (!mayTakeUp({ isLeaving: isLeaving(), isOwned: owned, isPromised: promised })) continue;
      if (working.size >= SLOTS_AT_ONCE && !working.has(request.slot)) continue;
      const work = working.get(request.slot);
      if (work === undefined) await takeUp(request);
      else await lookAgain(work, request);
    }
  }

  /** Asked for again meanwhile: its turn comes, but what is new has its rounds from now on. */
  async function lookAgain(work: OpenWork, request: CaptureRequest): Promise<void> {
    if (isSameRequest(work.lastSeen, request)) return;
    work.lastSeen = request;
    await readSlotAnew(state, work.hold);
  }

  async function takeUp(request: CaptureRequest): Promise<void> {
    const hold = holdSlot(state, request.slot);
    hold.pins += 1;
    const work = openWork(request, hold);
    working.set(request.slot, work);
    try {
      // The request was put after what it is about was written: an older read may not have it.
      await readSlotAnew(state, hold);
    } catch (error) {
      state.deps.log.warn("a requested slot could not be read; it is tried again", {
        slot: request.slot,
        error,
      });
      close(work);
      return;
    }
    // Dropped while it was read: if it is ours again, it is another hold.
    if (state.slots.get(request.slot) !== hold) {
      close(work);
      return;
    }
    state.late.add(itemsOf(work, state.deps.clock.now()));
    state.wake();
  }

  async function finish(): Promise<void> {
    for (const work of [...working.values()]) {
      // Closed by another turn while a removal was waited for: who leaves takes turns of its own.
      if (working.get(work.request.slot) !== work || !isDone(state, work)) continue;
      close(work);
      if (isFulfilled(state, work)) await state.deps.requests.remove(work.request);
    }
  }

  function close(work: OpenWork): void {
    working.delete(work.request.slot);
    work.hold.pins -= 1;
  }

  return { poll, finish, open: () => working.size };
}

/** What a request asks for in its slot as it was just read. */
export function itemsOf(work: OpenWork, now: EpochMs): LateItem[] {
  const items: LateItem[] = [];
  for (const run of work.hold.runs.values()) {
    const entries = work.hold.contents?.get(run.key)?.entries ?? [];
    for (const entry of entries) {
      if (work.isWanted(entry)) items.push({ kind: "request", run, entry, work, dueAt: now });
    }
  }
  work.waiting = items.length;
  work.readAt = work.hold.readAt;
  return items;
}

/** Whether nothing is to be waited for any more: all captures landed and committed, or lost. */
export function isDone(state: CollectorState, work: OpenWork): boolean {
  return isWorkedOff({
    waiting: work.waiting,
    isUncommitted: [...work.runs].some((run) => run.wantedSequence > 0 && !run.dropped),
    isReading: work.hold.reading !== undefined,
    isFirstUnderWay: hasFirstUnderWay(work.hold, state.reportedSequence),
  });
}

/** What was lost meanwhile, a slot or a chunk, is done anew by whoever reads the request next. */
export function isFulfilled(state: CollectorState, work: OpenWork): boolean {
  const { slot } = work.request;
  return mayRemove({
    isAbandoned: work.isAbandoned,
    isLost:
      state.slots.get(slot) !== work.hold ||
      [...work.runs].some((run) => run.dropped) ||
      isStillWanted(work),
    isOwned: isOwned(state, slot),
  });
}

/** A first capture of a round of its own that flies, or whose chunk isn't reported yet: it may be lost. */
function hasFirstUnderWay({ contents }: SlotHold, reportedSequence: number): boolean {
  if (contents === undefined) return false;
  return [...contents.values()].some((made) =>
    made.entries.some(({ flying, first }) =>
      first === NEVER ? flying > 0 : first > reportedSequence,
    ),
  );
}

/** What it relied on was lost with its chunk, or has come since it was taken up. */
function isStillWanted({ hold, isWanted }: OpenWork): boolean {
  return [...(hold.contents?.values() ?? [])].some(({ entries }) => entries.some(isWanted));
}

export function openWork(request: CaptureRequest, hold: SlotHold): OpenWork {
  const asked = askedBy(request);
  const served = new Set<number>();

  function entryNow(entry: Entry): Entry {
    if (hold.readAt === work.readAt) return entry;
    for (const made of hold.contents?.values() ?? []) {
      const found = made.entries.find((candidate) => candidate.resultKey === entry.resultKey);
      if (found !== undefined) return found;
    }
    return entry;
  }

  const work: OpenWork = {
    request,
    hold,
    isAbandoned: false,
    lastSeen: request,
    waiting: 0,
    readAt: -1,
    runs: new Set(),
    served,
    entryNow,
    isWanted: (entry) => {
      const { resultKey, first, flying } = entryNow(entry);
      return isAskedFor(asked, {
        resultKey,
        isNeverCaptured: first === NEVER,
        isUnderWay: flying > 0,
        isServed: served.has(resultKey),
      });
    },
    current: (entry) => {
      served.add(entry.resultKey);
      return entryNow(entry);
    },
    landed: (run) => {
      work.waiting -= 1;
      work.runs.add(run);
    },
    skip: () => {
      work.waiting -= 1;
    },
    abandon: () => {
      work.waiting -= 1;
      work.isAbandoned = true;
    },
  };
  return work;
}
