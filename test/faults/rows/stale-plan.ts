/**
 * A rebalancer that is paused between its plan and its moves, or after any of them, while the world
 * moves on: when it goes on, nothing changes in the records.
 */
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import type { FleetSnapshot } from "#domain/fleet.ts";
import { leaseId, newLease, type Lease, type LeaseId, type Owner } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { loadPiece } from "#domain/load.ts";
import { plan, PLAN_LIMITS, type Move } from "#domain/plan.ts";
import { emptyProgress } from "#domain/progress.ts";
import { rangesOfSlots, slotsIn, wholeSpace } from "#domain/range.ts";
import { after, epochMs, type EpochMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { keptLog } from "#test/support/quiet.ts";
import { seededRandom, type Random } from "#test/support/rehearsal-random.ts";
import { settableClock } from "#test/support/settable-clock.ts";
import { applyMoves } from "#usecases/rebalance/apply.ts";
import { REBALANCE_SETTINGS } from "#usecases/rebalance.ts";
import { finding, type Effort, type Finding, type Row } from "../row.ts";

const POOL = "stale";
const START = "2026-11-21T12:00:00.000Z";
const never = new AbortController().signal;

/** How a trial keeps its leases: in memory, or on the real engine. */
export interface StaleStores {
  /** A pool of its own for each trial. */
  fresh(pool: string): Promise<LeaseStore>;
}

const inMemory: StaleStores = { fresh: () => Promise.resolve(memoryLeaseStore()) };

interface Found {
  readonly snapshot: FleetSnapshot;
  readonly now: EpochMs;
}

/** Slots dealt to leases in runs; owned, expired and unowned leases; some with promises. */
function anyFleet(random: Random, pool: string, now: EpochMs): Found {
  const slotsLog2 = 3 + Math.floor(random() * 3);
  const count = 1 + Math.floor(random() * 6);
  const slots = slotsIn(wholeSpace(), slotsLog2);
  const dealt: (typeof slots)[number][][] = Array.from({ length: count }, () => []);
  let to = 0;
  for (const slot of slots) {
    if (random() < 0.4) to = Math.floor(random() * count);
    dealt[to]?.push(slot);
  }
  const leases = dealt.map((mine, index): Lease => {
    const ranges = rangesOfSlots(mine, slotsLog2);
    const lease = newLease(pool, leaseId(index + 1), ranges, now);
    const loads = ranges.map((range) =>
      loadPiece(
        range,
        slotsIn([range], slotsLog2).map(() => random() * 20),
      ),
    );
    const kind = random();
    const holder = {
      owner: `owner-${index + 1}` as Owner,
      expiresAt: epochMs(now + (kind < 0.6 ? 7_000 : -3_000)),
      deadlineAt: after(now, 600_000),
    };
    const epoch = 1 + Math.floor(random() * 4);
    const version = 2 + Math.floor(random() * 3);
    return { ...lease, loads, epoch, version, ...(kind < 0.8 && { holder }) };
  });
  const promised = leases.map((lease): Lease => {
    const other = leases[Math.floor(random() * count)];
    const [range] = lease.ranges;
    if (random() > 0.3 || other === undefined || other.id === lease.id || range === undefined || lease.holder === undefined) return lease; // prettier-ignore
    return { ...lease, giving: [{ range, to: other.id }] };
  });
  const fleet = {
    pool,
    slotsLog2,
    desired: 1 + Math.floor(random() * Math.min(8, slots.length)),
    nextLease: count + 1,
    version: 3,
    createdAt: now,
  };
  return { snapshot: { fleet, leases: promised }, now };
}

interface Trial {
  /** Moves that came too late. */
  readonly stale: number;
  readonly wrong: readonly string[];
}

/** One plan, cut after `prefix` moves: the rest is applied after everything has moved on. */
async function tryPrefix(
  stores: StaleStores,
  { seed, pool, prefix }: { readonly seed: number; readonly pool: string; readonly prefix: number },
): Promise<Trial & { readonly moves: number }> {
  const clock = settableClock(START);
  const random = seededRandom(seed);
  const { snapshot, now } = anyFleet(random, pool, clock.now());
  const store = await stores.fresh(pool);
  await store.found(snapshot);
  const limitsNow = { ...PLAN_LIMITS, skewMaxMs: limits.skewMaxMs };
  const { moves } = plan({ ...snapshot, now, limits: limitsNow });
  if (prefix >= moves.length) return { stale: 0, wrong: [], moves: moves.length };
  const deps = { clock, leases: store, log: keptLog(), settings: REBALANCE_SETTINGS };
  // A rebalancer applies in one go: what it knows of the fleet after the first moves it keeps.
  let known = snapshot.fleet;
  const remembering: LeaseStore = {
    ...store,
    async addLease(fleet) {
      const added = await store.addLease(fleet);
      if (added.kind === "added") known = added.fleet;
      return added;
    },
  };
  await applyMoves({ ...deps, leases: remembering }, snapshot, moves.slice(0, prefix), never);
  const rest = moves.slice(prefix);
  await moveOn(store, { pool, now, random, rest });
  const before = await recordsOf(store, pool);
  await applyMoves(deps, { ...snapshot, fleet: known }, rest, never);
  const afterwards = await recordsOf(store, pool);
  const wrong = before === afterwards ? [] : [`seed ${seed}, after ${prefix} of ${moves.length} moves: ${difference(before, afterwards)}`]; // prettier-ignore
  return { stale: rest.length, wrong, moves: moves.length };
}

interface MovingOn {
  readonly pool: string;
  readonly now: EpochMs;
  readonly random: Random;
  readonly rest: readonly Move[];
}

/** Another changes every lease that the rest of the plan touches, and the fleet, once or more. */
async function moveOn(store: LeaseStore, { pool, now, random, rest }: MovingOn): Promise<void> {
  const found = await store.readFleet(pool);
  if (found === undefined) throw new Error("the fleet is gone");
  await store.writeFleet({
    ...found.fleet,
    lastRebalance: { at: now, by: "a newer run" },
  });
  for (const id of touched(rest)) {
    const times = 1 + Math.floor(random() * 3);
    for (let n = 0; n < times; n += 1) await change(store, { pool, id, now });
  }
}

function touched(moves: readonly Move[]): Set<LeaseId> {
  return new Set(moves.flatMap((move) => ("from" in move ? [move.from, move.to] : [move.lease])));
}

/** An owner lets go, or somebody becomes the owner: either raises the version. */
async function change(
  store: LeaseStore,
  { pool, id, now }: { readonly pool: string; readonly id: LeaseId; readonly now: EpochMs },
): Promise<void> {
  const lease = await store.findLease(pool, id);
  // One that the plan was going to add: nobody has made it.
  if (lease === undefined) return;
  const { holder, version } = lease;
  const isOwned = holder !== undefined && now < holder.expiresAt + limits.skewMaxMs;
  if (isOwned) {
    const { owner } = holder;
    const progress = emptyProgress(now);
    await store.release({ pool, id, owner, version, nextDueAt: now, open: lease.open, progress });
    return;
  }
  await store.acquire({
    pool,
    id,
    owner: `newer-${version}` as Owner,
    now,
    ttlMs: limits.leaseTtlMs,
    skewMaxMs: limits.skewMaxMs,
    deadlineAt: after(now, 900_000),
  });
}

async function recordsOf(store: LeaseStore, pool: string): Promise<string> {
  const found = await store.readFleet(pool);
  return JSON.stringify(found, undefined, 1);
}

function difference(before: string, afterwards: string): string {
  const [a, b] = [before.split("\n"), afterwards.split("\n")];
  const at = a.findIndex((line, index) => line !== b[index]);
  return `the records changed: ${a[at]?.trim() ?? ""} became ${b[at]?.trim() ?? ""}`;
}

export async function tryStalePlans(stores: StaleStores, seeds: number): Promise<Finding> {
  const wrong: string[] = [];
  let plans = 0;
  let prefixes = 0;
  let stale = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    let moves = 1;
    for (let prefix = 0; prefix < moves; prefix += 1) {
      const pool = `${POOL}-${seed}-${prefix}`;
      const trial = await tryPrefix(stores, { seed, pool, prefix });
      moves = trial.moves;
      if (trial.stale === 0) continue;
      prefixes += 1;
      plans += prefix === 0 ? 1 : 0;
      stale += trial.stale;
      wrong.push(...trial.wrong);
    }
  }
  if (stale === 0) wrong.push("no plan had a move: nothing was tried");
  return finding(
    `${plans} plans, paused at ${prefixes} points, ${stale} stale moves: ${wrong.length === 0 ? "no record changed" : `records changed after ${wrong.length}`}`,
    wrong,
  );
}

export const stalePlan: Row = {
  id: "stale-plan",
  fault: "stale rebalancer applies an old plan",
  goal: "nothing changes in the records",
  simulated: (effort: Effort) => tryStalePlans(inMemory, effort === "full" ? 1_000 : 150),
};
