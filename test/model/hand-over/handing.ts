/** How a process lets go of slots, and how it waits for what another has let go. */
import { isDueBetween, nextInstant } from "#domain/due.ts";
import { cutEntries, type OpenEntry } from "#domain/hand-over.ts";
import {
  answerToGive,
  answerToRelease,
  entriesToWrite,
  isKeptOver,
  keptBy,
  keptForGood,
  mayBeOpenBefore,
  mayForget,
  nextDueOfReleased,
  openOfReleased,
} from "#domain/letting-go.ts";
import { rangesOfSlots, slotRange, type RangeSet } from "#domain/range.ts";
import { cutVerdict, takeOverOf } from "#domain/taking-over.ts";
import { contains } from "#domain/range.ts";
import { latestOf, type EpochMs } from "#domain/units.ts";
import { compareWatermarks, furthest } from "#domain/watermark.ts";
import { advanced, withHold, withLinesOpen, withRun } from "./capturing.ts";
import { withProcess } from "./owning.ts";
import type { Asked, Hold, Line, ProcessKey, Run, State, Working } from "./state.ts";
import {
  applyGive,
  applyRelease,
  bereft,
  place,
  scheduleOf,
  type Place,
  type Setting,
} from "./store.ts";
import {
  clockOf,
  COMMIT_TIME_MS,
  FAR_MS,
  firstAfter,
  GIVE_AHEAD_MS,
  keyOf,
  LONGEST_TIMEOUT_MS,
  ownerOf,
  POOL,
  PROGRESS,
  skewMaxMs,
  slackMs,
  START_AHEAD_MS,
} from "./times.ts";

interface KeptNow {
  readonly own: Working;
  readonly open: readonly OpenEntry[];
}

/** Names a cut for these slots and keeps what is due before it. */
function keep(
  setting: Setting,
  own: Working,
  slots: readonly number[],
  { now, aheadMs }: { readonly now: EpochMs; readonly aheadMs: number },
): KeptNow {
  const { slotsLog2 } = setting.bounds;
  const numbered = (list: readonly number[]): RangeSet =>
    rangesOfSlots(
      list.map((slot) => place(setting, slot).slot),
      slotsLog2,
    );
  const fresh = slots.filter(
    (slot) => own.holds[slot] !== undefined && own.holds[slot].letGo === undefined,
  );
  const entries = cutEntries(numbered(fresh), own.lease.open, {
    now,
    startedThrough: startedThrough(setting, own, fresh),
    aheadMs,
    longestTimeoutMs: LONGEST_TIMEOUT_MS,
    slackMs: slackMs(setting.bounds),
    commitTimeMs: COMMIT_TIME_MS,
  });
  const kept = keptBy(entries, own.lease, now);
  const unfinished = fresh.filter((slot) => isOpenBefore(setting, own, slot, kept.cut));
  const holds = own.holds.map((hold, slot): Hold | undefined => {
    if (hold === undefined || !fresh.includes(slot)) return hold;
    const letGo = { outcome: "asked", version: own.lease.version } as const;
    return hold.run === undefined
      ? { ...hold, letGo }
      : { ...hold, letGo, run: { ...hold.run, kept } };
  });
  const before = slots
    .filter((slot) => !fresh.includes(slot))
    .flatMap((slot) => keptEntry(setting, own, slot));
  return {
    own: { ...own, holds },
    open: [...entriesToWrite(entries, numbered(unfinished), kept), ...before],
  };
}

function keptEntry(setting: Setting, own: Working, slot: number): OpenEntry[] {
  const kept = own.holds[slot]?.run?.kept;
  if (kept === undefined) return [];
  const range = slotRange(place(setting, slot).slot, setting.bounds.slotsLog2);
  return [{ range, cut: kept.cut, until: kept.until }];
}

