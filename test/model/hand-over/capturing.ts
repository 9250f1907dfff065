/** What a process does with the slots that it holds: capture, keep chunks, commit. */
import { isAhead, isDurable, mayCommit, watermarkToCommit } from "#domain/commit-rules.ts";
import {
  commitEpoch,
  isTakers,
  mayStartAt,
  mustEndBy,
  takenUpThrough,
} from "#domain/letting-go.ts";
import type { Round } from "#domain/instant.ts";
import { countPassed, dueRounds, type PassedRounds } from "#domain/round.ts";
import type { CommitRequest } from "#domain/schedule.ts";
import { whose } from "#domain/taking-over.ts";
import { after, earliest, type DurationMs, type EpochMs } from "#domain/units.ts";
import { furthest, through, type Watermark } from "#domain/watermark.ts";
import { caughtUp, withProcess } from "./owning.ts";
import type { Hold, Line, OpenRound, ProcessKey, Run, State, Working } from "./state.ts";
import {
  applyCommit,
  cadenceOf,
  place,
  truthOf,
  withLines,
  withTruth,
  type Place,
  type Setting,
} from "./store.ts";
import {
  CHUNK_EVERY_MS,
  clockOf,
  COMMIT_TIME_MS,
  DEADLINE,
  firstAfter,
  LONGEST_TIMEOUT_MS,
  ownerOf,
  POOL,
} from "./times.ts";

export function withRun(own: Working, slot: number, run: Run): Working {
  return withHold(own, slot, { ...own.holds[slot], run });
}

/** Begins a slot anew after the next renewal: what it has open is dropped. */
export function dropped(hold: Hold): Hold {
  const { run: _dropped, ...rest } = hold;
  return { ...rest, isDropped: true };
}

export function withHold(own: Working, slot: number, hold: Hold | undefined): Working {
  return { ...own, holds: own.holds.with(slot, hold) };
}

/** Takes up what is due in a slot and captures it; undefined when nothing is, or nothing may be started. */
export function capture(
  setting: Setting,
  state: State,
  key: ProcessKey,
  slot: number,
): State | undefined {
  const own = state[key];
  if (own.phase !== "owns" && own.phase !== "leaves") return undefined;
  const run = own.holds[slot]?.run;
  if (run === undefined) return undefined;
  const at = place(setting, slot);
  const now = clockOf(setting.bounds, state, key);
  if (!mayStartAt(run.kept, now, own.expiresAt)) return undefined;
  const upTo = earliest(takenUpThrough(run.kept, now), at.lastAt);
  const { current, passed } = dueRounds(at.schedule, run.position, upTo);
  const turn: Turn = { setting, state, key, own, slot, run, at, now };
  return current === undefined
    ? captureDue(turn)
    : takeUp(turn, { current, ...(passed && { passed }) });
}

interface Turn {
  readonly setting: Setting;
  readonly state: State;
  readonly key: ProcessKey;
  readonly own: Working;
  readonly slot: number;
  readonly run: Run;
  readonly at: Place;
  readonly now: EpochMs;
}

/** The latest round that has begun is opened; what is left of those before it is missed. */
function takeUp(
  turn: Turn,
  { current, passed }: { readonly current: Round; readonly passed?: PassedRounds },
): State {
  const { run, at } = turn;
  const instant = after(current.at, at.target.shift);
  const round = roundOf(at, instant);
  const missed = run.rounds.flatMap((open) =>
    open.is === "pending" ? [{ from: open.round, to: open.round + 1 }] : [],
  );
  if (passed !== undefined && countPassed(at.schedule, passed, [at.target]) > 0)
    missed.push({ from: firstAfter(at, passed.from), to: round });
  const rounds = run.rounds.map((open) =>
    open.is === "pending" ? { ...open, is: "done" as const } : open,
  );
  const standing = { committed: run.committed, position: run.position, cut: run.cut };
  const opened: OpenRound = { round, is: STATES[whose(standing, instant, at.target)] };
  const taken = { ...run, rounds: [...rounds, opened], position: through(current.endsAt) };
  return captured({ ...turn, run: taken }, { missed });
}

