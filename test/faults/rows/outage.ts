/** A store that can't be reached for ten minutes: leases stay where they are, and lag is made up for. */
import { shortestGapMs } from "#domain/cadence.ts";
import { dueInstants, type Look } from "#domain/audit.ts";
import { targetHash } from "#domain/hash.ts";
import { contains, slotRange } from "#domain/range.ts";
import { offsetInSlot } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";
import { isAfter, type Watermark } from "#domain/watermark.ts";
import type { CallFault } from "../process.ts";
import { whatIsWrong } from "../measure.ts";
import { finding, seconds, type Effort, type Finding, type Row } from "../row.ts";
import { targetsInEachSlot } from "../targets.ts";
import { faultWorld, type FaultWorld } from "../world.ts";

const SLOTS_LOG2 = 6;
const SLOTS = 2 ** SLOTS_LOG2;
const PER_SLOT = 4;
const PERIOD_MS = 10_000;
const LEASES = 8;
const CAPTURE_MS = 1_000;
/** Captures at once that one collector can make: one and a half times what is due. */
const CAPACITY = 1.5;
const DUE_PER_SECOND = (SLOTS * PER_SLOT * 1_000) / PERIOD_MS / LEASES;
const IN_FLIGHT = Math.round((CAPACITY * DUE_PER_SECOND * CAPTURE_MS) / 1_000);
const USUAL_MS = 90_000;
const STORES = /^(leases|schedules|requests)\./u;

interface Outage {
  readonly kept: number;
  readonly sameOwner: number;
  readonly moved: number;
  readonly usualLagMs: number;
  readonly lagMs: number;
  /** From the store's return until the lag is as it was; Infinity: not in time. */
  readonly recoveredMs: number;
  readonly wrong: readonly string[];
}

async function outage(seed: number, outageMs: number): Promise<Outage> {
  let isGone = false;
  const world = await faultWorld({
    seed,
    slotsLog2: SLOTS_LOG2,
    leases: LEASES,
    targets: targetsInEachSlot(SLOTS_LOG2, PER_SLOT, [PERIOD_MS]),
    fault: ({ name }): CallFault | undefined =>
      isGone && STORES.test(name) ? "unreachable" : undefined,
    captureMs: () => CAPTURE_MS,
    collect: { inFlightMax: IN_FLIGHT },
    // Some deadlines come while the store is away.
    lifeMs: (collector) => (collector <= LEASES ? 300_000 + 70_000 * collector : 900_000),
  });
  world.everyMinute();
  await world.pass(USUAL_MS);
  const from = world.clock.now();
  const before = lastLook(world);
  const usualLagMs = Math.max(...world.looks.slice(-30).map((look) => lagOf(world, look)));
  isGone = true;
  await passQuietly(world, outageMs);
  isGone = false;
  const backAt = world.clock.now();
  const lagMs = lagOf(world, await lookNow(world));
  let recoveredMs = Number.POSITIVE_INFINITY;
  while (world.clock.now() - backAt < 2 * outageMs && recoveredMs === Number.POSITIVE_INFINITY) {
    await passQuietly(world, 2_000);
    if (lagOf(world, await lookNow(world)) <= usualLagMs) recoveredMs = world.clock.now() - backAt;
  }
  // Two more runs of the rebalancer: that is when it would move.
  await passQuietly(world, 150_000);
  const afterwards = await lookNow(world);
  const wrong = await whatIsWrong(world, { from, isHandingOver: true });
  world.end();
  const slots = Array.from({ length: SLOTS }, (_, slot) => slot);
  const kept = slots.filter((slot) => leaseOf(before, slot)?.id === leaseOf(afterwards, slot)?.id);
  const sameOwner = before.fleet.leases.filter(({ id, holder }) => afterwards.fleet.leases.some((lease) => lease.id === id && lease.holder?.owner === holder?.owner)); // prettier-ignore
  const moved = world.calls.filter(({ name, appliedAt }) => appliedAt >= from && /^leases\.(move|promise|give)$/u.test(name)); // prettier-ignore
  return {
    kept: kept.length / SLOTS,
    sameOwner: sameOwner.length / LEASES,
    moved: moved.length,
    usualLagMs,
    lagMs,
    recoveredMs,
    wrong,
  };
}

