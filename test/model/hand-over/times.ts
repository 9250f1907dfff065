/** Time in ticks, the protocol's times as a few of them, and the cadence that everything has. */
import type { Cadence } from "#domain/cadence.ts";
import type { TimedTarget } from "#domain/due.ts";
import { leaseId, type LeaseId, type Owner } from "#domain/lease.ts";
import { emptyMinute, emptyProgress, type Progress } from "#domain/progress.ts";
import { slotRange } from "#domain/range.ts";
import { instantShift, nextRound, windowMs } from "#domain/instant.ts";
import type { ScheduleKey } from "#domain/round.ts";
import { slot as slotNumber, slotWidth, type Slot } from "#domain/slot.ts";
import { durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import type { SuccessionTimes } from "#domain/succession.ts";
import { isAfter, type Watermark } from "#domain/watermark.ts";
import { LEASES, type Bounds, type LeaseKey, type ProcessKey, type State } from "./state.ts";

export const POOL = "model";
export const TICK_MS = 1_000;
export const T0 = epochMs(1_800_000_000_000);

export const TTL_MS = 3 * TICK_MS;
export const HEARTBEAT_MS = TICK_MS;
export const CHUNK_EVERY_MS = TICK_MS;
export const LONGEST_TIMEOUT_MS = TICK_MS;
export const COMMIT_TIME_MS = TICK_MS;
/** How far ahead a give's cut lies: one heartbeat. */
export const GIVE_AHEAD_MS = TICK_MS;
export const START_AHEAD_MS = TICK_MS;
/** A release at an invocation's deadline lets its successor look first; one that is idle doesn't. */
export const RELEASE_AHEADS_MS = [0, TICK_MS] as const;
export const FAR_MS = 1_000 * TICK_MS;

const COUNTS = { ...emptyMinute(0), lateness: [] };
/** Nobody decides by it: always the same. */
export const PROGRESS: Progress = { ...emptyProgress(T0), current: COUNTS, previous: COUNTS };
/** Invocations outlast the world. */
export const DEADLINE = epochMs(T0 + FAR_MS);

export function moment(ticks: number): EpochMs {
  return epochMs(T0 + ticks * TICK_MS);
}

/** What a process takes for now. */
export function clockOf(bounds: Bounds, state: State, process: ProcessKey): EpochMs {
  return moment(state.now + (bounds.skews?.[process] ?? 0));
}

export function skewMaxMs(bounds: Bounds): number {
  return bounds.skewMaxTicks * TICK_MS;
}

export function slackMs(bounds: Bounds): number {
  return (bounds.slackTicks ?? 0) * TICK_MS;
}

export function leaseKeyOf(process: ProcessKey): LeaseKey {
  const key = LEASES.find((lease) => letterOf(lease) === process.charAt(0));
  if (key === undefined) throw new RangeError(`no lease for ${process}`);
  return key;
}

const IDS: Readonly<Record<LeaseKey, LeaseId>> = {
  leaseA: leaseId(1),
  leaseB: leaseId(2),
  leaseC: leaseId(3),
};

export function idOf(lease: LeaseKey): LeaseId {
  return IDS[lease];
}

export function keyOf(id: LeaseId): LeaseKey {
  return LEASES.find((key) => IDS[key] === id) ?? "leaseA";
}

export function letterOf(lease: LeaseKey): string {
  return lease.slice(-1);
}

export function ownerOf(process: ProcessKey): Owner {
  return process as string as Owner;
}

export function successionTimes(bounds: Bounds, now: EpochMs): SuccessionTimes {
  return {
    now,
    ttlMs: TTL_MS,
    heartbeatEveryMs: HEARTBEAT_MS,
    skewMaxMs: skewMaxMs(bounds),
    longestTimeoutMs: LONGEST_TIMEOUT_MS,
    // Whoever is started waits: how long an owner may still stay is not what is looked at here.
    patienceMs: 10 * FAR_MS,
  };
}

/** Where a slot's rounds lie, made once. */
export interface Place {
  readonly slot: Slot;
  readonly schedule: ScheduleKey;
  readonly target: TimedTarget;
  readonly hash32: number;
  /** When each round's capture is due. */
  readonly instants: readonly EpochMs[];
  /** The last moment that anything is due at. */
  readonly lastAt: EpochMs;
}

export function placesOf(bounds: Bounds): readonly Place[] {
  return bounds.begins.map((_, index) => {
    const slot = slotNumber(index, bounds.slotsLog2);
    const cadence: Cadence = {
      kind: "every",
      periodMs: durationMs(bounds.periodTicks * TICK_MS),
    };
    const window = windowMs(cadence, bounds.slotsLog2);
    const offset = (bounds.shiftTicks * TICK_MS * slotWidth(bounds.slotsLog2)) / window;
    const shift = instantShift(cadence, slot, bounds.slotsLog2, offset);
    const instants: EpochMs[] = [];
    let at = epochMs(T0 - 1);
    for (let round = 0; round < bounds.rounds; round += 1) {
      at = nextRound(cadence, slot, bounds.slotsLog2, at)?.at ?? at;
      instants.push(epochMs(at + shift));
    }
    return {
      slot,
      schedule: { cadence, slot, slotsLog2: bounds.slotsLog2 },
      target: { offset, shift, registeredAt: T0 },
      hash32: slotRange(slot, bounds.slotsLog2).from,
      instants,
      lastAt: epochMs(at + shift),
    };
  });
}

/** Number of the first round that a watermark has not passed. */
export function firstAfter(at: Place, watermark: Watermark): number {
  const found = at.instants.findIndex((each) => isAfter(each, at.target.offset, watermark));
  return found === -1 ? at.instants.length : found;
}
