/** How a process comes to own its lease and its slots: acquire, renew, follow, read. */
import { acquire, renew, type Lease } from "#domain/lease.ts";
import { isOvertaken } from "#domain/letting-go.ts";
import { isDoneBefore } from "#domain/due.ts";
import { contains, overlaps } from "#domain/range.ts";
import type { Schedule } from "#domain/schedule.ts";
import { succession } from "#domain/succession.ts";
import { cutToWaitFor } from "#domain/taking-over.ts";
import type { EpochMs } from "#domain/units.ts";
import { furthest, upTo } from "#domain/watermark.ts";
import type { Hold, Process, ProcessKey, Run, State, Working } from "./state.ts";
import { bereft, keep, place, scheduleOf, type Setting } from "./store.ts";
import {
  clockOf,
  DEADLINE,
  idOf,
  leaseKeyOf,
  ownerOf,
  POOL,
  PROGRESS,
  skewMaxMs,
  successionTimes,
  TTL_MS,
} from "./times.ts";

export function withProcess(state: State, key: ProcessKey, process: Process): State {
  return { ...state, [key]: process };
}

/** What a waiting process does when it looks at its lease; undefined when it goes on waiting. */
export function look(setting: Setting, state: State, key: ProcessKey): State | undefined {
  const process = state[key];
  if (process.phase !== "waiting") return undefined;
  const now = clockOf(setting.bounds, state, key);
  const lease = state[leaseKeyOf(key)];
  const next = succession(process.first, lease, successionTimes(setting.bounds, now));
  switch (next.kind) {
    case "stay out":
      return withProcess(state, key, { phase: "ended" });
    case "wait":
      if (process.first !== undefined || lease === undefined) return undefined;
      return withProcess(state, key, { ...process, first: lease });
    case "take":
      return take(setting, state, key, now);
  }
}

function take(setting: Setting, state: State, key: ProcessKey, now: EpochMs): State | undefined {
  const result = acquire(state[leaseKeyOf(key)], {
    pool: POOL,
    id: idOf(leaseKeyOf(key)),
    owner: ownerOf(key),
    now,
    ttlMs: TTL_MS,
    skewMaxMs: skewMaxMs(setting.bounds),
    deadlineAt: DEADLINE,
  });
  switch (result.kind) {
    case "held":
      return undefined;
    case "gone":
      return withProcess(state, key, { phase: "ended" });
    case "acquired": {
      const working: Working = {
        phase: "owns",
        lease: result.lease,
        expiresAt: result.lease.holder?.expiresAt ?? now,
        renewedAt: state.now,
        holds: setting.places.map(() => undefined),
        chunks: { open: [], openSince: now },
      };
      const taken = follow(setting, working, result.lease);
      return withProcess(keep(state, result.lease), key, taken);
    }
  }
}

/** Renews, and takes up what the lease has now. */
export function heartbeat(setting: Setting, state: State, key: ProcessKey, own: Working): State {
  const sentAt = clockOf(setting.bounds, state, key);
  const result = renew(state[leaseKeyOf(key)], {
    pool: POOL,
    id: own.lease.id,
    owner: ownerOf(key),
    sentAt,
    ttlMs: TTL_MS,
    progress: PROGRESS,
  });
  if (result.kind === "lost") {
    // Who stood still for so long drops what it keeps, too.
    const without = state.faults.pause > 0 ? bereft(setting, state, key) : state;
    return withProcess(without, key, { phase: "ended" });
  }
  const renewed: Working = {
    ...own,
    expiresAt: result.lease.holder?.expiresAt ?? sentAt,
    renewedAt: state.now,
  };
  const followed = follow(setting, renewed, result.lease);
  return withProcess(keep(state, result.lease), key, askedAgain(followed));
}

/** A give that had no answer is asked for in the same words, unless it can't land any more. */
function askedAgain(own: Working): Working {
  if (own.unanswered === undefined) return own;
  const { unanswered: request, ...rest } = own;
  const { fromVersion: version, ranges } = request;
  const isOver =
    isOvertaken({ outcome: "asked", version }, own.lease.version) &&
    overlaps(own.lease.ranges, ranges);
  return isOver ? rest : { ...rest, asked: { kind: "give", request } };
}

/** Every slot of the lease's ranges is held; others are dropped unless they are kept. */
export function follow(setting: Setting, own: Working, lease: Lease): Working {
  const holds = own.holds.map((hold, slot): Hold | undefined => {
    const isWanted = contains(lease.ranges, place(setting, slot).hash32);
    const isKept = hold?.letGo !== undefined && hold.run?.kept !== undefined;
    if (!isWanted) return isKept ? hold : undefined;
    if (hold === undefined || isOvertaken(hold.letGo, lease.version)) return {};
    return hold.isDropped === true && hold.letGo === undefined ? {} : hold;
  });
  return { ...own, lease, holds };
}

/** Takes up a slot's schedule as it is stored. */
export function readSchedule(setting: Setting, state: State, key: ProcessKey, slot: number): Run {
  const process = state[key];
  const schedule = scheduleOf(state, slot);
  const run: Run = {
    version: schedule.version,
    committed: schedule.watermark,
    done: schedule.watermark,
    position: schedule.watermark,
    rounds: [],
    notBefore: 0,
  };
  if (process.phase !== "owns" && process.phase !== "leaves") return run;
  const { hash32, schedule: timed } = place(setting, slot);
  const now = clockOf(setting.bounds, state, key);
  const asked = cutToWaitFor(process.lease.open, hash32, now, skewMaxMs(setting.bounds));
  if (asked === undefined) return run;
  const position = furthest(run.position, upTo(asked.cut));
  return isDoneBefore(timed, run.committed, asked.cut)
    ? { ...run, position }
    : { ...run, position, cut: asked };
}

/** What another has written is taken over: it may have gone further. */
export function caughtUp(run: Run, schedule: Schedule): Run {
  const committed = furthest(run.committed, schedule.watermark);
  return {
    ...run,
    version: schedule.version,
    committed,
    done: furthest(run.done, committed),
    position: furthest(run.position, committed),
  };
}