function startedThrough(
  setting: Setting,
  own: Working,
  slots: readonly number[],
): EpochMs | undefined {
  let latest: EpochMs | undefined;
  for (const slot of slots) {
    const run = own.holds[slot]?.run;
    if (run === undefined) continue;
    if (compareWatermarks(run.done, run.committed) > 0)
      latest = latest === undefined ? run.done.at : latestOf(latest, run.done.at);
    const last = run.rounds.findLast((open) => open.is !== "pending");
    const instant = last === undefined ? undefined : place(setting, slot).instants[last.round];
    if (instant !== undefined) latest = latest === undefined ? instant : latestOf(latest, instant);
  }
  return latest;
}

function isOpenBefore(setting: Setting, own: Working, slot: number, cut: EpochMs): boolean {
  const run = own.holds[slot]?.run;
  if (run === undefined) return false;
  const isUnderWay = run.rounds.length > 0 || compareWatermarks(run.done, run.committed) > 0;
  return mayBeOpenBefore(
    { isUnderWay, cut: run.cut, nextDueAt: nextDueAt(place(setting, slot), run) },
    cut,
  );
}

function nextDueAt(at: Place, run: Run): number {
  return nextInstant(at.schedule, [at.target], run.committed) ?? Number.POSITIVE_INFINITY;
}

// release, give ------------------------------------------------------------------------------

export function askRelease(
  setting: Setting,
  state: State,
  key: ProcessKey,
  aheadMs: number,
): State | undefined {
  const own = state[key];
  if (own.phase !== "owns" || own.asked !== undefined) return undefined;
  const now = clockOf(setting.bounds, state, key);
  const slots = slotsOf(setting, own);
  const { own: keeping, open } = keep(setting, own, slots, { now, aheadMs });
  const isUnread = slots.some((slot) => own.holds[slot]?.run === undefined);
  const soonest = own.holds.reduce(
    (first, hold, slot) =>
      hold?.run === undefined ? first : Math.min(first, nextDueAt(place(setting, slot), hold.run)),
    Number.POSITIVE_INFINITY,
  );
  const request = {
    pool: POOL,
    id: own.lease.id,
    owner: ownerOf(key),
    version: own.lease.version,
    nextDueAt: nextDueOfReleased({ isUnread, soonest }, now, FAR_MS),
    open: openOfReleased(own.lease, open, now, skewMaxMs(setting.bounds)),
    progress: PROGRESS,
  };
  return withProcess(state, key, { ...keeping, asked: { kind: "release", request, kept: open } });
}

export function slotsOf(setting: Setting, own: Working): number[] {
  return setting.places.flatMap(({ hash32 }, slot) =>
    contains(own.lease.ranges, hash32) ? [slot] : [],
  );
}

/** Gives what is promised to one lease. */
export function askGive(setting: Setting, state: State, key: ProcessKey): State | undefined {
  const own = state[key];
  if (own.phase !== "owns" || own.asked !== undefined || own.unanswered !== undefined)
    return undefined;
  const promised = own.lease.giving[0];
  if (promised === undefined) return undefined;
  const { to } = promised;
  const ranges = own.lease.giving.filter((giving) => giving.to === to).map(({ range }) => range);
  const slots = setting.places.flatMap(({ hash32 }, slot) =>
    contains(ranges, hash32) ? [slot] : [],
  );
  if (slots.some((slot) => own.holds[slot]?.run?.kept !== undefined)) return undefined;
  const taker = state[keyOf(to)];
  if (taker === undefined) return undefined;
  const now = clockOf(setting.bounds, state, key);
  const isRunning = taker.holder !== undefined && now < taker.holder.expiresAt;
  const aheadMs = isRunning ? GIVE_AHEAD_MS : START_AHEAD_MS;
  const { own: keeping, open } = keep(setting, own, slots, { now, aheadMs });
  const request = {
    pool: POOL,
    from: own.lease.id,
    owner: ownerOf(key),
    fromVersion: own.lease.version,
    to,
    toVersion: taker.version,
    ranges,
    open,
    now,
    skewMaxMs: skewMaxMs(setting.bounds),
  };
  return withProcess(state, key, { ...keeping, asked: { kind: "give", request } });
}

