/**
 * Whether the fleet has settled: nothing promised, nothing being handed over, nothing asked for and
 * not taken, every lease with ranges owned, as many of them as wanted, and nothing due for long.
 */
import { setTimeout as wait } from "node:timers/promises";
import { AUDIT_LIMITS, auditInvariants } from "#domain/audit.ts";
import { cadenceKey, parseCadenceKey } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { oldestDueAt } from "#domain/lag.ts";
import { leasesApart } from "#domain/plan/apart.ts";
import { slotsIn, wholeSpace } from "#domain/range.ts";
import { offsetInSlot } from "#domain/slot.ts";
import { patiently } from "./population.ts";
import { seconds } from "./story.ts";
import type { Watch } from "./watch.ts";
import { POOL, type World } from "./world.ts";

/** A round of ten seconds' commits, its chunk, and a machine that is busy. */
const LAG_MAX_MS = 15_000;
const POLL_MS = 1_000;

export interface Settled {
  readonly afterMs: number;
  /** What still kept it from being settled; empty when it is. */
  readonly stuck: readonly string[];
}

export async function settled(
  world: World,
  watch: Watch,
  withinMs: number,
  signal: AbortSignal,
): Promise<Settled> {
  const from = Date.now();
  let stuck = await unsettled(world, watch);
  while (stuck.length > 0 && Date.now() - from < withinMs) {
    await release(world);
    await wait(POLL_MS, undefined, { signal });
    stuck = await unsettled(world, watch);
  }
  return { afterMs: Date.now() - from, stuck };
}

/**
 * By hand, as a person does who knows why so many died: all quarantined ranges may be captured again.
 * Answers whose.
 */
export async function release({ stores, current }: World): Promise<string[]> {
  const fleet = await patiently(() => stores.leases.readFleet(POOL));
  const shut = (fleet?.leases ?? []).filter(({ quarantine }) => quarantine !== undefined);
  for (const { id, version } of shut) {
    // Refused, it has changed meanwhile, and is looked at again.
    await patiently(() => stores.leases.lift({ pool: POOL, id, version }));
  }
  if (shut.length > 0) void current().cloud.invoke("rebalance", { pool: POOL });
  return shut.map(({ id }) => id);
}

export async function unsettled(world: World, watch: Watch): Promise<string[]> {
  const look = await patiently(() => watch.look());
  const { fleet, at } = look;
  const { slotsLog2, desired } = fleet.fleet;
  const found: string[] = auditInvariants({ looks: [look], limits: AUDIT_LIMITS }).map(
    ({ invariant, what }) => `${invariant}: ${what}`,
  );
  // Where owners died lately the planner waits for what comes of it, and counts them by itself.
  const apart = leasesApart(fleet.leases, at);
  const working = fleet.leases.filter(({ id, ranges }) => ranges.length > 0 && !apart.ids.has(id));
  const wanted = Math.max(working.length > 0 ? 1 : 0, desired - apart.collectors);
  if (working.length !== wanted) {
    found.push(`${working.length} leases with ranges beside ${apart.ids.size} apart, ${desired} desired`); // prettier-ignore
  }
  for (const { id, ranges, holder, giving, open } of fleet.leases) {
    for (const { to } of giving) found.push(`lease ${id} has promised a range to lease ${to}`);
    for (const { until } of open) {
      if (until > at)
        found.push(`lease ${id} is being handed a range until in ${seconds(until - at)}`);
    }
    if (ranges.length > 0 && (holder === undefined || holder.expiresAt <= at)) {
      found.push(`lease ${id} has no owner`);
    }
  }
  const requests = await patiently(() => world.stores.requests.list(POOL, wholeSpace(), slotsLog2));
  for (const { slot } of requests) found.push(`slot ${slot} has a request`);
  return [...found, ...(await overdue(world, slotsLog2))];
}

async function overdue({ stores }: World, slotsLog2: number): Promise<string[]> {
  const found: string[] = [];
  for (const slot of slotsIn(wholeSpace(), slotsLog2)) {
    const { schedules, targets } = await patiently(() => stores.schedules.readSlot(POOL, slot));
    const now = stores.clock.now();
    for (const { cadence, watermark } of schedules) {
      const own = targets.filter((target) => cadenceKey(target.cadence) === cadence);
      const due = own.map(({ id, registeredAt }) => {
        return { offset: offsetInSlot(targetHash(id).hash32, slotsLog2), registeredAt };
      });
      const key = { cadence: parseCadenceKey(cadence), slot, slotsLog2 };
      const oldest = oldestDueAt(key, watermark, due, now);
      if (oldest !== undefined && now - oldest > LAG_MAX_MS) {
        found.push(`slot ${slot} ${cadence} is ${seconds(now - oldest)} behind`);
      }
    }
  }
  return found;
}
