/**
 * The owner's side of the lease: heartbeats, and what each renewal brings.
 *
 * Gained ranges are taken up, promised ranges are given, and what a lost range had open is dropped.
 *
 * Holds: the lease never seems longer to its owner than to others (counted from before the request).
 * Source: DESIGN, section 4, "A collector".
 */
import type { Lease } from "#domain/lease.ts";
import { formatLoads, loadPiece, type LoadPiece } from "#domain/load.ts";
import { normalise, slotsIn, type RangeSet } from "#domain/range.ts";
import { after, between, type EpochMs } from "#domain/units.ts";
import { giveRanges, isKeptAlready, settleGive } from "./giving.ts";
import { oldestUncommitted } from "./rounds.ts";
import { followRanges, readSchedules, retakeSlot } from "./slots.ts";
import { runsOf, type CollectorState, type SlotHold } from "./state.ts";

export interface Control {
  /** Renews; `lost` when another has the lease, or nobody. */
  heartbeat(): Promise<"renewed" | "lost" | "unanswered">;
  /** Takes up what the lease has now: at the start, and after every change. */
  follow(lease: Lease): Promise<void>;
}

export function control(state: CollectorState): Control {
  let loadsWritten = "";
  /** Since when it lags, as last told; undefined when it didn't. */
  let behindSince: EpochMs | undefined;

  function told(now: EpochMs): Backlog {
    const seen = backlog(state);
    // A slot that is read again has no runs for a moment: it lags no less than before.
    const isBlind = [...state.slots.values()].some((hold) => hold.unread);
    const knownMs = isBlind && behindSince !== undefined ? between(behindSince, now) : 0;
    const lagMs = Math.max(seen.lagMs, knownMs);
    behindSince = lagMs > 0 ? after(now, -lagMs) : undefined;
    return { ...seen, lagMs };
  }

  async function heartbeat(): Promise<"renewed" | "lost" | "unanswered"> {
    const { clock, leases, log, settings } = state.deps;
    const sentAt = clock.now();
    const loads = measuredLoads(state);
    const text = formatLoads(loads);
    try {
      const result = await leases.renew({
        pool: state.pool,
        id: state.lease.id,
        owner: state.owner,
        sentAt,
        ttlMs: settings.ttlMs,
        progress: state.counters.progress(sentAt, told(sentAt)),
        ...(text !== loadsWritten && { loads }),
      });
      if (result.kind === "lost") return "lost";
      state.expiresAt = after(sentAt, settings.ttlMs);
      // After our clock was set back the store keeps the later expiry, and takes nothing else either.
      if (result.lease.holder?.expiresAt === state.expiresAt) loadsWritten = text;
      await follow(result.lease);
      return "renewed";
    } catch (error) {
      log.warn("a heartbeat had no answer", {
        lease: state.lease.id,
        expiresAt: state.expiresAt,
        error,
      });
      return "unanswered";
    }
  }

  async function follow(lease: Lease): Promise<void> {
    const isNew = lease.version !== state.lease.version;
    state.lease = lease;
    const unread = followRanges(state, slotsIn(lease.ranges, state.slotsLog2));
    if (unread.length > 0) await readAll(state, unread);
    if (isNew || lease.giving.length > 0 || state.unanswered !== undefined)
      await givePromised(state);
  }

  return { heartbeat, follow };
}

/** Gives what is promised, one taker at a time; a refusal is decided anew after the next heartbeat. */
async function givePromised(state: CollectorState): Promise<void> {
  if (state.leaving || !(await settleGive(state))) return;
  const takers = new Set(state.lease.giving.map((giving) => giving.to));
  for (const to of takers) {
    const ranges = normalise(
      state.lease.giving.filter((giving) => giving.to === to).map((giving) => giving.range),
    );
    if (isKeptAlready(state, ranges) || isServing(state, ranges)) continue;
    const lease = await giveRanges(state, to, ranges);
    if (lease === undefined) return;
    state.lease = lease;
  }
}

/** Whether captures on request are under way there: they are committed first, and no more taken up. */
function isServing(state: CollectorState, ranges: RangeSet): boolean {
  return slotsIn(ranges, state.slotsLog2).some((slot) => (state.slots.get(slot)?.pins ?? 0) > 0);
}

/** Reads the schedules of slots just taken up; targets follow when their rounds come near. */
export async function readAll(state: CollectorState, holds: readonly SlotHold[]): Promise<void> {
  await Promise.all(
    holds.map(async (hold) => {
      try {
        await readSchedules(state, hold);
      } catch (error) {
        retakeSlot(hold);
        state.deps.log.warn(
          "a slot's schedules could not be read; they are read again at the next heartbeat",
          { slot: hold.slot, error },
        );
      }
    }),
  );
}

interface Backlog {
  readonly lagMs: number;
  readonly backlogRounds: number;
  readonly waiting: number;
}

/** Lag, backlog and waiting work, by what is known now: see domain/lag.ts for what they mean. */
function backlog(state: CollectorState): Backlog {
  const now = state.deps.clock.now();
  let lagMs = 0;
  let backlogRounds = 0;
  for (const run of runsOf(state)) {
    const entries = run.entries;
    const oldest = entries === undefined ? run.wakeAt : oldestUncommitted(run, entries, now);
    if (oldest === undefined || oldest > now) continue;
    lagMs = Math.max(lagMs, now - oldest);
    backlogRounds += Math.max(1, run.rounds.length);
  }
  return { lagMs, backlogRounds, waiting: state.late.waiting() };
}

function measuredLoads(state: CollectorState): LoadPiece[] {
  return state.lease.ranges.map((range) =>
    loadPiece(
      range,
      slotsIn([range], state.slotsLog2).map((slot) => state.slots.get(slot)?.load ?? 0),
    ),
  );
}