/** The store carries the write out, or refuses it; `answered` unless its answer is lost. */
export function carryOut(
  state: State,
  key: ProcessKey,
  asked: Asked,
): { readonly answered: State; readonly unanswered: State } | undefined {
  const own = state[key];
  if (asked.answer !== undefined) return undefined;
  if (asked.kind === "release") {
    const { result, state: next } = applyRelease(state, asked.request);
    const answered = { ...asked, answer: result };
    return {
      unanswered: next,
      answered: own.phase === "owns" ? withProcess(next, key, { ...own, asked: answered }) : next,
    };
  }
  const { result, state: next } = applyGive(state, asked.request);
  const answered = { ...asked, answer: result };
  return {
    unanswered: next,
    answered: own.phase === "owns" ? withProcess(next, key, { ...own, asked: answered }) : next,
  };
}

/** The process looks at the answer. */
export function readAnswer(setting: Setting, state: State, key: ProcessKey): State | undefined {
  const own = state[key];
  if (own.phase !== "owns" || own.asked?.answer === undefined) return undefined;
  const { asked, ...rest } = own;
  if (asked.kind === "release") {
    const answer = asked.answer === "none" ? undefined : asked.answer;
    switch (answerToRelease(answer, { owner: asked.request.owner, kept: asked.kept })) {
      case "landed":
        return withProcess(state, key, { ...landed(rest, asked.request.version), phase: "leaves" });
      case "ours again":
        return withProcess(state, key, {
          ...oursAgain(rest, asked.request.version),
          renewedAt: -1,
        });
      case "lost":
        return withProcess(state, key, { phase: "ended" });
      case "unknown":
        return withProcess(bereft(setting, state, key), key, { phase: "ended" });
    }
  }
  const answer = asked.answer === "none" ? undefined : asked.answer;
  const lease = answer?.from ?? own.lease;
  switch (answerToGive(answer, asked.request)) {
    case "landed":
      return withProcess(state, key, { ...landed(rest, asked.request.fromVersion), lease });
    case "ours again":
      return withProcess(state, key, { ...oursAgain(rest, asked.request.fromVersion), lease });
    case "lost":
      return withProcess(state, key, {
        ...rest,
        holds: rest.holds.map((hold) => withoutAsked(hold)),
      });
    case "unknown":
      return withProcess(state, key, { ...rest, unanswered: asked.request });
  }
}

/** Another has the slot: what was open here is dropped, and looked after again at the next renewal. */
function withoutAsked(hold: Hold | undefined): Hold | undefined {
  return hold?.letGo?.outcome === "asked" ? { isDropped: true } : hold;
}

function landed(own: Working, version: number): Working {
  const holds = own.holds.map((hold): Hold | undefined => {
    if (hold?.letGo?.outcome !== "asked" || hold.letGo.version !== version) return hold;
    const { run } = hold;
    const letGo = { outcome: "landed", version } as const;
    return run?.kept === undefined
      ? { ...hold, letGo }
      : { ...hold, letGo, run: { ...run, kept: keptForGood(run.kept) } };
  });
  return { ...own, holds };
}

function oursAgain(own: Working, version: number): Working {
  const holds = own.holds.map((hold): Hold | undefined => {
    if (hold?.letGo?.outcome !== "asked" || hold.letGo.version !== version) return hold;
    const { letGo: _back, ...rest } = hold;
    if (rest.run === undefined) return rest;
    const { kept: _given, ...run } = rest.run;
    return { ...rest, run };
  });
  return { ...own, holds };
}

/** Whether a giver has nothing left to do in a slot. */
function isLetGo(setting: Setting, own: Working, slot: number, now: EpochMs): boolean {
  const run = own.holds[slot]?.run;
  if (run === undefined) return true;
  if (run.kept === undefined) return own.phase === "leaves";
  const isCommitted = nextDueAt(place(setting, slot), run) >= run.kept.cut;
  return isKeptOver(run.kept, now, isCommitted);
}

