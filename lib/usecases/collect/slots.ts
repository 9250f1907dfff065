/**
 * Slots while they are held: their schedules, and a bounded cache of their parsed targets.
 *
 * A slot is read once and again only when it changed: a commit that is refused for the revision, or
 * a request, says so. The cache is bounded in bytes and in age; what has open rounds stays.
 *
 * Holds: memory doesn't grow with the number of targets in the ranges, only with what is open.
 */
import { parseCadenceKey, shortestGapMs, type CadenceKey } from "#domain/cadence.ts";
import { isDoneBefore, nextInstant } from "#domain/due.ts";
import { isOvertaken } from "#domain/letting-go.ts";
import { priority } from "#domain/policy.ts";
import { contains, slotRange } from "#domain/range.ts";
import { firstOpen } from "#domain/round.ts";
import type { Schedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import { cutToWaitFor } from "#domain/taking-over.ts";
import { furthest, upTo } from "#domain/watermark.ts";
import type { SlotContents } from "#ports/schedule-store.ts";
import { evict } from "./cache.ts";
import { entriesOf } from "./entries.ts";
import { missUnseen, rebuild } from "./rounds.ts";
import type { Entry, ScheduleRun } from "./run.ts";
import { wakeRun, type CollectorState, type SlotHold } from "./state.ts";

/** Parsed targets cost about this many times their stored bytes (measured with 300-byte records). */
const PARSED_FACTOR = 4;
/** A slot without targets still costs something. */
const HOLD_BYTES = 2_048;

/** Takes a slot up: nothing is read yet. */
export function holdSlot(state: CollectorState, slot: Slot): SlotHold {
  const known = state.slots.get(slot);
  if (known !== undefined) return known;
  const now = state.deps.clock.now();
  const hold: SlotHold = {
    slot,
    runs: new Map(),
    contents: undefined,
    bytes: 0,
    readAt: now,
    usedAt: now,
    unread: true,
    letGo: undefined,
    reading: undefined,
    pins: 0,
    load: 0,
  };
  state.slots.set(slot, hold);
  return hold;
}

/** Forgets a slot that is no longer ours: what it had open is dropped, not committed. */
export function dropSlot(state: CollectorState, hold: SlotHold): void {
  for (const run of hold.runs.values()) run.dropped = true;
  state.cachedBytes -= hold.bytes;
  state.dueRate -= hold.load;
  if (state.slots.get(hold.slot) === hold) state.slots.delete(hold.slot);
}

/** The watermark of each schedule, without the targets: enough to know when its next round begins. */
export async function readSchedules(state: CollectorState, hold: SlotHold): Promise<void> {
  const schedules = await state.reads.through(() =>
    state.deps.schedules.readSchedules(state.pool, hold.slot),
  );
  adoptSchedules(state, hold, schedules);
}

/** What a read of schedules alone says. */
export function adoptSchedules(
  state: CollectorState,
  hold: SlotHold,
  schedules: readonly Schedule[],
): void {
  hold.unread = false;
  for (const schedule of schedules) {
    const run = adoptSchedule(state, hold, schedule);
    // A registration came since the targets were read: they are read again before anything is due.
    if (run === undefined || run.revision === schedule.revision || run.rounds.length > 0) continue;
    run.entries = undefined;
    wakeRun(state, run, state.deps.clock.now());
  }
}

/** What is cached serves a new run only if it is as new as what the run was made from. */
function cachedEntries(hold: SlotHold, schedule: Schedule): readonly Entry[] | undefined {
  const cached = hold.contents?.get(schedule.cadence);
  return cached?.schedule.revision === schedule.revision ? cached.entries : undefined;
}

/** Begins a run anew from what is committed, at the next heartbeat: what it has open is dropped. */
export function retakeRun(state: CollectorState, run: ScheduleRun): void {
  run.dropped = true;
  const hold = state.slots.get(run.slot);
  if (hold?.runs.get(run.key) !== run) return;
  hold.runs.delete(run.key);
  hold.unread = true;
}

/** Begins a slot anew: what was read of it is not to be relied on. */
export function retakeSlot(hold: SlotHold): void {
  for (const run of hold.runs.values()) run.dropped = true;
  hold.runs.clear();
  hold.unread = true;
}

/** A read that begins now or later: one under way may have missed what we were just told of. */
export async function readSlotAnew(state: CollectorState, hold: SlotHold): Promise<void> {
  if (hold.reading !== undefined) await hold.reading.catch(() => undefined);
  await readSlot(state, hold);
}

/** Reads the slot's schedules and targets, and lets open rounds go on with them. */
export function readSlot(state: CollectorState, hold: SlotHold): Promise<void> {
  hold.reading ??= state.reads
    .through(() => read(state, hold))
    .finally(() => {
      hold.reading = undefined;
    });
  return hold.reading;
}

async function read(state: CollectorState, hold: SlotHold): Promise<void> {
  const found = await state.deps.schedules.readSlot(state.pool, hold.slot);
  // It was dropped while it was read: nobody looks at it any more.
  if (state.slots.get(hold.slot) === hold) adoptContents(state, hold, found);
}

/** What a read of the slot says: open rounds go on with it. */
export function adoptContents(state: CollectorState, hold: SlotHold, found: SlotContents): void {
  const { deps, slotsLog2 } = state;
  const now = deps.clock.now();
  tellBroken(state, found);
  const known = knownTargets(hold);
  const contents = entriesOf(found, slotsLog2);
  keepUncommitted(hold, contents);
  hold.unread = false;
  hold.contents = contents;
  state.cachedBytes += HOLD_BYTES + found.bytes * PARSED_FACTOR - hold.bytes;
  hold.bytes = HOLD_BYTES + found.bytes * PARSED_FACTOR;
  hold.readAt = now;
  hold.usedAt = now;
  const loadBefore = hold.load;
  hold.load = 0;
  for (const schedule of found.schedules) {
    const run = adoptSchedule(state, hold, schedule);
    if (run === undefined) continue;
    const made = contents.get(schedule.cadence);
    const entries = made?.entries ?? [];
    run.revision = schedule.revision;
    run.entries = entries;
    run.isEmpty = entries.length === 0;
    run.priority = entries.some((entry) => priority(entry.target.policy) === 0) ? 0 : 1;
    hold.load += (entries.length * 1_000) / shortestGapMs(run.cadence);
    if (known !== undefined) rebuild(state, run, known.get(schedule.cadence) ?? NOBODY, now);
    else if (isOwner(state)) missUnseen(state, run);
    wakeRun(state, run, now);
  }
  state.dueRate += hold.load - loadBefore;
  evict(state);
}

/** A successor reads before it owns anything. */
function isOwner({ lease, owner }: CollectorState): boolean {
  return lease.holder?.owner === owner;
}

function tellBroken({ deps }: CollectorState, { broken }: SlotContents): void {
  if (broken.length === 0) return;
  const targets = broken.slice(0, 10);
  deps.log.error("targets that can't be read are not captured", { targets });
}

const NOBODY: ReadonlySet<string> = new Set();

/** By cadence: a target that has changed its cadence is new to the other one. */
function knownTargets(hold: SlotHold): ReadonlyMap<CadenceKey, ReadonlySet<string>> | undefined {
  if (hold.contents === undefined) return undefined;
  return new Map(
    [...hold.contents].map(([key, made]) => [
      key,
      new Set(made.entries.map((entry) => entry.target.id)),
    ]),
  );
}

/** First results that are not committed yet are not in what was just read: carried over. */
function keepUncommitted(hold: SlotHold, contents: NonNullable<SlotHold["contents"]>): void {
  if (hold.contents === undefined) return;
  const before = new Map(
    [...hold.contents].flatMap(([key, made]) =>
      made.entries.map((entry) => [entry.target.id, { key, entry }] as const),
    ),
  );
  for (const [key, made] of contents) {
    for (const entry of made.entries) {
      const known = before.get(entry.target.id);
      if (known === undefined) continue;
      const last = known.entry;
      // A capture for its old cadence lands there.
      if (known.key === key) entry.flying = last.flying;
      if (last.last === 0) continue;
      entry.first = last.first;
      entry.last = last.last;
      entry.failureByte = last.failureByte;
      entry.durationByte = last.durationByte;
      entry.sinceSeconds = last.sinceSeconds;
    }
  }
}

/** Makes the run of a schedule, or takes over what others have written to it. */
function adoptSchedule(
  state: CollectorState,
  hold: SlotHold,
  schedule: Schedule,
): ScheduleRun | undefined {
  const known = hold.runs.get(schedule.cadence);
  if (known !== undefined) {
    adoptVersion(known, schedule);
    return known;
  }
  // What is new in a slot that we have let go is its next owner's.
  if (hold.letGo !== undefined) return undefined;
  const cadence = parseCadenceKey(schedule.cadence);
  const run: ScheduleRun = {
    slot: hold.slot,
    cadence,
    key: schedule.cadence,
    schedule: { cadence, slot: hold.slot, slotsLog2: state.slotsLog2 },
    entries: cachedEntries(hold, schedule),
    version: schedule.version,
    revision: schedule.revision,
    serviceMs: schedule.serviceMs,
    committed: schedule.watermark,
    done: schedule.watermark,
    position: schedule.watermark,
    rounds: [],
    priority: 1,
    nextRoundAt: 0,
    notBefore: 0,
    wakeAt: Number.POSITIVE_INFINITY,
    cut: undefined,
    kept: undefined,
    dirty: false,
    committable: undefined,
    committing: false,
    uncommittedSince: undefined,
    wantedSequence: 0,
    retryAt: 0,
    dropped: false,
    asked: 0,
    inLine: false,
    isEmpty: false,
  };
  openCut(state, run);
  hold.runs.set(schedule.cadence, run);
  wakeRun(state, run, state.deps.clock.now());
  return run;
}

/** Another has written: a giver's late commit, or a registration that started the schedule anew. */
export function adoptVersion(run: ScheduleRun, schedule: Schedule): void {
  if (schedule.version <= run.version) return;
  run.version = schedule.version;
  run.committed = furthest(run.committed, schedule.watermark);
  run.done = furthest(run.done, run.committed);
  run.position = furthest(run.position, run.committed);
  run.nextRoundAt = 0;
}

/** Looks up what open entries of the lease ask of this run: see committer.ts for how it ends. */
export function openCut(state: CollectorState, run: ScheduleRun): void {
  if (run.kept !== undefined) return;
  const { from } = slotRange(run.slot, state.slotsLog2);
  const { clock, settings } = state.deps;
  const asked = cutToWaitFor(state.lease.open, from, clock.now(), settings.skewMaxMs);
  if (asked === undefined) return;
  // Where the giver has nothing left to commit, there is nothing to wait for: a lease has thousands
  // of slots, and only some have a round open.
  if (run.cut !== undefined || !isDoneBefore(run.schedule, run.committed, asked.cut))
    run.cut = asked;
  run.position = furthest(run.position, upTo(asked.cut));
  run.nextRoundAt = 0;
}

/** Every slot of the lease's ranges is held; others are dropped unless they are kept. Answers those to be read. */
export function followRanges(state: CollectorState, slots: readonly Slot[]): SlotHold[] {
  const wanted = new Set(slots);
  for (const hold of state.slots.values()) {
    const isKept =
      hold.letGo !== undefined && [...hold.runs.values()].some((run) => run.kept !== undefined);
    if (!wanted.has(hold.slot) && !isKept) dropSlot(state, hold);
    // The give can never land any more, or it did and the slot came back: what others did since is unknown.
    else if (wanted.has(hold.slot) && isOvertaken(hold.letGo, state.lease.version))
      dropSlot(state, hold);
  }
  return slots
    .map((slot) => holdSlot(state, slot))
    .filter((hold) => hold.unread && hold.letGo === undefined);
}

/** When something here is due next, by what is known; the next round's start where targets aren't cached. */
export function nextDueAt(run: ScheduleRun): number {
  const { entries } = run;
  if (entries !== undefined)
    return nextInstant(run.schedule, entries, run.committed) ?? Number.POSITIVE_INFINITY;
  if (run.isEmpty) return Number.POSITIVE_INFINITY;
  return firstOpen(run.schedule, run.committed)?.at ?? Number.POSITIVE_INFINITY;
}

/** Whether the slot is to be given to another lease. */
export function isPromised(state: CollectorState, slot: Slot): boolean {
  const promised = state.lease.giving.map(({ range }) => range);
  return contains(promised, slotRange(slot, state.slotsLog2).from);
}

/** Whether the lease still has the slot, and nobody is being handed it. */
export function isOwned(state: CollectorState, slot: Slot): boolean {
  return contains(state.lease.ranges, slotRange(slot, state.slotsLog2).from);
}
