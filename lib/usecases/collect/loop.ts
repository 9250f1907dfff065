/**
 * The work loop: at each tick it starts what is due, within limits.
 *
 * Order of a tick: runs whose moment has come (oldest first), then late work within its budget, then
 * one batch to the probe. Nothing is started after `expiresAt`, nor what could outlast the
 * invocation, nor by a giver what it could not end in time.
 *
 * Holds: an entry is started once; what is on time never waits for what is late.
 */
import { isTakers, takenUpThrough } from "#domain/letting-go.ts";
import { firstOpen } from "#domain/round.ts";
import { after, type EpochMs } from "#domain/units.ts";
import { isStale } from "./cache.ts";
import type { LateItem } from "./late-work.ts";
import { launch, sealLongRound, type Flight } from "./flights.ts";
import { takeUp } from "./rounds.ts";
import { isComplete, PENDING, type OpenRound, type ScheduleRun } from "./run.ts";
import { readSlot } from "./slots.ts";
import { mayStart, startEntry, startLate } from "./starts.ts";
import { markDirty, wakeRun, type CollectorState } from "./state.ts";

/** Older than this when the loop comes to it, a capture is late work. */
const LATE_AFTER_MS = 1_000;
/** A slot's targets are read this long before its round begins. */
const READ_AHEAD_MS = 1_000;
/** How soon the loop looks again when a limit stopped it. */
const LIMIT_WAIT_MS = 2;
/** Late captures leave this part of the captures under way to what is on time. */
const LATE_SHARE = 0.5;
const SLOT_RETRY_MS = 1_000;
/** How soon the loop looks again at what an expired lease or a full chunk store stopped. */
const EXPIRED_WAIT_MS = 50;

/** One look at what is due; answers the moment of the next (Infinity: when woken). */
export function tick(state: CollectorState): number {
  const now = state.deps.clock.now();
  state.counters.turnTo(now);
  const flights: Flight[] = [];
  goOn(state, now, flights);
  for (;;) {
    const run = state.heap.pop(now);
    if (run === undefined) break;
    sleepUntil(state, run, Math.max(now + 1, advance(state, run, now, flights)));
  }
  const rate = lateRate(state);
  const room = Math.max(
    0,
    Math.floor(state.deps.settings.inFlightMax * LATE_SHARE) - state.inFlight,
  );
  for (const item of state.late.take(now, rate, room)) startLate(state, item, now, flights);
  if (flights.length > 0) launch(state, flights);
  const lateAt = room > 0 ? state.late.nextAt(now, rate) : now + LIMIT_WAIT_MS;
  return Math.min(
    state.heap.nextAt(),
    state.late.waiting() > 0 ? lateAt : Number.POSITIVE_INFINITY,
  );
}

/** Those that stopped at the limit go first, in their order, as far as there is room now. */
function goOn(state: CollectorState, now: EpochMs, flights: Flight[]): void {
  const line = state.line;
  if (line.length === 0 || isAtLimit(state, flights)) return;
  state.line = [];
  for (const run of line) {
    run.inLine = false;
    if (run.dropped) continue;
    if (isAtLimit(state, flights)) standInLine(state, run);
    else sleepUntil(state, run, Math.max(now + 1, advance(state, run, now, flights)));
  }
}

function isAtLimit(state: CollectorState, flights: readonly Flight[]): boolean {
  return state.inFlight + flights.length >= state.deps.settings.inFlightMax;
}

function standInLine(state: CollectorState, run: ScheduleRun): void {
  if (run.inLine) return;
  run.inLine = true;
  state.line.push(run);
}

function sleepUntil(state: CollectorState, run: ScheduleRun, at: number): void {
  if (at === Number.POSITIVE_INFINITY) run.wakeAt = at;
  else state.heap.push(at, run);
}

/** By default the steady rate again: what is known to be due here. */
export function lateRate(state: CollectorState): number {
  return Math.max(state.deps.settings.lateRateFloorPerSecond, state.dueRate);
}