/** Forgets what was let go and is done; the last to do so ends. */
export function forget(setting: Setting, state: State, key: ProcessKey): State | undefined {
  const own = state[key];
  if (own.phase !== "owns" && own.phase !== "leaves") return undefined;
  if (own.asked !== undefined) return undefined;
  const now = clockOf(setting.bounds, state, key);
  const over = own.holds.flatMap((hold, slot) => {
    if (hold === undefined || !isLetGo(setting, own, slot, now)) return [];
    if (own.phase === "leaves") return [slot];
    return hold.letGo !== undefined && mayForget(hold.letGo) ? [slot] : [];
  });
  if (own.phase === "leaves") {
    const isDone = over.length === own.holds.filter((hold) => hold !== undefined).length;
    return isDone ? withProcess(state, key, { phase: "ended" }) : undefined;
  }
  const [first] = over;
  if (first === undefined) return undefined;
  const without = withHold(own, first, undefined);
  const isBack = contains(own.lease.ranges, place(setting, first).hash32);
  return withProcess(state, key, isBack ? { ...without, renewedAt: -1 } : without);
}

// cuts ---------------------------------------------------------------------------------------

/** Asks for a schedule whose cut it waits for. */
export function beginLook(
  setting: Setting,
  state: State,
  key: ProcessKey,
  slot: number,
): State | undefined {
  const own = state[key];
  if (own.phase !== "owns" && own.phase !== "leaves") return undefined;
  const run = own.holds[slot]?.run;
  if (run?.cut === undefined || run.look !== undefined) return undefined;
  const look = { beganAt: clockOf(setting.bounds, state, key), schedule: scheduleOf(state, slot) };
  return withProcess(state, key, withRun(own, slot, { ...run, look }));
}

/** Looks at the answer, and decides whether the cut is behind us. */
export function endLook(
  setting: Setting,
  state: State,
  key: ProcessKey,
  slot: number,
): State | undefined {
  const own = state[key];
  if (own.phase !== "owns" && own.phase !== "leaves") return undefined;
  const before = own.holds[slot]?.run;
  if (before?.cut === undefined || before.look === undefined) return undefined;
  const { look, cut, ...rest } = before;
  const at = place(setting, slot);
  const committed = furthest(rest.committed, look.schedule.watermark);
  const known: Run = {
    ...rest,
    version: Math.max(rest.version, look.schedule.version),
    committed,
    done: furthest(rest.done, committed),
  };
  const endedAt = clockOf(setting.bounds, state, key);
  const isDueBeforeCut = isDueBetween(at.schedule, [at.target], committed, cut.cut);
  const read = { beganAt: look.beganAt, endedAt, isDueBeforeCut };
  switch (cutVerdict(cut, read, skewMaxMs(setting.bounds))) {
    case "finished":
      return withProcess(state, key, withRun(own, slot, marked(at, known, "done")));
    case "take over":
      return withProcess(state, key, takenOver(at, own, slot, { run: known, cut, now: endedAt }));
    case "wait":
      return withProcess(state, key, withRun(own, slot, { ...known, cut }));
  }
}

/** What the giver had of our open rounds is done as far as it is committed; the rest is as given. */
function marked(at: Place, run: Run, as: "done" | "pending"): Run {
  const first = firstAfter(at, run.committed);
  const rounds = run.rounds.map((open) =>
    open.is === "the giver's" ? { ...open, is: open.round >= first ? as : "done" } : open,
  );
  return advanced(at, { ...run, rounds });
}

function takenOver(
  at: Place,
  own: Working,
  slot: number,
  {
    run,
    cut,
    now,
  }: { readonly run: Run; readonly cut: NonNullable<Run["cut"]>; readonly now: EpochMs },
): Working {
  const oldest = run.rounds[0];
  const oldestAt = oldest === undefined ? undefined : at.instants[oldest.round];
  const how = takeOverOf(run.position, cut, oldestAt);
  if (how.kind === "from the watermark")
    return withRun(own, slot, { ...run, position: run.committed });
  const from = firstAfter(at, run.committed);
  const to = at.instants.findIndex((instant) => instant >= how.missedBefore);
  const lines: Line[] =
    to > from ? [{ slot, epoch: own.lease.epoch, what: { kind: "missed", from, to } }] : [];
  const left = marked(at, { ...run, notBefore: 1 }, "pending");
  return withLinesOpen(withRun(own, slot, left), lines, now);
}