const STATES = { "nobody's": "done", "the giver's": "the giver's", ours: "pending" } as const;

/** Starts what is open and due. */
function captureDue(turn: Turn): State | undefined {
  const { run, at, now } = turn;
  const due = run.rounds.find((open) => open.is === "pending");
  const instant = due === undefined ? undefined : at.instants[due.round];
  if (due === undefined || instant === undefined) return undefined;
  if (instant > now || isTakers(run.kept, instant)) return undefined;
  const rounds = run.rounds.map((open) => (open === due ? { ...open, is: "done" as const } : open));
  return captured({ ...turn, run: { ...run, rounds } }, { missed: [], round: due.round });
}

function captured(
  { state, key, own, slot, run, at, now }: Turn,
  what: {
    readonly missed: readonly { readonly from: number; readonly to: number }[];
    readonly round?: number;
  },
): State {
  const epoch = commitEpoch(run.kept, own.lease.epoch);
  const lines: Line[] = what.missed.map((span) => ({
    slot,
    epoch,
    what: { kind: "missed", ...span },
  }));
  const { round } = what;
  const isInTime = now + LONGEST_TIMEOUT_MS <= mustEndBy(run.kept, DEADLINE, COMMIT_TIME_MS);
  if (round !== undefined && isInTime) lines.push({ slot, epoch, what: { kind: "sample", round } });
  if (round !== undefined && !isInTime)
    lines.push({ slot, epoch, what: { kind: "missed", from: round, to: round + 1 } });
  const next = withProcess(
    state,
    key,
    withLinesOpen(withRun(own, slot, advanced(at, run)), lines, now),
  );
  return round !== undefined && isInTime ? started(next, slot, round, key) : next;
}

function started(state: State, slot: number, round: number, key: ProcessKey): State {
  const truth = truthOf(state, slot);
  const by = [...(truth.started[round] ?? []), key];
  return withTruth(state, slot, { ...truth, started: truth.started.with(round, by) });
}

/** Number of the round that has this instant. */
export function roundOf(at: Place, instant: EpochMs): number {
  return at.instants.findIndex((each) => each >= instant);
}

/** Moves `done` to the end of what is done without a gap. */
export function advanced(at: Place, run: Run): Run {
  const gap = run.rounds.findIndex((open) => open.is !== "done");
  const whole = gap === -1 ? run.rounds : run.rounds.slice(0, gap);
  const last = whole.at(-1);
  if (last === undefined) return run;
  const done: Watermark = { at: at.instants[last.round] ?? at.lastAt, offset: at.target.offset };
  return { ...run, done: furthest(run.done, done), rounds: run.rounds.slice(whole.length) };
}

export function withLinesOpen(own: Working, lines: readonly Line[], now: EpochMs): Working {
  if (lines.length === 0) return own;
  const { chunks } = own;
  const openSince = chunks.open.length === 0 ? now : chunks.openSince;
  return { ...own, chunks: { ...chunks, open: [...chunks.open, ...lines], openSince } };
}

// chunks -------------------------------------------------------------------------------------

/** How soon the open chunk is to be sealed; `none` when there is nothing to seal. */
export function sealing(own: Working, now: EpochMs): "none" | "may" | "must" {
  const { open, sealed, openSince } = own.chunks;
  if (sealed !== undefined) return "none";
  if (open.length > 0) return now >= after(openSince, CHUNK_EVERY_MS) ? "must" : "may";
  return own.holds.some((hold) => hasNews(hold?.run)) ? "must" : "none";
}

