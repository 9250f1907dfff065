/** What every blow needs: who is there, whom it hit, and an end when all is healed. */
import { setTimeout as timer } from "node:timers/promises";
import { leaseId } from "#domain/lease.ts";
import type { Slot } from "#domain/slot.ts";
import type { FunctionName } from "#functions/manifest.ts";
import { signalProcess } from "#local/process-identity.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import type { BlowKind } from "./plan.ts";
import type { TortureOptions } from "./options.ts";
import type { Population } from "./population.ts";
import type { Watch } from "./watch.ts";
import { POOL, type Deployment, type World } from "./world.ts";

/** What may have undone or hindered captures, where and when: the only excuse for one made twice. */
export interface Fault {
  readonly kind: BlowKind | "cut-short";
  readonly from: number;
  to: number;
  readonly slots: ReadonlySet<Slot> | "all";
  /** Slots of each lease whose owner it killed: somebody else must have come. */
  readonly killed: readonly ReadonlySet<Slot>[];
}

/** A process that captures under a lease. */
export interface Collector {
  readonly pid: number;
  readonly lease: string;
  readonly epoch: number;
}

export interface Arena {
  readonly options: TortureOptions;
  readonly world: World;
  readonly people: Population;
  readonly watch: Watch;
  readonly faults: Fault[];
  /** Aborted when all is healed. */
  readonly healing: AbortSignal;
  /** Starts of collectors that were asked for, for who delivers them again. */
  readonly starts: { readonly lease: string; readonly at: number }[];
}

/** The last look, or the one before. */
const NOW_MS = 2_500;
/** A giver keeps what is due before its cut: it has to do with slots that it gave away by then. */
const KEPT_MS = 20_000;

export function collectors({ world }: Arena): Collector[] {
  return world.deployments.flatMap(({ cloud, owners }) => {
    const busy = busyOf(cloud, "collect");
    return busy.flatMap((pid) => {
      const owner = owners.all().findLast((one) => one.pid === pid);
      const isCurrent = owner !== undefined && owners.current(owner.lease)?.pid === pid;
      return isCurrent ? [{ pid, lease: owner.lease, epoch: owner.epoch }] : [];
    });
  });
}

const SOMEBODY_WITHIN_MS = 4_000;
const SOMEBODY_POLL_MS = 200;

/** Where nobody is there just now, somebody may come; empty when nobody does. */
export async function somebody<Item>(
  arena: Arena,
  there: (arena: Arena) => readonly Item[],
): Promise<readonly Item[]> {
  const endAt = Date.now() + SOMEBODY_WITHIN_MS;
  let found = there(arena);
  while (found.length === 0 && Date.now() < endAt && !arena.healing.aborted) {
    await wait(arena, SOMEBODY_POLL_MS);
    found = there(arena);
  }
  return found;
}

export function rebalancers({ world }: Arena): number[] {
  return world.deployments.flatMap(({ cloud }) => busyOf(cloud, "rebalance"));
}

export function everyProcess({ world }: Arena): number[] {
  return world.deployments.flatMap(({ cloud }) =>
    cloud.processes().flatMap(({ pid, state }) => (state === "ended" ? [] : [pid])),
  );
}

function busyOf(cloud: Deployment["cloud"], name: FunctionName): number[] {
  return cloud
    .processes()
    .flatMap((one) => (one.name === name && one.state === "busy" ? [one.pid] : []));
}

export function slotsOf({ watch }: Arena, hit: readonly Collector[]): ReadonlySet<Slot> {
  return new Set(hit.flatMap(({ lease }) => [...watch.slotsOf(lease, KEPT_MS)]));
}

/** Kills them all, and notes what that may have undone. */
export function kill(arena: Arena, kind: BlowKind, hit: readonly Collector[]): void {
  const slots = slotsOf(arena, hit);
  const killed = hit.map(({ lease }) => arena.watch.slotsOf(lease, NOW_MS));
  const now = Date.now();
  for (const { pid } of hit) signalProcess(pid, "SIGKILL");
  arena.faults.push({ kind, from: now, to: now, slots, killed });
}

/** Stops them for so long, or until all is healed. */
export async function pause(
  arena: Arena,
  kind: BlowKind,
  hit: readonly Collector[],
  spanMs: number,
): Promise<void> {
  const fault = begin(arena, kind, slotsOf(arena, hit));
  for (const { pid } of hit) signalProcess(pid, "SIGSTOP");
  await wait(arena, spanMs);
  for (const { pid } of hit) signalProcess(pid, "SIGCONT");
  fault.to = Date.now();
}

/** A fault that lasts until its `to` is set. */
export function begin(arena: Arena, kind: Fault["kind"], slots: Fault["slots"]): Fault {
  const fault: Fault = { kind, from: Date.now(), to: Infinity, slots, killed: [] };
  arena.faults.push(fault);
  return fault;
}

export async function wait({ healing }: Arena, ms: number): Promise<void> {
  await timer(ms, undefined, { signal: healing }).catch(() => undefined);
}

/** Asks the platform for a collector, as the rebalancer does; nobody waits for its answer. */
export async function deliver({ world }: Arena, lease: string): Promise<void> {
  const { invokeEndpoint } = world.current().cloud;
  await fetch(`${invokeEndpoint}/2015-03-31/functions/collect/invocations`, {
    method: "POST",
    headers: { "x-amz-invocation-type": "Event" },
    body: JSON.stringify({ pool: POOL, lease }),
  });
}

export function leaseIds({ watch }: Arena): string[] {
  return watch.last().fleet.leases.map(({ id }) => id);
}

/** Numbers that were in use at the beginning: some may be gone by now. */
export function firstLeases({ options }: Arena): string[] {
  return Array.from({ length: options.collectors }, (_, n) => leaseId(n + 1));
}

export function pick<Item>(items: readonly Item[], random: Random): Item | undefined {
  return items[Math.floor(random() * items.length)];
}

export function pickSome<Item>(items: readonly Item[], count: number, random: Random): Item[] {
  const left = [...items];
  return Array.from({ length: Math.min(count, items.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}

/** A blow that falls. */
export interface Strike {
  readonly kind: BlowKind;
  readonly random: Random;
  /** Whom it hit, once. */
  tell(whom: string): void;
  /** That it hit nobody. */
  miss(why: string): void;
}
