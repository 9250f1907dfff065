/**
 * A pool of two to four leases and everybody who changes them: two rebalancers, three collectors.
 *
 * Time is whole ticks; each clock is some ticks off. Lease number n is component `l<n>`.
 */
import { cadenceKey } from "#domain/cadence.ts";
import type { Fleet } from "#domain/fleet.ts";
import {
  leaseId,
  newLease,
  type Holder,
  type Lease,
  type LeaseId,
  type Owner,
} from "#domain/lease.ts";
import { emptyProgress } from "#domain/progress.ts";
import { rangesOfSlots, type RangeSet } from "#domain/range.ts";
import { newSchedule, type Schedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import { after, durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import type { Sent, Write } from "./store.ts";

export const POOL = "p";
export const TICK_MS = 1_000;
const CADENCE = cadenceKey({ kind: "every", periodMs: durationMs(TICK_MS) });
export const T0 = epochMs(1_000_000);
/** Progress is a measurement: one for all, so that nothing is told apart by it. */
export const PROGRESS = emptyProgress(T0);
/** No invocation ends in the time that a world lasts. */
export const DEADLINE = after(T0, 1_000_000 * TICK_MS);
/** A lease in which nothing is due any more; within what a date can be. */
export const FAR_MS = 1_000 * TICK_MS;

export const COLLECTORS = ["x", "twin", "y"] as const;
export type CollectorKey = (typeof COLLECTORS)[number];
export const REBALANCERS = ["r1", "r2"] as const;
export type RebalancerKey = (typeof REBALANCERS)[number];
export type Actor = CollectorKey | RebalancerKey;

export const LEASES = ["l1", "l2", "l3", "l4"] as const;
export type LeaseKey = (typeof LEASES)[number];
export const SCHEDULES = ["s0", "s1", "s2", "s3"] as const;

/** A slot that a give or release, which had no answer, may have let go. */
export interface LetGo {
  readonly slot: Slot;
  readonly version: number;
}

/** A write that had no answer. */
export interface Asking {
  readonly write: Write;
  /** What its sender doesn't know: whether it was carried out, and the lease's version by that. */
  readonly appliedAt: number | undefined;
}

/** What a collector knows of its lease; of its heartbeats only when they end. */
export type Known = Pick<Lease, "id" | "ranges" | "epoch" | "version" | "giving">;

export type Collector =
  /** Never started, or ended; `born` counts its lives. */
  | { readonly kind: "none"; readonly born: number }
  | {
      readonly kind: "started";
      readonly born: number;
      readonly lease: LeaseId;
      readonly asking?: Asking;
    }
  | {
      readonly kind: "owns";
      readonly born: number;
      readonly lease: Known;
      readonly expiresAt: EpochMs;
      readonly isPaused: boolean;
      readonly letGo: readonly LetGo[];
      readonly asking?: Asking;
    };

/** What was read: the lease and which of its number's lives that was. */
export interface Seen {
  readonly lease: Lease;
  readonly life: number;
}

export type Rebalancer =
  | { readonly kind: "idle" }
  /** A read of several pages is not atomic. */
  | { readonly kind: "reading"; readonly fleet: Fleet; readonly seen: readonly Seen[] }
  | {
      readonly kind: "planned";
      readonly fleet: Fleet;
      readonly seen: readonly Seen[];
      readonly asking?: Write;
    };

/** How much of each is left. */
export interface Left {
  readonly late: number;
  readonly lost: number;
  readonly crash: number;
  readonly pause: number;
  readonly reads: number;
  readonly plans: number;
  readonly starts: number;
  readonly leaves: number;
}

/** Of each lease number: how often it was made, and the last epoch of its earlier lives. */
export interface Lives {
  readonly made: readonly number[];
  readonly peaks: readonly number[];
}

export interface State {
  readonly tick: number;
  readonly fleet: Fleet;
  readonly l1: Lease | undefined;
  readonly l2: Lease | undefined;
  readonly l3: Lease | undefined;
  readonly l4: Lease | undefined;
  readonly s0: Schedule | undefined;
  readonly s1: Schedule | undefined;
  readonly s2: Schedule | undefined;
  readonly s3: Schedule | undefined;
  readonly r1: Rebalancer;
  readonly r2: Rebalancer;
  readonly x: Collector;
  readonly twin: Collector;
  readonly y: Collector;
  readonly flying: readonly Sent[];
  readonly left: Left;
  readonly lives: Lives;
  /** What didn't hold within a step. */
  readonly alarm: string | undefined;
}

export const COMPONENTS: readonly (keyof State)[] = [
  "tick",
  "fleet",
  ...LEASES,
  ...SCHEDULES,
  ...REBALANCERS,
  ...COLLECTORS,
  "flying",
  "left",
  "lives",
  "alarm",
];

export type Plans = "move" | "promise" | "cancel" | "add" | "remove";

export interface Bounds {
  readonly name: string;
  readonly slotsLog2: number;
  /** Slots of lease 1, 2, …; who owns it at first, if somebody does. */
  readonly leases: readonly {
    readonly slots: readonly number[];
    readonly owner?: CollectorKey;
    readonly epoch?: number;
  }[];
  /** Collectors that an event has started already. */
  readonly started: Readonly<Partial<Record<CollectorKey, number>>>;
  /** Rebalancers that have read the fleet as it is at first. */
  readonly planned: readonly RebalancerKey[];
  /** Ticks at which each slot has something due. */
  readonly due: readonly number[];
  readonly ticksMax: number;
  readonly ttl: number;
  /** Nobody releases a lease in which something is due within so many ticks. */
  readonly linger: number;
  readonly skewMax: number;
  /** How many ticks a clock is ahead. */
  readonly clocks: Readonly<Partial<Record<Actor, number>>>;
  /** What rebalancers may ask for. */
  readonly plans: readonly Plans[];
  /** A read of the fleet may come in two pages. */
  readonly isPaged: boolean;
  readonly left: Left;
}

export function clockOf(bounds: Bounds, state: State, actor: Actor): EpochMs {
  return after(T0, (state.tick + (bounds.clocks[actor] ?? 0)) * TICK_MS);
}

export function dueAt(tick: number): EpochMs {
  return after(T0, tick * TICK_MS);
}

export function slotSet(bounds: Bounds, slots: readonly number[]): RangeSet {
  return rangesOfSlots(slots as Slot[], bounds.slotsLog2);
}

export function initial(bounds: Bounds): State {
  const made = bounds.leases.map((each, index) => leaseAtFirst(bounds, index, each));
  const fleet: Fleet = {
    pool: POOL,
    slotsLog2: bounds.slotsLog2,
    desired: made.length,
    nextLease: made.length + 1,
    version: 1,
    createdAt: T0,
  };
  const seen = made.map((lease) => ({ lease, life: 1 }));
  const rebalancer = (key: RebalancerKey): Rebalancer =>
    bounds.planned.includes(key) ? { kind: "planned", fleet, seen } : { kind: "idle" };
  const schedule = (slot: number): Schedule | undefined =>
    slot < 2 ** bounds.slotsLog2 ? newSchedule(POOL, slot as Slot, CADENCE, dueAt(-1)) : undefined;
  return {
    tick: 0,
    fleet,
    l1: made[0],
    l2: made[1],
    l3: made[2],
    l4: made[3],
    s0: schedule(0),
    s1: schedule(1),
    s2: schedule(2),
    s3: schedule(3),
    r1: rebalancer("r1"),
    r2: rebalancer("r2"),
    x: collectorAtFirst(bounds, "x", made),
    twin: collectorAtFirst(bounds, "twin", made),
    y: collectorAtFirst(bounds, "y", made),
    flying: [],
    left: bounds.left,
    lives: { made: LEASES.map((_, index) => (index < made.length ? 1 : 0)), peaks: [0, 0, 0, 0] },
    alarm: undefined,
  };
}

const NAMES: Readonly<Record<Actor, string>> = { x: "X", twin: "X'", y: "Y", r1: "R1", r2: "R2" };

/** For people: who it is, and in which of its lives. */
export function nameOf(actor: Actor, born = 1): string {
  return born === 1 ? NAMES[actor] : `${NAMES[actor]} (life ${born})`;
}

/** One invocation's own name. */
export function ownerOf(collector: CollectorKey, born: number): Owner {
  return `${collector}-${born}` as Owner;
}

function leaseAtFirst(
  bounds: Bounds,
  index: number,
  { slots, owner, epoch }: Bounds["leases"][number],
): Lease {
  // In a lease without ranges nothing is due.
  const nextDueAt = slots.length === 0 ? after(T0, FAR_MS) : dueAt(bounds.due[0] ?? 0);
  const made = newLease(POOL, leaseId(index + 1), slotSet(bounds, slots), nextDueAt);
  const lease = { ...made, epoch: epoch ?? 0 };
  if (owner === undefined) return lease;
  const holder: Holder = {
    owner: ownerOf(owner, 1),
    expiresAt: after(dueAt(bounds.clocks[owner] ?? 0), bounds.ttl * TICK_MS),
    deadlineAt: DEADLINE,
  };
  return { ...lease, holder, epoch: lease.epoch + 1, version: 2 };
}

function collectorAtFirst(bounds: Bounds, key: CollectorKey, made: readonly Lease[]): Collector {
  const started = bounds.started[key];
  if (started !== undefined) return { kind: "started", born: 1, lease: leaseId(started) };
  const lease = made.find(({ holder }) => holder?.owner === ownerOf(key, 1));
  if (lease?.holder === undefined) return { kind: "none", born: 0 };
  const { expiresAt } = lease.holder;
  return { kind: "owns", born: 1, lease: known(lease), expiresAt, isPaused: false, letGo: [] };
}

export function known({ id, ranges, epoch, version, giving }: Lease): Known {
  return { id, ranges, epoch, version, giving };
}

/** The number of a lease's component. */
export function keyOf(id: LeaseId): LeaseKey {
  const key = LEASES[Number(id) - 1];
  if (key === undefined) throw new RangeError(`lease ${id}; the world has room for four`);
  return key;
}
