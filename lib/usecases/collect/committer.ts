/**
 * Commits: after the chunk is durable, in order within a schedule, in pieces of a long round.
 *
 * At each seal the runs that have moved on note how far; when that chunk is durable the noted
 * watermark may be committed, and is, when a round ended, when something waits for it, or when the
 * oldest capture that a crash would repeat is nearly ten seconds old.
 *
 * Holds: a commit is sent only after every sample before its watermark is durable; one at a time per
 *        schedule; none by a taker before the cut is reached or past.
 * Source: DESIGN, section 4 (commit; hand-over, "The taker").
 */
import { isAhead, isDurable, mayCommit, watermarkToCommit } from "#domain/commit-rules.ts";
import type { CommitRequest, CommitResult, Schedule } from "#domain/schedule.ts";
import { durationMs, type EpochMs } from "#domain/units.ts";
import { furthest, OFFSET_ALL, type Watermark } from "#domain/watermark.ts";
import { packLatest, takeLatest } from "./entries.ts";
import { countCommitted, resolveCut } from "./cuts.ts";
import { gate } from "./gate.ts";
import { advanceDone } from "./rounds.ts";
import { NEVER, type Committable, type Entry, type ScheduleRun } from "./run.ts";
import { readSlot, readSlotAnew, retakeRun } from "./slots.ts";
import { epochOf, markDirty, type CollectorState } from "./state.ts";

export interface Committer {
  sealed(sequence: number): void;
  durable(sequence: number): void;
  /** A chunk could not be kept: what is in it is done again, from the committed watermark. */
  lost(sequence: number): void;
  /** Looks after runs that wait: for a cut, for a retry, for a seal that has nothing to seal. */
  tend(): void;
  /** Commits under way or waiting for their turn. */
  busy(): number;
}

interface Noted {
  readonly run: ScheduleRun;
  readonly watermark: Watermark;
  readonly notedAt: EpochMs;
}

/** More at once gains nothing: the store answers in milliseconds, and each schedule waits for its own only. */
const AT_ONCE = 32;
const RETRY_MS = 1_000;
/** What keeping a chunk and a commit may take. */
const COMMIT_RESERVE_MS = 300;
const CUT_LOOK_MS = 300;
/** Schedules that are read at once for their cuts: of a large lease there may be hundreds. */
const CUT_LOOKS_AT_ONCE = 8;

export function committer(state: () => CollectorState): Committer {
  const noted = new Map<number, Noted[]>();
  const queue: ScheduleRun[] = [];
  const looks = gate(CUT_LOOKS_AT_ONCE);
  let active = 0;
  let lastSealed = 0;
  /** Durable or lost: chunks are reported in order. */
  let lastReported = 0;

  function note(sequence: number): void {
    const at = state();
    const now = at.deps.clock.now();
    const list = noted.get(sequence) ?? [];
    for (const run of at.dirty) {
      run.dirty = false;
      if (run.dropped) continue;
      advanceDone(run, now);
      list.push({ run, watermark: run.done, notedAt: now });
    }
    at.dirty = [];
    noted.set(sequence, list);
  }

  function report(sequence: number): void {
    lastReported = sequence;
    state().reportedSequence = sequence;
  }

  function sealed(sequence: number): void {
    const at = state();
    lastSealed = sequence;
    at.openSequence = sequence + 1;
    at.openLines = 0;
    note(sequence);
  }

  function durable(sequence: number): void {
    report(sequence);
    for (const { run, watermark, notedAt } of noted.get(sequence) ?? []) {
      const ready = { watermark, sequence, notedAt };
      if (!isDurable(ready, lastReported, run.notBefore)) continue;
      run.committable = ready;
      consider(run);
    }
    noted.delete(sequence);
  }

  function lost(sequence: number): void {
    report(sequence);
    for (const { run } of noted.get(sequence) ?? []) {
      // A first capture that isn't kept didn't take place.
      for (const entry of run.entries ?? []) if (entry.first >= sequence) entry.first = NEVER;
      retakeRun(state(), run);
    }
    noted.delete(sequence);
  }

  /** Queues the run's commit if it is time for it. */
  function consider(run: ScheduleRun): void {
    if (run.dropped || run.committing || run.committable === undefined || !mayCommit(run.cut))
      return;
    const at = state();
    const now = at.deps.clock.now();
    if (isTooSoon(run, now) || !isWanted(at, run, run.committable, now)) return;
    run.committing = true;
    queue.push(run);
    pump();
  }

  function pump(): void {
    while (active < AT_ONCE && queue.length > 0) {
      const run = queue.shift();
      if (run === undefined) return;
      active += 1;
      void commitOne(run).finally(() => {
        active -= 1;
        run.committing = false;
        consider(run);
        pump();
      });
    }
  }

  async function commitOne(run: ScheduleRun): Promise<void> {
    const at = state();
    const sent = run.committable;
    if (sent === undefined || run.dropped) return;
    run.committable = undefined;
    try {
      const entries = await entriesFor(at, run);
      const request = commitOf(at, run, sent, entries);
      await settleResult(run, sent, await at.deps.schedules.commit(request));
    } catch (error) {
      run.committable ??= sent;
      run.retryAt = at.deps.clock.now() + RETRY_MS;
      at.deps.log.warn("a commit failed; it is tried again", {
        slot: run.slot,
        cadence: run.key,
        error,
      });
    }
  }

  async function settleResult(
    run: ScheduleRun,
    sent: Committable,
    result: CommitResult,
  ): Promise<void> {
    const at = state();
    switch (result.kind) {
      case "committed":
        run.version = result.version;
        countCommitted(at, run, sent);
        return;
      case "fenced":
        at.deps.log.info("a later owner has this slot; what was open here is dropped", {
          slot: run.slot,
          epoch: epochOf(at, run),
        });
        retakeRun(at, run);
        return;
      case "revised":
        await reread(run);
        return;
      case "overtaken":
        run.version = result.schedule.version;
        catchUp(at, run, result.schedule);
        return;
      case "gone":
        at.deps.log.error("a schedule has vanished; nothing is committed to it", {
          slot: run.slot,
          cadence: run.key,
        });
        run.dropped = true;
    }
  }

  /** Targets have changed: the next seal notes anew how far the run is, with what is new counted. */
  async function reread(run: ScheduleRun): Promise<void> {
    const at = state();
    const hold = at.slots.get(run.slot);
    if (hold === undefined) return;
    await readSlotAnew(at, hold);
    markDirty(at, run);
    sealNothing();
  }

  /** Where no line waits to be sealed, what the last sealed chunk holds is all there is. */
  function sealNothing(): void {
    const at = state();
    if (at.openLines > 0 || at.dirty.length === 0) return;
    note(lastSealed);
    if (lastSealed <= lastReported) durable(lastSealed);
  }

  function tend(): void {
    const at = state();
    sealNothing();
    for (const hold of at.slots.values()) {
      for (const run of hold.runs.values()) {
        if (run.cut !== undefined) lookAtCut(run);
        else consider(run);
      }
    }
  }

  function lookAtCut(run: ScheduleRun): void {
    const at = state();
    const now = at.deps.clock.now();
    if (run.dropped || run.committing || isTooSoon(run, now)) return;
    run.retryAt = now + CUT_LOOK_MS;
    run.committing = true;
    void looks
      .through(() => resolveCut(at, run))
      .catch((error: unknown) => {
        at.deps.log.warn("a schedule that is handed over could not be read; it is tried again", {
          slot: run.slot,
          error,
        });
      })
      .finally(() => {
        run.committing = false;
        if (run.cut === undefined) run.retryAt = 0;
        consider(run);
      });
  }

  return { sealed, durable, lost, tend, busy: () => active + queue.length };
}

