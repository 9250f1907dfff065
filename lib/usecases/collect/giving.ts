/**
 * Giving promised ranges to another lease while ours goes on.
 *
 * In:    the taker, the ranges promised to it              Out: our lease as it stands after
 * Holds: what is kept is named before the write is sent. A give that has no answer is asked for again
 *        in the same words, once with each heartbeat, so that it holds up none; as long as it is
 *        unknown nothing else is given, and nothing due from the cut on is started.
 * Fails: DependencyError, when the taker can't be read.
 * Source: DESIGN, section 4, "Hand-over at a moment", "The giver".
 */
import type { Lease, LeaseId } from "#domain/lease.ts";
import { readingMs } from "#domain/lease-times.ts";
import { answerToGive, isOvertaken } from "#domain/letting-go.ts";
import { limits } from "#domain/limits.ts";
import { overlaps, rangesOfSlots, slotsIn, type RangeSet } from "#domain/range.ts";
import { answered, keep, keepOn, landed } from "./letting-go.ts";
import { dropSlot } from "./slots.ts";
import { runsOf, type AskedGive, type CollectorState } from "./state.ts";

/** Gives what was promised to one lease; answers the lease as it stands after, if it changed. */
export async function giveRanges(
  state: CollectorState,
  to: LeaseId,
  ranges: RangeSet,
): Promise<Lease | undefined> {
  const { leases, clock, log, settings } = state.deps;
  const taker = await leases.findLease(state.pool, to);
  if (taker === undefined) {
    const cancelled = await leases.cancel({
      pool: state.pool,
      id: state.lease.id,
      version: state.lease.version,
      ranges,
    });
    log.info("a promise names a lease that is gone; it is dropped", { lease: state.lease.id, to });
    return cancelled.kind === "cancelled" ? cancelled.lease : undefined;
  }
  const now = clock.now();
  const isRunning = taker.holder !== undefined && now < taker.holder.expiresAt;
  const slots = slotsIn(ranges, state.slotsLog2);
  const usualMs = isRunning ? limits.giveCutAheadMs : limits.startCutAheadMs;
  const kept = keep(state, slots, usualMs + readingMs(slots.length));
  const request = {
    pool: state.pool,
    from: state.lease.id,
    owner: state.owner,
    fromVersion: state.lease.version,
    to,
    toVersion: taker.version,
    ranges,
    open: kept.open,
    now,
    skewMaxMs: settings.skewMaxMs,
  };
  return await askToGive(state, { request, holds: kept.holds });
}

/**
 * Asks again for a give that had no answer: it may land at any time, until it is refused. Once another
 * write has raised the version it can't, and what is ours still was taken up anew.
 *
 * @returns whether nothing is unknown any more
 */
export async function settleGive(state: CollectorState): Promise<boolean> {
  const { unanswered } = state;
  if (unanswered === undefined) return true;
  const { ranges, fromVersion: version } = unanswered.request;
  if (
    isOvertaken({ outcome: "asked", version }, state.lease.version) &&
    overlaps(state.lease.ranges, ranges)
  ) {
    state.unanswered = undefined;
    return true;
  }
  const lease = await askToGive(state, unanswered);
  if (lease !== undefined) state.lease = lease;
  return state.unanswered === undefined;
}

async function askToGive(state: CollectorState, asked: AskedGive): Promise<Lease | undefined> {
  const { leases, log } = state.deps;
  const { request, holds } = asked;
  const result = await answered(state, 1, () => leases.give(request));
  state.unanswered = result === undefined ? asked : undefined;
  switch (answerToGive(result, request)) {
    case "landed":
      landed(holds, request.fromVersion);
      log.info("gave slots without a pause", {
        lease: state.lease.id,
        to: request.to,
        slots: slotsIn(request.ranges, state.slotsLog2).length,
        cut: holds.flatMap((hold) => [...hold.runs.values()])[0]?.kept?.cut,
      });
      return result?.from;
    case "ours again":
      keepOn(state, holds);
      return result?.from;
    case "lost":
      for (const hold of holds) if (state.slots.get(hold.slot) === hold) dropSlot(state, hold);
      return undefined;
    case "unknown":
      return undefined;
  }
}

/** Whether ranges overlap what was already let go and is still kept. */
export function isKeptAlready(state: CollectorState, ranges: RangeSet): boolean {
  return runsOf(state).some(
    (run) => run.kept !== undefined && overlaps(rangesOfSlots([run.slot], state.slotsLog2), ranges),
  );
}