/** Whether more is done than was noted, though no line waits: a cut was reached. */
function hasNews(run: Run | undefined): boolean {
  if (run === undefined || run.cut !== undefined) return false;
  if (!isAhead(run.done, run.committed)) return false;
  return (
    run.noted === undefined ||
    isAhead(run.done, run.noted.watermark) ||
    run.noted.sequence < run.notBefore
  );
}

/** Notes how far each run is: everything up to it is in this chunk or in those before. */
export function seal(own: Working, now: EpochMs): Working {
  const holds = own.holds.map((hold): Hold | undefined => {
    if (hold?.run === undefined) return hold;
    const { noted: _before, ...run } = hold.run;
    const sealed = { ...run, notBefore: Math.max(run.notBefore - 1, -1) };
    if (isAhead(run.done, run.committed))
      return { ...hold, run: { ...sealed, noted: { watermark: run.done, sequence: 0 } } };
    return { ...hold, run: sealed };
  });
  return { ...own, holds, chunks: { open: [], openSince: now, sealed: own.chunks.open } };
}

/** The sealed chunk is in the store. */
export function kept(state: State, key: ProcessKey, own: Working): State {
  const { sealed, ...chunks } = own.chunks;
  return withLines(withProcess(state, key, { ...own, chunks }), sealed ?? []);
}

/** The sealed chunk can't be kept: what is in it is done again, from the committed watermark. */
export function lost(own: Working): Working {
  const { sealed, ...chunks } = own.chunks;
  const holds = own.holds.map((hold, slot): Hold | undefined => {
    if (hold === undefined) return undefined;
    const isIn = sealed?.some((line) => line.slot === slot) === true;
    if (!isIn && hold.run?.noted?.sequence !== 0) return hold;
    return dropped(hold);
  });
  return { ...own, holds, chunks };
}

function durableThrough(own: Working): number {
  return own.chunks.sealed === undefined ? 0 : -1;
}

// commits ------------------------------------------------------------------------------------

/** The commit that this process would send now for a slot. */
export function commitOf(
  setting: Setting,
  key: ProcessKey,
  own: Working,
  slot: number,
): CommitRequest | undefined {
  const run = own.holds[slot]?.run;
  if (run?.noted === undefined || !mayCommit(run.cut)) return undefined;
  if (!isDurable(run.noted, durableThrough(own), run.notBefore)) return undefined;
  if (!isAhead(run.noted.watermark, run.committed)) return undefined;
  const at = place(setting, slot);
  return {
    pool: POOL,
    slot: at.slot,
    cadence: cadenceOf(at),
    epoch: commitEpoch(run.kept, own.lease.epoch),
    by: ownerOf(key),
    version: run.version,
    revision: 1,
    watermark: watermarkToCommit(run.noted.watermark, run.committed),
    latest: NO_LATEST,
    serviceMs: 0 as DurationMs,
  };
}

const NO_LATEST = new Uint8Array(0);

export function send(
  setting: Setting,
  state: State,
  key: ProcessKey,
  slot: number,
): State | undefined {
  const own = state[key];
  if (own.phase !== "owns" && own.phase !== "leaves") return undefined;
  const request = commitOf(setting, key, own, slot);
  const run = own.holds[slot]?.run;
  if (request === undefined || run === undefined) return undefined;
  const { result, state: next } = applyCommit(setting, state, request, {
    by: key,
    kept: run.kept,
  });
  switch (result.kind) {
    case "committed":
      return withProcess(next, key, withRun(own, slot, settled(run, request, result.version)));
    case "overtaken":
      return withProcess(next, key, withRun(own, slot, caughtUp(run, result.schedule)));
    case "fenced":
    case "revised":
    case "gone":
      return withProcess(next, key, withHold(own, slot, dropped(own.holds[slot] ?? {})));
  }
}

function settled(run: Run, { watermark }: CommitRequest, version: number): Run {
  const { noted: _noted, ...rest } = run;
  return { ...rest, version, committed: furthest(run.committed, watermark) };
}
