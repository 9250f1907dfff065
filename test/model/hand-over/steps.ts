/**
 * Everything that may happen in a state: what processes do, what the rebalancer plans and starts,
 * what goes wrong, and time.
 *
 * What a running process has to do it does before time goes on; what it may do, it may.
 */
import { isHeld } from "#domain/lease.ts";
import { slotRange } from "#domain/range.ts";
import { needOf } from "#usecases/rebalance/need.ts";
import type { Step } from "../world.ts";
import { capture, commitOf, kept, lost, seal, sealing, send } from "./capturing.ts";
import {
  askGive,
  askRelease,
  beginLook,
  carryOut,
  endLook,
  forget,
  readAnswer,
} from "./handing.ts";
import { heartbeat, look, readSchedule, withProcess } from "./owning.ts";
import { withRun } from "./capturing.ts";
import { isSettled } from "./invariants.ts";
import {
  type Asked,
  type Faults,
  type Hand,
  type LeaseKey,
  type ProcessKey,
  type State,
  type Working,
} from "./state.ts";
import {
  applyCommit,
  applyMove,
  applyPromise,
  bereft,
  holderOfSlot,
  land,
  place,
  scheduleOf,
  type Setting,
} from "./store.ts";
import {
  clockOf,
  idOf,
  leaseKeyOf,
  letterOf,
  LONGEST_TIMEOUT_MS,
  moment,
  POOL,
  RELEASE_AHEADS_MS,
  skewMaxMs,
  TICK_MS,
} from "./times.ts";

export const GOES_ON = "goes on";

/** Longer than a lease, and than what a giver keeps. */
const PAUSE_MAX_TICKS = 6;

export type Happening = Step<State> & {
  /** Time doesn't go on before it has happened. */
  readonly isUrgent: boolean;
};

/** All steps of a state, those first that fair scheduling takes first. */
export function happenings(setting: Setting, state: State): Happening[] {
  const { bounds } = setting;
  const all: Happening[] = [];
  const add = (
    kind: "must" | "may" | "fault",
    label: () => string,
    next: State | undefined,
  ): void => {
    if (next === undefined) return;
    all.push({ label, next, isFault: kind === "fault", isUrgent: kind === "must" });
  };
  for (const key of bounds.processes) {
    const process = state[key];
    if (process.phase === "waiting")
      add("must", () => `${key} looks at its lease`, look(setting, state, key));
    if (process.phase === "owns" || process.phase === "leaves") {
      if (process.pausedAt !== undefined) {
        const isLong = state.now - process.pausedAt >= PAUSE_MAX_TICKS;
        add(isLong ? "must" : "may", () => `${key} ${GOES_ON}`, goOn(state, key));
      } else working(setting, state, key, add);
      if (process.asked !== undefined) store(state, key, process.asked, add);
    }
    faults(setting, state, key, add);
  }
  state.late.forEach((late, index) => {
    const who =
      late.kind === "commit"
        ? `the commit of ${late.by}`
        : `the ${late.kind} of ${late.request.owner}`;
    add("may", () => `${who} lands late (${index})`, land(setting, state, late));
  });
  rebalancer(setting, state, add);
  if (!all.some((each) => each.isUrgent) && !isSettled(setting, state))
    add("may", () => `time ${GOES_ON}`, { ...state, now: state.now + 1 });
  return all;
}

type Add = (kind: "must" | "may" | "fault", label: () => string, next: State | undefined) => void;

function goOn(state: State, key: ProcessKey): State {
  const process = state[key];
  if (process.phase !== "owns" && process.phase !== "leaves") return state;
  const { pausedAt: _over, ...going } = process;
  return withProcess(state, key, going);
}

