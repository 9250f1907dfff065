/**
 * All heartbeats silent at once: taken for a fault of the store. Nothing is moved, even where a plan
 * would, until somebody is heard; collectors are started again all the same.
 */
import type { Look } from "#domain/audit.ts";
import { isHeld } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { whatIsWrong } from "../measure.ts";
import type { CallFault } from "../process.ts";
import { finding, seconds, type Effort, type Finding, type Row } from "../row.ts";
import { targetsInEachSlot } from "../targets.ts";
import { faultWorld, type FaultWorld } from "../world.ts";

const SLOTS_LOG2 = 4;
const LEASES = 4;
const SILENT_MS = 30_000;
const RECOVERED_WITHIN_MS = limits.leaseTtlMs + 62_000;
const MOVES = /^leases\.(move|promise|cancel|addLease|removeLease|quarantine|give)$/u;

const ways = ["all collectors killed", "heartbeats don't get through", "rebalancer killed, too"] as const; // prettier-ignore
type Way = (typeof ways)[number];

interface Silence {
  /** Changes while nobody was heard. */
  readonly moved: number;
  /** Rebalancers that planned then. */
  readonly planned: number;
  /** From the silence, or from its end, until every lease was owned again. */
  readonly ownedMs: number;
  readonly followed: boolean;
  readonly wrong: readonly string[];
}

async function fallSilent(way: Way, seed: number): Promise<Silence> {
  let isCut = false;
  const world = await faultWorld({
    seed,
    slotsLog2: SLOTS_LOG2,
    leases: LEASES,
    targets: targetsInEachSlot(SLOTS_LOG2, 2, [1_000, 5_000]),
    fault: ({ name, process }): CallFault | undefined =>
      isCut && process.startsWith("collector") && name.startsWith("leases.") ? "unreachable" : undefined, // prettier-ignore
  });
  world.everyMinute();
  await world.pass(15_000 + seed * 137);
  const from = world.clock.now();
  // Two more are wanted now: a plan would move a third of all slots.
  const desired = LEASES + 2;
  await foundPool(world, { pool: world.pool, slotsLog2: SLOTS_LOG2, desired });
  for (const { kind, process } of world.running) {
    if (kind === "collector" && way !== "heartbeats don't get through") process.kill();
    if (kind === "rebalancer" && way === "rebalancer killed, too") process.kill();
  }
  isCut = way === "heartbeats don't get through";
  // Every lease has just run out; nobody has taken one up, unless a rebalancer was there to see it.
  await world.pass(limits.leaseTtlMs + limits.skewMaxMs + 100);
  const before = world.running.length;
  world.invokeRebalancer();
  if (isCut) {
    await world.pass(SILENT_MS - limits.leaseTtlMs);
    isCut = false;
  }
  const endAt = from + SILENT_MS + RECOVERED_WITHIN_MS;
  while (world.clock.now() < endAt && !allOwned(last(world), world)) await world.pass(1_000);
  const ownedMs = allOwned(last(world), world) ? world.clock.now() - from : Number.POSITIVE_INFINITY; // prettier-ignore
  const silences = spansOfSilence(world, from);
  const moved = world.calls.filter(({ name, appliedAt, result }) => MOVES.test(name) && !isRefused(result) && silences.some(([a, b]) => appliedAt > a && appliedAt < b)); // prettier-ignore
  const planned = world.running.slice(before).filter(({ kind, invokedAt }) => kind === "rebalancer" && silences.some(([a, b]) => invokedAt > a && invokedAt < b)); // prettier-ignore
  // The next two runs do what was wanted.
  await world.pass(150_000);
  const leases = last(world).fleet.leases.filter(({ ranges }) => ranges.length > 0);
  const wrong = await whatIsWrong(world, { from });
  world.end();
  return {
    moved: moved.length,
    planned: planned.length,
    ownedMs,
    followed: leases.length === desired,
    wrong: wrong.map((text) => `${way}, seed ${seed}: ${text}`),
  };
}

function isRefused(result: unknown): boolean {
  return result === "refused" || (typeof result === "object" && result !== null && "kind" in result && result.kind === "refused"); // prettier-ignore
}

function last({ looks }: FaultWorld): Look {
  const look = looks.at(-1);
  if (look === undefined) throw new Error("nothing was looked at");
  return look;
}

function allOwned({ at, fleet }: Look, world: FaultWorld): boolean {
  return fleet.leases.every((lease) => {
    const owner = world.running.find(({ name }) => name === lease.holder?.owner);
    const isThere = owner?.process.state === "running" && isHeld(lease, at, 0);
    return lease.ranges.length === 0 || isThere;
  });
}

/** From a look at which no owner was heard to the next acquire or renew. */
function spansOfSilence(world: FaultWorld, from: number): (readonly [number, number])[] {
  const heard = world.calls
    .filter(
      ({ name, result, appliedAt }) =>
        appliedAt > from &&
        ((name === "leases.renew" && hasKind(result, "renewed")) ||
          (name === "leases.acquire" && hasKind(result, "acquired"))),
    ) // prettier-ignore
    .map(({ appliedAt }) => appliedAt);
  const spans: (readonly [number, number])[] = [];
  let since = from;
  for (const at of [...heard, world.clock.now()]) {
    const silentFrom = since + limits.leaseTtlMs + limits.skewMaxMs;
    if (at > silentFrom) spans.push([silentFrom, at]);
    since = at;
  }
  return spans;
}

function hasKind(result: unknown, kind: string): boolean {
  return typeof result === "object" && result !== null && "kind" in result && result.kind === kind;
}

async function silences(effort: Effort): Promise<Finding> {
  const seeds = effort === "full" ? 6 : 1;
  const all: { readonly way: Way; readonly one: Silence }[] = [];
  for (const way of ways) {
    for (let seed = 1; seed <= seeds; seed += 1) {
      all.push({ way, one: await fallSilent(way, seed) });
    }
  }
  const moved = all.reduce((sum, { one }) => sum + one.moved, 0);
  const planned = all.reduce((sum, { one }) => sum + one.planned, 0);
  const ownedMs = Math.max(...all.map(({ one }) => one.ownedMs));
  const followed = all.filter(({ one }) => one.followed).length;
  return finding(
    `${all.length} silences, ${planned} runs of the rebalancer in them: ${moved} changes; every lease owned again ≤ ${seconds(ownedMs)} after the beginning; what was wanted is done afterwards in ${followed} of ${all.length}`,
    [
      ...(moved === 0 ? [] : [`${moved} changes while nobody was heard, expected none`]),
      ...(planned > 0 ? [] : ["no run of the rebalancer fell into a silence: nothing was tried"]),
      ...(ownedMs <= RECOVERED_WITHIN_MS ? [] : [`leases were owned again after ${seconds(ownedMs)}`]), // prettier-ignore
      ...(followed === all.length ? [] : [`${all.length - followed} fleets didn't become what was wanted afterwards`]), // prettier-ignore
      ...all.flatMap(({ one }) => one.wrong),
    ],
  );
}

export const allSilent: Row = {
  id: "silence",
  fault: "all heartbeats silent at once",
  goal: "taken for a store fault: the rebalancer moves nothing; collectors are started all the same",
  simulated: silences,
};
