/** A target whose capture kills the process: its range is shut after three deaths, the others go on. */
import { limits } from "#domain/limits.ts";
import { contains, slotRange, slotsIn } from "#domain/range.ts";
import { after } from "#domain/units.ts";
import { noSteps } from "#test/support/quiet.ts";
import { memoryConfigurationStore } from "#adapters/memory/configuration-store.ts";
import { memoryHealthMemory } from "#adapters/memory/health-memory.ts";
import { memoryMetricSink } from "#adapters/memory/metric-sink.ts";
import { HEALTH_CHECK_SETTINGS, healthCheck, slotMemory } from "#usecases/health-check.ts";
import { liftQuarantine } from "#usecases/lift-quarantine.ts";
import { dueIn, latenessOf, ON_TIME_MS, recoveredAfter, whatIsWrong } from "../measure.ts";
import { finding, seconds, type Effort, type Finding, type Row } from "../row.ts";
import { targetsInEachSlot } from "../targets.ts";
import { faultWorld, type FaultWorld } from "../world.ts";

const SLOTS_LOG2 = 4;
const LEASES = 4;
const DEATHS_MAX = 3;
/** Three deaths, each found out after a lease's time and a start. */
const SHUT_WITHIN_MS = DEATHS_MAX * (limits.leaseTtlMs + 2_500) + 30_000;

type End = "by hand" | "cool-down";

interface Killing {
  readonly deaths: number;
  readonly shutMs: number;
  readonly shutSlots: number;
  /** Late or missing captures of leases that never had the killing target. */
  readonly othersLate: number;
  /** Until the slots that shared its lease were all on time again. */
  readonly neighboursMs: number;
  readonly alarmed: boolean;
  /** From its release to its first capture. */
  readonly backMs: number;
  readonly wrong: readonly string[];
}

async function poison(seed: number, end: End): Promise<Killing> {
  const targets = targetsInEachSlot(SLOTS_LOG2, 2, [1_000, 5_000]);
  const killer = targets[seed % targets.length];
  if (killer === undefined) throw new Error("no target");
  let isPoisonous = false;
  let deaths = 0;
  let firstDeathAt: number | undefined;
  const world = await faultWorld({
    seed,
    slotsLog2: SLOTS_LOG2,
    leases: LEASES,
    targets,
    onCapture({ target }, process) {
      if (!isPoisonous || target !== killer.id) return;
      deaths += 1;
      firstDeathAt ??= world.clock.now();
      process.kill();
    },
  });
  world.everyMinute();
  await world.pass(15_000);
  const from = world.clock.now();
  isPoisonous = true;
  const slot = world.slotOf(killer.id);
  const companions = await slotsBeside(world, slot);
  const endAt = from + SHUT_WITHIN_MS;
  while (world.clock.now() < endAt && (await shutLease(world)) === undefined) await world.pass(1_000); // prettier-ignore
  const shut = await shutLease(world);
  const shutMs = shut === undefined ? Number.POSITIVE_INFINITY : world.clock.now() - (firstDeathAt ?? from); // prettier-ignore
  const shutSlots = shut === undefined ? 0 : slotsIn(shut.ranges, SLOTS_LOG2).length;
  await world.pass(60_000);
  const alarmed = await isAlarmed(world);
  const quietTo = world.clock.now();
  isPoisonous = false;
  let releasedAt = world.clock.now();
  if (end === "by hand" && shut !== undefined) {
    await liftQuarantine(world, world.pool, shut.id);
    world.invokeRebalancer();
  }
  if (end === "cool-down" && shut?.quarantine !== undefined) {
    await world.clock.advance(Math.max(0, shut.quarantine.until - world.clock.now()));
    releasedAt = world.clock.now();
  }
  await world.pass(80_000);
  const again = world.arrivals.find(({ target, at }) => target === killer.id && at > releasedAt);
  const due = dueIn(world, from, quietTo - 3_000).filter((one) => one.slot !== slot);
  const isBeside = new Set(companions);
  const others = due.filter((one) => !isBeside.has(one.slot));
  const shutToo = new Set<number>(shut === undefined ? [] : slotsIn(shut.ranges, SLOTS_LOG2));
  const beside = due.filter((one) => isBeside.has(one.slot) && !shutToo.has(one.slot));
  const wrong = await whatIsWrong(world, { from, errors: ["a range that kill", "a range kills"] });
  world.end();
  return {
    deaths,
    shutMs,
    shutSlots,
    othersLate: others.filter((one) => latenessOf(one) > ON_TIME_MS).length,
    neighboursMs: recoveredAfter(beside, firstDeathAt ?? from),
    alarmed,
    backMs: again === undefined ? Number.POSITIVE_INFINITY : again.at - releasedAt,
    wrong: wrong.map((text) => `seed ${seed}, ${end}: ${text}`),
  };
}

