/**
 * The end of a collector: it lets go of the lease, finishes what it keeps, and makes all durable.
 *
 * Who has nothing to do and is given something before the release is written stays.
 *
 * Holds: what is kept is committed without delay, under the epoch it had; what can't end in time is
 *        abandoned uncommitted, for the next owner; nothing is forgotten that may still be ours.
 * Source: DESIGN, section 4, "Hand-over at a moment".
 */
import { readingMs } from "#domain/lease-times.ts";
import { mayForget } from "#domain/letting-go.ts";
import { limits } from "#domain/limits.ts";
import { countSlots } from "#domain/range.ts";
import { after } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import type { Committer } from "./committer.ts";
import type { Control } from "./control.ts";
import { countOpen, isLetGo, releaseLease } from "./letting-go.ts";
import { requestPolls } from "./request-polls.ts";
import type { Requests } from "./requests.ts";
import type { CollectEnding } from "./settings.ts";
import { dropSlot, isOwned } from "./slots.ts";
import { runsOf, type CollectorState, type SlotHold } from "./state.ts";

/** How often what is kept is looked after. */
const STEP_MS = 50;
/** A release that was refused is decided anew this many times. */
const RELEASE_ATTEMPTS_MAX = 5;
/** How long captures on request that are under way hold up letting go: of what is left before the deadline. */
const REQUESTS_END_MS = 1_500;
/** What a stopped collector's open captures get before they are abandoned. */
const STOP_GRACE_MS = 4_000;

export interface Leaver {
  readonly state: CollectorState;
  readonly commits: Committer;
  readonly control: Control;
  readonly requests: Requests;
}

/**
 * Lets go of the lease, finishes what is kept, and makes everything durable; answers what was abandoned.
 *
 * `stays` when it has let go of nothing.
 *
 * @param isToStay asked when the release was refused: the lease has changed, and may bring work.
 */
export async function leave(
  collector: Leaver,
  ending: CollectEnding,
  isToStay: () => boolean,
): Promise<number | "stays"> {
  const { state, commits } = collector;
  const { clock, log } = state.deps;
  state.leaving = true;
  const holds = [...state.slots.values()];
  const how =
    ending === "lost" || ending === "failed" ? "lost" : await released(collector, ending, isToStay);
  if (how === "stays") {
    state.leaving = false;
    return how;
  }
  if (how === "lost") {
    const abandoned = countOpen(holds);
    for (const hold of holds) dropSlot(state, hold);
    await state.writer.flush();
    return abandoned;
  }
  const graceEndsAt = after(
    clock.now(),
    ending === "stopped" ? STOP_GRACE_MS : limits.timeoutMaxMs * 2,
  );
  const polls = requestPolls(state, collector.requests);
  while (isKeeping(state) && clock.now() < graceEndsAt && clock.now() < state.deadlineAt) {
    // Nothing more will come to fill the chunk: what is kept is committed without delay.
    if (state.inFlight === 0) state.writer.seal();
    commits.tend();
    polls.tend(clock.now());
    letKeptGo(state);
    await sleep(clock, STEP_MS);
  }
  const abandoned = countOpen([...state.slots.values()]);
  if (abandoned > 0)
    log.warn("captures still open are abandoned, uncommitted; the next owner does them again", {
      captures: abandoned,
    });
  for (const hold of [...state.slots.values()]) dropSlot(state, hold);
  await state.writer.flush();
  return abandoned;
}

function isKeeping(state: CollectorState): boolean {
  return [...state.slots.values()].some((hold) => !isLetGo(state, hold));
}

/**
 * What was taken up of requests is committed first: the next owner captures whatever it finds asked
 * for. What takes longer than this, or wasn't started, is left to it.
 */
async function endRequests({ state, commits, requests }: Leaver): Promise<void> {
  const { clock, log } = state.deps;
  const until = after(clock.now(), REQUESTS_END_MS);
  const stepsMax = Math.ceil(REQUESTS_END_MS / STEP_MS);
  for (let step = 0; step < stepsMax && requests.open() > 0 && clock.now() < until; step += 1) {
    if (runsOf(state).every((run) => run.asked === 0)) state.writer.seal();
    commits.tend();
    try {
      await requests.finish();
    } catch (error) {
      log.warn("a request could not be removed; the next owner captures it again", { error });
      return;
    }
    await sleep(clock, STEP_MS);
  }
}

async function released(
  collector: Leaver,
  ending: CollectEnding,
  isToStay: () => boolean,
): Promise<"released" | "lost" | "stays"> {
  const { state } = collector;
  await endRequests(collector);
  const slots = countSlots(state.lease.ranges, state.slotsLog2);
  const aheadMs = ending === "deadline" ? limits.releaseCutAheadMs + readingMs(slots) : 0;
  for (let attempt = 1; attempt <= RELEASE_ATTEMPTS_MAX; attempt += 1) {
    const result = await releaseLease(state, aheadMs);
    if (result === "released") return "released";
    if (result === "lost" || (await collector.control.heartbeat()) === "lost") return "lost";
    if (isToStay()) return "stays";
  }
  return "lost";
}

/** Slots that were let go and whose kept captures are committed are forgotten; tells if one is ours again. */
export function letKeptGo(state: CollectorState): boolean {
  let isBack = false;
  for (const hold of [...state.slots.values()]) {
    if (!mayBeForgotten(state, hold)) continue;
    dropSlot(state, hold);
    isBack ||= !state.leaving && isOwned(state, hold.slot);
  }
  return isBack;
}

function mayBeForgotten(state: CollectorState, hold: SlotHold): boolean {
  if (hold.letGo === undefined || !isLetGo(state, hold)) return false;
  return state.leaving || mayForget(hold.letGo);
}