/** Starts what is due in one run; answers when to look at it again. */
function advance(state: CollectorState, run: ScheduleRun, now: EpochMs, flights: Flight[]): number {
  const hold = state.slots.get(run.slot);
  if (hold === undefined || run.dropped) return Number.POSITIVE_INFINITY;
  const { entries } = run;
  if (entries === undefined) return readBefore(state, run, now);
  if (isStale(state, hold)) readSoon(state, run);
  if (entries.length === 0 && run.rounds.length === 0) return Number.POSITIVE_INFINITY;
  if (!mayStart(state, run, now)) {
    const isOver = run.kept !== undefined && now > run.kept.until;
    return isOver ? Number.POSITIVE_INFINITY : now + EXPIRED_WAIT_MS;
  }
  hold.usedAt = now;
  const upTo = takenUpThrough(run.kept, now);
  if (upTo >= run.nextRoundAt) run.nextRoundAt = takeUp(state, run, entries, upTo);
  let next = Number.POSITIVE_INFINITY;
  const turn = { now, flights };
  // A copy where there are several: a chunk that is sealed on the way takes complete rounds out.
  const rounds = run.rounds.length > 1 ? [...run.rounds] : run.rounds;
  for (const open of rounds)
    next = Math.min(next, startDue(state, run, open, turn), endOf(state, run, open, now));
  // Targets may be forgotten between rounds: they are looked for a little before the next one.
  const readAt = run.nextRoundAt - READ_AHEAD_MS;
  return Math.min(next, readAt > now ? readAt : run.nextRoundAt);
}

/** A round that is complete before its window ends is over only then; answers when to look. */
function endOf(state: CollectorState, run: ScheduleRun, open: OpenRound, now: EpochMs): number {
  if (now <= open.round.endsAt) return open.round.endsAt + 1;
  if (isComplete(open)) {
    markDirty(state, run);
    sealLongRound(state, run);
  }
  return Number.POSITIVE_INFINITY;
}

/** Targets that aren't in memory are read a little before their round; until then it is enough to know when. */
function readBefore(state: CollectorState, run: ScheduleRun, now: EpochMs): number {
  const round = firstOpen(run.schedule, run.position);
  if (round === undefined) return Number.POSITIVE_INFINITY;
  const readAt = round.at - READ_AHEAD_MS;
  if (readAt > now) return readAt;
  readSoon(state, run);
  return Number.POSITIVE_INFINITY;
}

function readSoon(state: CollectorState, run: ScheduleRun): void {
  const hold = state.slots.get(run.slot);
  if (hold === undefined || hold.reading !== undefined) return;
  readSlot(state, hold).catch((error: unknown) => {
    state.deps.log.warn("a slot could not be read; it is tried again", { slot: run.slot, error });
    state.deps.clock.after(SLOT_RETRY_MS, () => {
      wakeRun(state, run, state.deps.clock.now());
    });
  });
}

/** Starts an open round's entries whose instants have come; answers the next instant. */
function startDue(
  state: CollectorState,
  run: ScheduleRun,
  open: OpenRound,
  { now, flights }: { readonly now: EpochMs; readonly flights: Flight[] },
): number {
  const { entries, states, round } = open;
  const late: LateItem[] = [];
  let next = Number.POSITIVE_INFINITY;
  while (open.next < entries.length) {
    const entry = entries[open.next];
    if (entry === undefined) break;
    const instant = after(round.at, entry.shift);
    if (instant > now) {
      next = instant;
      break;
    }
    if (isTakers(run.kept, instant)) break;
    if (states[open.next] === PENDING) {
      if (isAtLimit(state, flights)) {
        standInLine(state, run);
        break;
      }
      if (now - instant > LATE_AFTER_MS)
        late.push({
          kind: "round",
          run,
          open,
          index: open.next,
          generation: open.generation,
          entry,
          dueAt: instant,
        });
      else startEntry(state, { run, open, index: open.next, now, instant, flights, late: false });
    }
    open.next += 1;
  }
  if (late.length > 0) state.late.add(late);
  return next;
}