async function slotsBeside(world: FaultWorld, slot: number): Promise<number[]> {
  const found = await world.leases.readFleet(world.pool);
  const { from } = slotRange(slot as Parameters<typeof slotRange>[0], SLOTS_LOG2);
  const lease = found?.leases.find(({ ranges }) => contains(ranges, from));
  return lease === undefined ? [] : slotsIn(lease.ranges, SLOTS_LOG2);
}

async function shutLease(world: FaultWorld) {
  const found = await world.leases.readFleet(world.pool);
  return found?.leases.find(({ quarantine }) => quarantine !== undefined);
}

/** As the health check sees it: the metric that its alarm stands on. */
async function isAlarmed(world: FaultWorld): Promise<boolean> {
  const report = await healthCheck(
    {
      clock: world.clock,
      leases: world.leases,
      schedules: world.schedules,
      configuration: memoryConfigurationStore(),
      health: memoryHealthMemory(),
      metrics: memoryMetricSink(),
      meter: world.meter,
      log: world.log,
      steps: noSteps,
      memory: slotMemory(),
      settings: HEALTH_CHECK_SETTINGS,
    },
    {
      pool: world.pool,
      stop: new AbortController().signal,
      deadlineAt: after(world.clock.now(), 50_000),
    },
  );
  return report.kind === "checked" && report.metrics.OrphanedSlots > 0;
}

async function killingRange(effort: Effort): Promise<Finding> {
  const seeds = effort === "full" ? [1, 2, 3, 4] : [1];
  const all: Killing[] = [];
  for (const seed of seeds) {
    for (const end of ["by hand", "cool-down"] as const) all.push(await poison(seed, end));
  }
  const most = (of: (one: Killing) => number): number => Math.max(...all.map(of));
  const deaths = most((one) => one.deaths);
  const othersLate = most((one) => one.othersLate);
  const alarmed = all.filter((one) => one.alarmed).length;
  return finding(
    `${all.length} killing targets: shut after ≤ ${deaths} deaths and ${seconds(most((one) => one.shutMs))}, with ${most((one) => one.shutSlots)} slots; alarmed ${alarmed} of ${all.length}; ${othersLate} captures of other leases late; its lease's other slots on time again after ≤ ${seconds(most((one) => one.neighboursMs))}; after release captured again ≤ ${seconds(most((one) => one.backMs))}`,
    [
      ...(deaths <= DEATHS_MAX ? [] : [`${deaths} deaths, expected at most ${DEATHS_MAX}`]),
      ...(most((one) => one.shutMs) <= SHUT_WITHIN_MS ? [] : ["a killing range was not shut"]),
      ...(alarmed === all.length ? [] : [`${all.length - alarmed} told nobody`]),
      ...(othersLate === 0 ? [] : [`${othersLate} captures of other leases were late`]),
      ...(most((one) => one.neighboursMs) <= SHUT_WITHIN_MS ? [] : ["slots beside it were not captured again"]), // prettier-ignore
      ...(most((one) => one.backMs) <= 75_000 ? [] : ["it was not captured again after its release"]), // prettier-ignore
      ...all.flatMap(({ wrong }) => wrong),
    ],
  );
}

export const killer: Row = {
  id: "killing-range",
  fault: "a range that kills every collector that takes it",
  goal: "quarantined after 3 deaths, alarmed, the others unharmed; released by hand or after a cool-down",
  simulated: killingRange,
};
