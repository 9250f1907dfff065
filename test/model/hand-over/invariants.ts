/** What must hold in every state of a hand-over: DESIGN, section 4. */
import { contains } from "#domain/range.ts";
import { compareWatermarks } from "#domain/watermark.ts";
import { LEASES, SCHEDULES, type Faults, type State } from "./state.ts";
import { place, scheduleOf, truthOf, type Setting } from "./store.ts";
import { firstAfter, moment } from "./times.ts";

export function broken(
  setting: Setting,
  before: State | undefined,
  state: State,
): string | undefined {
  if (state.now > setting.bounds.ticksMax)
    return `something is still not settled after ${setting.bounds.ticksMax} ticks`;
  return (
    (before === undefined ? undefined : backward(before, state)) ?? eachSlot(setting, before, state)
  );
}

/** Epochs, versions and watermarks only grow. */
function backward(before: State, state: State): string | undefined {
  for (const key of LEASES) {
    const a = before[key];
    const b = state[key];
    if (a === b || a === undefined || b === undefined) continue;
    if (b.epoch < a.epoch) return `the epoch of ${key} went back from ${a.epoch} to ${b.epoch}`;
    if (b.version < a.version) return `the version of ${key} went back`;
  }
  for (const key of SCHEDULES) {
    const a = before[key];
    const b = state[key];
    if (a === b || a === undefined || b === undefined) continue;
    if (b.epoch < a.epoch)
      return `after a commit under epoch ${a.epoch} one under ${b.epoch} succeeded in ${key}`;
    if (compareWatermarks(b.watermark, a.watermark) < 0) return `the watermark of ${key} went back`;
    if (b.epoch === a.epoch && a.by !== undefined && b.by !== a.by)
      return `${a.by} and ${b.by} both committed under epoch ${b.epoch} in ${key}`;
    if (b.version <= a.version) return `a commit left the version of ${key} as it was`;
  }
  return undefined;
}

function eachSlot(setting: Setting, before: State | undefined, state: State): string | undefined {
  for (const [slot, { hash32 }] of setting.places.entries()) {
    const holders = LEASES.filter((key) => contains(state[key]?.ranges ?? [], hash32));
    const [holder] = holders;
    if (holder === undefined || holders.length > 1)
      return `slot ${slot} is in ${holders.length} leases`;
    const schedule = scheduleOf(state, slot);
    const epoch = state[holder]?.epoch ?? 0;
    if (schedule.epoch > epoch)
      return `slot ${slot} was committed under epoch ${schedule.epoch}, above ${epoch} of the lease that has it`;
    const wrong = kept(setting, state, slot) ?? captured(setting, before, state, slot);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** A watermark passes only what is durable, or recorded as missed. */
function kept(setting: Setting, state: State, slot: number): string | undefined {
  const truth = truthOf(state, slot);
  const committed = firstAfter(place(setting, slot), scheduleOf(state, slot).watermark);
  for (let round = 0; round < committed; round += 1) {
    if (truth.samples[round]?.length === 0 && truth.missed[round] === false)
      return `round ${round} of slot ${slot} is committed, and neither a durable sample nor a record that it was missed exists`;
  }
  return undefined;
}

function captured(
  setting: Setting,
  before: State | undefined,
  state: State,
  slot: number,
): string | undefined {
  const { bounds } = setting;
  const earlier = before === undefined ? undefined : truthOf(before, slot);
  const truth = truthOf(state, slot);
  if (earlier === undefined || earlier === truth || bounds.isSafetyOnly === true) return undefined;
  const isUndisturbed = faultsOf(state.faults) === 0 && state.choices.moved === 0;
  const { instants } = place(setting, slot);
  for (const [round, by] of truth.started.entries()) {
    if (by.length <= (earlier.started[round]?.length ?? 0)) continue;
    if (by.length > 1)
      return `round ${round} of slot ${slot} is captured by ${by.join(" and by ")}, and was not lost`;
    if (round < earlier.rightfully && bounds.skews === undefined && state.faults.overdue === 0)
      return `round ${round} of slot ${slot} is captured again though it was committed in time`;
    const lateTicks = (moment(state.now) - (instants[round] ?? 0)) / 1_000;
    if (isUndisturbed && bounds.skews === undefined && lateTicks > 0)
      return `round ${round} of slot ${slot} is captured ${lateTicks} ticks late though nothing went wrong`;
  }
  if (isUndisturbed && bounds.skews === undefined && truth.missed.includes(true))
    return `a round of slot ${slot} is missed though nothing went wrong`;
  return undefined;
}

function faultsOf({ crash, pause, chunk, late, lost }: Faults): number {
  return crash + pause + chunk + late + lost;
}

/** Everything due is committed, and no promise, write or cut is waited for. */
export function isSettled(setting: Setting, state: State): boolean {
  for (const [slot, at] of setting.places.entries()) {
    if (moment(state.now) < at.lastAt) return false;
    if (firstAfter(at, scheduleOf(state, slot).watermark) < at.instants.length) return false;
  }
  for (const key of setting.bounds.leases) {
    const lease = state[key];
    if (lease?.holder !== undefined && lease.giving.length > 0) return false;
  }
  return setting.bounds.processes.every((key) => {
    const process = state[key];
    if (process.phase === "waiting") return process.first !== undefined;
    if (process.phase !== "owns" && process.phase !== "leaves") return true;
    return (
      process.pausedAt === undefined &&
      process.asked === undefined &&
      process.holds.every((hold) => hold?.run?.cut === undefined)
    );
  });
}