function working(setting: Setting, state: State, key: ProcessKey, add: Add): void {
  const own = state[key];
  if (own.phase !== "owns" && own.phase !== "leaves") return;
  const { bounds } = setting;
  const now = clockOf(bounds, state, key);
  add("must", () => `${key} reads the answer`, readAnswer(setting, state, key));
  if (own.phase === "owns" && state.now > own.renewedAt && own.asked === undefined)
    add("must", () => `${key} renews`, heartbeat(setting, state, key, own));
  add("must", () => `${key} asks to give what is promised`, givesNow(setting, state, key, own));
  setting.places.forEach((_, slot) => {
    const hold = own.holds[slot];
    if (hold === undefined) return;
    const { run } = hold;
    if (run === undefined) {
      if (hold.letGo === undefined && hold.isDropped !== true)
        add(
          "must",
          () => `${key} reads slot ${slot}`,
          withProcess(state, key, withRun(own, slot, readSchedule(setting, state, key, slot))),
        );
      return;
    }
    add("must", () => `${key} captures slot ${slot}`, capture(setting, state, key, slot));
    if (run.look !== undefined)
      add(
        "must",
        () => `${key} looks at what it read of slot ${slot}`,
        endLook(setting, state, key, slot),
      );
    else if (run.cut !== undefined) {
      const isNews =
        scheduleOf(state, slot).version > run.version || now > run.cut.until + skewMaxMs(bounds);
      add(
        isNews ? "must" : "may",
        () => `${key} reads slot ${slot} for its cut`,
        beginLook(setting, state, key, slot),
      );
    }
    add("must", () => `${key} commits slot ${slot}`, send(setting, state, key, slot));
  });
  const seals = sealing(own, now);
  if (seals !== "none")
    add(seals, () => `${key} closes its chunk`, withProcess(state, key, seal(own, now)));
  if (own.chunks.sealed !== undefined)
    add("must", () => `${key}'s chunk is kept`, kept(state, key, own));
  add("must", () => `${key} forgets what it has finished`, forget(setting, state, key));
  if (own.phase === "owns" && state.choices.releases > 0) {
    const choices = { ...state.choices, releases: state.choices.releases - 1 };
    for (const aheadMs of RELEASE_AHEADS_MS)
      add(
        "may",
        () => `${key} asks to release, cut ${aheadMs / TICK_MS} ahead`,
        askRelease(setting, { ...state, choices }, key, aheadMs),
      );
  }
}

/** Promises are seen in a renewal: where nothing has been read yet there is nothing to give. */
function givesNow(
  setting: Setting,
  state: State,
  key: ProcessKey,
  own: Working,
): State | undefined {
  if (own.lease.giving.length === 0) return undefined;
  return askGive(setting, state, key);
}

/** A write reaches the store, whatever has become of who sent it. */
function store(state: State, key: ProcessKey, asked: Asked, add: Add): void {
  const done = carryOut(state, key, asked);
  if (done === undefined) return;
  add("must", () => `the ${asked.kind} of ${key} is carried out`, done.answered);
}

function faults(setting: Setting, state: State, key: ProcessKey, add: Add): void {
  const { bounds } = setting;
  const process = state[key];
  const left = (kind: keyof Omit<Faults, "overdue">): boolean =>
    state.faults[kind] < bounds.faults[kind];
  if (process.phase === "waiting" && left("crash"))
    add("fault", () => `${key} dies`, blamed(withProcess(state, key, { phase: "dead" }), "crash"));
  if (process.phase !== "owns" && process.phase !== "leaves") return;
  const without = bereft(setting, state, key);
  if (left("crash")) {
    const dead = blamed(withProcess(without, key, { phase: "dead" }), "crash");
    add("fault", () => `${key} dies`, dead);
    if (process.asked !== undefined && process.asked.answer === undefined) {
      const { kind, request } = process.asked;
      const wish = kind === "release" ? { kind, request } : { kind, request };
      add("fault", () => `${key} dies, its ${kind} on its way`, {
        ...dead,
        late: [...state.late, wish],
      });
    }
  }
  if (left("pause") && process.pausedAt === undefined)
    add(
      "fault",
      () => `${key} stands still`,
      blamed(withProcess(without, key, { ...process, pausedAt: state.now }), "pause"),
    );
  if (process.chunks.sealed !== undefined && left("chunk") && process.pausedAt === undefined)
    add(
      "fault",
      () => `${key}'s chunk can't be kept`,
      blamed(withProcess(without, key, lost(process)), "chunk"),
    );
  answers(state, key, process, { add, left });
  commits(setting, state, key, { own: process, add, left });
}

interface Fate {
  readonly add: Add;
  left(kind: keyof Omit<Faults, "overdue">): boolean;
}

