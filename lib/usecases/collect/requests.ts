/**
 * Captures on request: first captures of new targets, and those asked for by hand.
 *
 * The requests of the lease's ranges are read every two seconds; a few slots are worked on at a
 * time; each capture waits for its turn in the late work's budget. A request is removed, if its
 * stamp is as read, once everything it asked for is captured, durable and committed.
 *
 * Holds: a request that comes again while the first is worked on is not lost (its stamp differs).
 */
import type { RangeSet } from "#domain/range.ts";
import type { CaptureRequest } from "#domain/request.ts";
import type { LateItem } from "./late-work.ts";
import { NEVER, type Entry, type ScheduleRun } from "./run.ts";
import { holdSlot, isOwned, readSlotAnew } from "./slots.ts";
import type { CollectorState, SlotHold } from "./state.ts";

/** Slots whose requests are worked on at a time: their targets stay in memory. */
const SLOTS_AT_ONCE = 8;

/** One slot's request while it is worked on. */
export interface RequestWork {
  readonly request: CaptureRequest;
  /** Whether the entry still waits for what was asked. */
  isWanted(entry: Entry): boolean;
  /** The entry as it stands after its slot was read again. */
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

interface OpenWork extends RequestWork {
  readonly hold: SlotHold;
  isAbandoned: boolean;
  /** Of the request as last seen. */
  lastStamp: string;
  waiting: number;
  /** When the contents were read that its items are of. */
  readAt: number;
  readonly runs: Set<ScheduleRun>;
}

export function requests(state: CollectorState, rangesNow: () => RangeSet): Requests {
  const working = new Map<number, OpenWork>();

  /** Letting go may begin during any wait. */
  const isLeaving = (): boolean => state.leaving;

  async function poll(): Promise<void> {
    if (isLeaving()) return;
    const found = await state.deps.requests.list(state.pool, rangesNow(), state.slotsLog2);
    for (const request of found) {
      if (isLeaving()) return;
      if (working.size >= SLOTS_AT_ONCE && !working.has(request.slot)) continue;
      if (!isOwned(state, request.slot)) continue;
      const work = working.get(request.slot);
      if (work === undefined) await takeUp(request);
      else await lookAgain(work, request);
    }
  }

  /** Asked for again meanwhile: its turn comes, but what is new has its rounds from now on. */
  async function lookAgain(work: OpenWork, request: CaptureRequest): Promise<void> {
    if (work.lastStamp === request.stamp) return;
    work.lastStamp = request.stamp;
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
    const items = itemsOf(work);
    work.waiting = items.length;
    work.readAt = hold.readAt;
    state.late.add(items);
    state.wake();
  }

  function itemsOf(work: OpenWork): LateItem[] {
    const now = state.deps.clock.now();
    const items: LateItem[] = [];
    for (const run of work.hold.runs.values()) {
      const entries = work.hold.contents?.get(run.key)?.entries ?? [];
      for (const entry of entries) {
        if (entry.flying === 0 && work.isWanted(entry))
          items.push({ kind: "request", run, entry, work, dueAt: now });
      }
    }
    return items;
  }

  async function finish(): Promise<void> {
    for (const work of [...working.values()]) {
      if (work.waiting > 0 || [...work.runs].some((run) => run.wantedSequence > 0 && !run.dropped))
        continue;
      if (work.hold.reading !== undefined || hasFlying(work)) continue;
      close(work);
      // What was lost meanwhile, a slot or a chunk, is done anew by whoever reads the request next.
      const isLost =
        work.isAbandoned ||
        state.slots.get(work.request.slot) !== work.hold ||
        [...work.runs].some((run) => run.dropped);
      if (!isLost && isOwned(state, work.request.slot))
        await state.deps.requests.remove(work.request);
    }
  }

  /** A first capture that is under way in its own round: the request waits for it. */
  function hasFlying(work: OpenWork): boolean {
    const contents = work.hold.contents;
    if (contents === undefined) return false;
    return [...contents.values()].some((made) =>
      made.entries.some((entry) => entry.flying > 0 && entry.first === NEVER),
    );
  }

  function close(work: OpenWork): void {
    working.delete(work.request.slot);
    work.hold.pins -= 1;
  }

  return { poll, finish, open: () => working.size };
}

function openWork(request: CaptureRequest, hold: SlotHold): OpenWork {
  const asked = request.keys.kind === "keys" ? new Set(request.keys.resultKeys) : undefined;
  const captured = new Set<number>();

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
    lastStamp: request.stamp,
    waiting: 0,
    readAt: -1,
    runs: new Set(),
    isWanted: (entry) => {
      if (asked === undefined || asked.has(entry.resultKey)) return !captured.has(entry.resultKey);
      return request.fresh && entry.first === NEVER && entry.flying === 0;
    },
    current: (entry) => {
      captured.add(entry.resultKey);
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