/** The commit of what is durable. */
export function commitOf(
  state: CollectorState,
  run: ScheduleRun,
  sent: Committable,
  entries: readonly Entry[],
): CommitRequest {
  return {
    pool: state.pool,
    slot: run.slot,
    cadence: run.key,
    epoch: epochOf(state, run),
    by: state.owner,
    version: run.version,
    revision: run.revision,
    watermark: watermarkToCommit(sent.watermark, run.committed),
    latest: packLatest(entries, sent.sequence),
    serviceMs: durationMs(Math.round(run.serviceMs * 10) / 10),
  };
}

/** A clock that was set back must not put off a retry for longer than it takes. */
function isTooSoon(run: ScheduleRun, now: EpochMs): boolean {
  return now < run.retryAt && run.retryAt - now <= RETRY_MS;
}

/** Whether what is durable is worth a commit now. */
export function isWanted(
  state: CollectorState,
  run: ScheduleRun,
  ready: Committable,
  now: EpochMs,
): boolean {
  const ahead = isAhead(ready.watermark, run.committed);
  if (run.wantedSequence > 0 && ready.sequence >= run.wantedSequence) return true;
  if (!ahead) {
    run.committable = undefined;
    return false;
  }
  if (ready.watermark.offset === OFFSET_ALL || run.kept !== undefined || state.leaving) return true;
  return isOverdue(state, run, now);
}

/**
 * Whether a crash would soon repeat more than ten seconds of captures: before the next chunk is
 * durable. A round whose window ends in time is waited for: it is committed whole, and only once.
 */
function isOverdue(state: CollectorState, run: ScheduleRun, now: EpochMs): boolean {
  const { commitEveryMs, chunkEveryMs } = state.deps.settings;
  if (run.uncommittedSince === undefined) return false;
  const latest = run.uncommittedSince + commitEveryMs - COMMIT_RESERVE_MS;
  const endsAt = run.rounds[0]?.round.endsAt;
  if (endsAt !== undefined && now <= endsAt && endsAt < latest) return false;
  return now >= latest - chunkEveryMs;
}

/** Another's commit landed between ours: where it went further, ours has nothing to add. */
export function catchUp(state: CollectorState, run: ScheduleRun, schedule: Schedule): void {
  const entries = run.entries;
  if (entries !== undefined) takeLatest(entries, schedule.latest);
  run.committed = furthest(run.committed, schedule.watermark);
  run.done = furthest(run.done, run.committed);
  run.position = furthest(run.position, run.committed);
  run.nextRoundAt = 0;
  markDirty(state, run);
}

async function entriesFor(state: CollectorState, run: ScheduleRun): Promise<readonly Entry[]> {
  const known = run.entries;
  if (known !== undefined) return known;
  const hold = state.slots.get(run.slot);
  if (hold !== undefined) await readSlot(state, hold);
  return run.entries ?? [];
}