/** Letting go: the answer is lost, or there is none and the write is still on its way. */
function answers(state: State, key: ProcessKey, own: Working, { add, left }: Fate): void {
  const { asked } = own;
  if (asked === undefined || asked.answer !== undefined) return;
  const done = carryOut(state, key, asked);
  if (left("lost") && done !== undefined && done.unanswered !== state)
    add(
      "fault",
      () => `the ${asked.kind} of ${key} is carried out, the answer lost`,
      blamed(done.unanswered, "lost"),
    );
  if (!left("late")) return;
  const answered = { ...own, asked: { ...asked, answer: "none" } } as Working;
  const wish =
    asked.kind === "release"
      ? { kind: asked.kind, request: asked.request }
      : { kind: asked.kind, request: asked.request };
  const late = { ...withProcess(state, key, answered), late: [...state.late, wish] } as State;
  const blame = blamed(late, "late");
  // Who gets no answer to a release drops what it has: its successor does it again.
  const owed = asked.kind === "release" ? blamed(blame, "overdue") : blame;
  add("fault", () => `the ${asked.kind} of ${key} has no answer`, owed);
}

function commits(
  setting: Setting,
  state: State,
  key: ProcessKey,
  { own, add, left }: Fate & { readonly own: Working },
): void {
  if (own.pausedAt !== undefined) return;
  setting.places.forEach((_, slot) => {
    const request = commitOf(setting, key, own, slot);
    if (request === undefined) return;
    const sender = { by: key, kept: own.holds[slot]?.run?.kept };
    const { result, state: next } = applyCommit(setting, state, request, sender);
    if (left("lost") && result.kind === "committed" && next !== state)
      add(
        "fault",
        () => `${key}'s commit of slot ${slot} is applied, the answer lost`,
        blamed(next, "lost"),
      );
    if (left("late")) {
      const late = { kind: "commit" as const, request, ...sender };
      add(
        "fault",
        () => `${key}'s commit of slot ${slot} has no answer`,
        blamed({ ...state, late: [...state.late, late] }, "late"),
      );
    }
  });
}

function blamed(state: State, kind: keyof Faults): State {
  return { ...state, faults: { ...state.faults, [kind]: state.faults[kind] + 1 } };
}

// the rebalancer -----------------------------------------------------------------------------

function rebalancer(setting: Setting, state: State, add: Add): void {
  for (const key of setting.bounds.leases) {
    const free = setting.bounds.processes.find(
      (process) => leaseKeyOf(process) === key && state[process].phase === "not started",
    );
    if (free === undefined) continue;
    const next = (): State => withProcess(state, free, { phase: "waiting" });
    if (isNeeded(setting, state, key)) add("must", () => `${free} is started`, next());
    else if (state.choices.starts > 0) {
      const choices = { ...state.choices, starts: state.choices.starts - 1 };
      add("may", () => `${free} is started unasked`, { ...next(), choices });
    }
  }
  for (const hand of state.choices.hands) plan(setting, state, hand, add);
}

/** Whether a collector is to be started for a lease now: none that waits for it is known. */
function isNeeded(setting: Setting, state: State, key: LeaseKey): boolean {
  const lease = state[key];
  if (lease === undefined) return false;
  const { bounds } = setting;
  const isWaiting = bounds.processes.some(
    (process) => leaseKeyOf(process) === key && state[process].phase === "waiting",
  );
  if (isWaiting) return false;
  const need = needOf(lease, {
    skewMaxMs: skewMaxMs(bounds),
    longestTimeoutMs: LONGEST_TIMEOUT_MS,
    aheadMs: 0,
  });
  return need !== undefined && need.at <= moment(state.now);
}

/** A hand-over is planned: promised by an owner, moved at once where nobody owns the lease. */
export function plan(setting: Setting, state: State, hand: Hand, add: Add): void {
  if (holderOfSlot(setting, state, hand.slot) !== hand.from) return;
  const from = state[hand.from];
  const to = state[hand.to];
  if (from === undefined || to === undefined) return;
  const { slot } = place(setting, hand.slot);
  const ranges = [slotRange(slot, setting.bounds.slotsLog2)];
  const request = {
    pool: POOL,
    from: from.id,
    fromVersion: from.version,
    to: idOf(hand.to),
    toVersion: to.version,
    ranges,
    now: moment(state.now),
    skewMaxMs: skewMaxMs(setting.bounds),
  };
  const choices = { ...state.choices, hands: state.choices.hands.filter((each) => each !== hand) };
  const what = `slot ${hand.slot} from ${letterOf(hand.from)} to ${letterOf(hand.to)}`;
  if (isHeld(from, request.now, request.skewMaxMs)) {
    add(
      "may",
      () => `the rebalancer promises ${what}`,
      applyPromise({ ...state, choices }, request),
    );
  } else
    add(
      "may",
      () => `the rebalancer moves ${what}`,
      applyMove({ ...state, choices: { ...choices, moved: choices.moved + 1 } }, request),
    );
}
