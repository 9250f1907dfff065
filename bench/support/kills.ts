/** Kills collectors of a local cloud, one after another, and notes what each one leaves behind. */
import { setTimeout as wait } from "node:timers/promises";
import { leaseId, type LeaseId } from "#domain/lease.ts";
import { slotsIn } from "#domain/range.ts";
import type { Schedule } from "#domain/schedule.ts";
import type { LocalCloud } from "#local/cloud.ts";
import type { Kill } from "./failover-verdict.ts";
import type { OwnerLog, Ownership } from "./owner-log.ts";

export interface KillOptions {
  readonly kills: number;
  /** As many leases. */
  readonly collectors: number;
}

/** Between two kills, on average; the same lease is left alone for much longer. */
const KILL_EVERY_MS = 4_000;
const LEASE_REST_MS = 20_000;
const LOOK_AGAIN_MS = 200;
/** By then a heartbeat or commit that was under way has landed, and nobody else may own the lease. */
const LANDED_MS = 1_000;

export async function killCollectors(
  cloud: LocalCloud,
  owners: OwnerLog,
  { kills, collectors }: KillOptions,
): Promise<Kill[]> {
  const leases = Array.from({ length: collectors }, (_, n) => leaseId(n + 1));
  const killedAt = new Map<LeaseId, number>();
  const left: Promise<Kill>[] = [];
  const endAt = Date.now() + kills * LEASE_REST_MS + 60_000;
  while (left.length < kills && Date.now() < endAt) {
    const rested = leases.flatMap((lease) => {
      const owner = owners.current(lease);
      const last = killedAt.get(lease) ?? 0;
      const isReady = owner !== undefined && owner.ownedAt > last;
      return isReady && Date.now() - last > LEASE_REST_MS ? [{ lease, owner }] : [];
    });
    const chosen = rested[Math.floor(Math.random() * rested.length)];
    if (chosen === undefined || !(await isOwner(cloud, chosen.lease, chosen.owner))) {
      await wait(LOOK_AGAIN_MS);
      continue;
    }
    const at = Date.now();
    process.kill(chosen.owner.pid, "SIGKILL");
    killedAt.set(chosen.lease, at);
    const kill = leftBehind(cloud, chosen.lease, chosen.owner.epoch, at);
    // Told below, with the others.
    kill.catch(() => undefined);
    left.push(kill);
    await wait(KILL_EVERY_MS * (0.5 + Math.random()));
  }
  if (left.length < kills) throw new Error(`only ${left.length} of ${kills} kills were possible`);
  return Promise.all(left);
}

async function isOwner(
  { stores, pool, processes }: LocalCloud,
  id: LeaseId,
  { pid, epoch }: Ownership,
): Promise<boolean> {
  const lease = await stores.leases.findLease(pool, id);
  const isAlive = processes().some((one) => one.pid === pid && one.state === "busy");
  return isAlive && lease?.epoch === epoch && lease.holder !== undefined;
}

async function leftBehind(
  { stores, pool, slotsLog2 }: LocalCloud,
  id: LeaseId,
  epoch: number,
  at: number,
): Promise<Kill> {
  await wait(LANDED_MS);
  const lease = await stores.leases.findLease(pool, id);
  if (lease?.holder === undefined || lease.epoch !== epoch) {
    throw new Error(`lease ${id} changed hands within ${LANDED_MS} ms of a kill`);
  }
  const slots = slotsIn(lease.ranges, slotsLog2);
  const schedules = new Map<string, Schedule>();
  for (const slot of slots) {
    for (const schedule of await stores.schedules.readSchedules(pool, slot)) {
      schedules.set(`${slot} ${schedule.cadence}`, schedule);
    }
  }
  const { expiresAt } = lease.holder;
  return { lease: id, epoch, at, expiresAt, slots: new Set(slots), schedules };
}