async function passQuietly(world: FaultWorld, ms: number): Promise<void> {
  await world.clock.advance(ms);
}

async function lookNow(world: FaultWorld): Promise<Look> {
  await world.look();
  return lastLook(world);
}

function lastLook({ looks }: FaultWorld): Look {
  const last = looks.at(-1);
  if (last === undefined) throw new Error("nothing was looked at");
  return last;
}

function leaseOf({ fleet }: Look, slot: number): Look["fleet"]["leases"][number] | undefined {
  const { from } = slotRange(slot as Parameters<typeof slotRange>[0], SLOTS_LOG2);
  return fleet.leases.find(({ ranges }) => contains(ranges, from));
}

/** Now minus the oldest instant that is due and not committed, over all targets. */
function lagOf(world: FaultWorld, { at, slots }: Look): number {
  const watermarks = new Map<string, Watermark>(
    slots.flatMap(({ slot, schedules }) =>
      schedules.map(({ cadence, watermark }) => [`${slot} ${cadence}`, watermark] as const),
    ),
  );
  let lagMs = 0;
  for (const target of world.targets) {
    const watermark = watermarks.get(`${world.slotOf(target.id)} ${world.keyOf(target.id)}`);
    if (watermark === undefined) continue;
    const offset = offsetInSlot(targetHash(target.id).hash32, SLOTS_LOG2);
    const from = epochMs(watermark.at - shortestGapMs(target.cadence));
    const oldest = dueInstants(target, SLOTS_LOG2, from, epochMs(at)).find(({ instant }) =>
      isAfter(instant, offset, watermark),
    );
    if (oldest !== undefined) lagMs = Math.max(lagMs, at - oldest.instant);
  }
  return lagMs;
}

async function outages(effort: Effort): Promise<Finding> {
  const outageMs = effort === "full" ? 600_000 : 120_000;
  const seeds = effort === "full" ? [1, 2] : [1];
  const all: Outage[] = [];
  for (const seed of seeds) all.push(await outage(seed, outageMs));
  const kept = Math.min(...all.map((one) => one.kept));
  const recoveredMs = Math.max(...all.map((one) => one.recoveredMs));
  const moved = Math.max(...all.map((one) => one.moved));
  const lagMs = Math.max(...all.map((one) => one.lagMs));
  const usualMs = Math.max(...all.map((one) => one.usualLagMs));
  const sameOwner = Math.min(...all.map((one) => one.sameOwner));
  return finding(
    `away for ${seconds(outageMs)} (${all.length} times): ${percent(kept)} of ranges kept their lease (${percent(sameOwner)} of leases their very owner), ${moved} moves and promises; lag ${seconds(lagMs)}, as before (${seconds(usualMs)}) after ${seconds(recoveredMs)}`,
    [
      ...(kept >= 0.99 ? [] : [`${percent(kept)} of ranges kept their lease, expected 99 %`]),
      ...(recoveredMs <= 2 * outageMs ? [] : [`the lag was not made up for within ${seconds(2 * outageMs)}`]), // prettier-ignore
      ...(moved <= LEASES / 4 ? [] : [`${moved} moves and promises, expected next to none`]),
      ...all.flatMap(({ wrong }) => wrong),
    ],
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

export const storeOutage: Row = {
  id: "outage",
  fault: "store unreachable for 10 min",
  goal: `on return ≥ 99 % of ranges keep their lease, lag recovers in ≤ 2 × outage at ${CAPACITY} × capacity, no mass move`,
  simulated: outages,
};
