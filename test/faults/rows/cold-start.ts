/**
 * 10,000 ranges on 200 leases that nobody owns, all due: one run of the rebalancer starts everything.
 *
 * On the simulated DynamoDB, with the real adapters: units are counted by partition and second, and
 * a partition that is asked for more than it gives throttles.
 */
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { memorySampleStore } from "#adapters/memory/sample-store.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { leaseId, newLease, type LeaseId, type Owner } from "#domain/lease.ts";
import { normalise, rangesOfSlots } from "#domain/range.ts";
import { slot as slotAt, slotOf, type Slot } from "#domain/slot.ts";
import { after } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import { arrivingProbe, TIMEOUT_MS } from "#test/support/collector-chaos.ts";
import { keptLog, noSteps } from "#test/support/quiet.ts";
import { seededRandom, type Random } from "#test/support/rehearsal-random.ts";
import { manyTargets } from "#test/support/targets.ts";
import { simulatedClient, simulatedTables, type SimulatedTables } from "#test/simulation/store/index.ts"; // prettier-ignore
import { worldClock, type WorldClock } from "#test/simulation/clock.ts";
import { collect } from "#usecases/collect/collect.ts";
import { COLLECT_SETTINGS } from "#usecases/collect/settings.ts";
import { rebalance, REBALANCE_SETTINGS, startTimes } from "#usecases/rebalance.ts";
import { quantileOf } from "../measure.ts";
import { finding, seconds, type Effort, type Finding, type Row } from "../row.ts";
import { usualStartMs } from "../world.ts";

const POOL = "cold";
const SLOTS_LOG2 = 14;
const SLOTS = 2 ** SLOTS_LOG2;
const RANGES_MIN = 10_000;
const LEASES = 200;
const TARGETS = 8_000;
const CLAIMED_WITHIN_MS = 5_000;
const WRITE_UNITS_MAX = 700;
const RUN_MS = 8_000;

interface ColdStart {
  readonly ranges: number;
  /** From the rebalancer's first call to each lease's acquire. */
  readonly claimedMs: readonly number[];
  readonly writes: number;
  readonly reads: number;
  readonly throttled: number;
  readonly failed: readonly string[];
}

async function startCold(seed: number): Promise<ColdStart> {
  const clock = worldClock("2026-11-21T12:00:00.000Z");
  const random = seededRandom(seed);
  const tables = simulatedTables({ clock });
  const log = keptLog();
  const starting = random.fork();
  const claimedAt = new Map<LeaseId, number>();
  const failed: string[] = [];
  const meters: CapacityMeter[] = [];
  const stop = new AbortController();
  let names = 0;
  const process = () => {
    names += 1;
    const meter = capacityMeter();
    meters.push(meter);
    return {
      name: `process-${names}`,
      ...storesOf({ tables, clock, meter, random: random.fork() }),
    };
  };

  const ranges = await found(tables, clock, random);
  tables.forgetPeaks();

  function start(lease: LeaseId): void {
    clock.after(usualStartMs(starting), () => {
      const { name, meter, ...stores } = process();
      const leases = {
        ...stores.leases,
        async acquire(request: Parameters<typeof stores.leases.acquire>[0]) {
          const result = await stores.leases.acquire(request);
          if (result.kind === "acquired" && !claimedAt.has(lease))
            claimedAt.set(lease, clock.now());
          return result;
        },
      };
      collect(
        {
          ...stores,
          leases,
          clock,
          meter,
          log,
          ids: { owner: () => name as Owner, stamp: () => name },
          samples: memorySampleStore(),
          probe: arrivingProbe(
            { clock },
            () => 20,
            () => undefined,
          ),
          settings: { ...COLLECT_SETTINGS, longestTimeoutMs: TIMEOUT_MS },
        },
        { pool: POOL, lease, owner: name as Owner, deadlineAt: after(clock.now(), 900_000), stop: stop.signal }, // prettier-ignore
      ).catch((error: unknown) => failed.push(String(error)));
    });
  }

  const startedAt = clock.now();
  const { name, meter, leases, requests } = process();
  const run = rebalance(
    {
      clock,
      leases,
      requests,
      meter,
      log,
      steps: noSteps,
      invoker: {
        // Answered when the platform has it.
        startCollector: ({ lease }) =>
          new Promise((resolve) => {
            clock.after(starting.between(15, 60), () => {
              start(lease);
              resolve();
            });
          }),
        startRebalancer: () => Promise.resolve(),
      },
      startTimes: startTimes(),
      settings: { ...REBALANCE_SETTINGS, longestTimeoutMs: TIMEOUT_MS },
    },
    { pool: POOL, name, deadlineAt: after(startedAt, 180_000), stop: stop.signal },
  ).catch((error: unknown) => failed.push(String(error)));
  await clock.runUntil(startedAt + RUN_MS);
  stop.abort();
  const peaks = tables.peakUnits();
  void run;
  return {
    ranges,
    claimedMs: Array.from({ length: LEASES }, (_, index) => (claimedAt.get(leaseId(index + 1)) ?? Number.POSITIVE_INFINITY) - startedAt), // prettier-ignore
    writes: Math.max(...peaks.map(({ write }) => write.units)),
    reads: Math.max(...peaks.map(({ read }) => read.units)),
    throttled: meters.reduce((sum, each) => sum + each.takeThrottled(), 0),
    failed,
  };
}

interface StoresOptions {
  readonly tables: SimulatedTables;
  readonly clock: Clock;
  readonly meter: CapacityMeter;
  readonly random: Random;
}

function storesOf({ tables, clock, meter, random }: StoresOptions) {
  const network = { fate: () => ({ thereMs: random.between(1, 4), backMs: random.between(1, 4) }) };
  const client = simulatedClient({ tables, clock, network, random, meter });
  const tools = { client, meter, clock, random };
  return {
    meter,
    leases: dynamoLeaseStore({ ...tools, tableName: "leases" }),
    schedules: dynamoScheduleStore({ ...tools, tableName: "targets" }),
    requests: dynamoRequestStore({ ...tools, tableName: "leases" }),
  };
}

/** Slots are dealt to leases in short runs, so that each lease has some fifty ranges. */
async function found(tables: SimulatedTables, clock: WorldClock, random: Random): Promise<number> {
  // prettier-ignore
  const stores = storesOf({ tables, clock, meter: capacityMeter(), random: random.fork() });
  const dealt: Slot[][] = Array.from({ length: LEASES }, () => []);
  let to = 0;
  for (let index = 0; index < SLOTS; index += 1) {
    if (random() < 0.64) to = (to + 1 + Math.floor(random() * (LEASES - 1))) % LEASES;
    dealt[to]?.push(slotAt(index, SLOTS_LOG2));
  }
  const now = clock.now();
  const leases = dealt.map((slots, index) => newLease(POOL, leaseId(index + 1), normalise(rangesOfSlots(slots, SLOTS_LOG2)), now)); // prettier-ignore
  const fleet = { pool: POOL, slotsLog2: SLOTS_LOG2, desired: LEASES, nextLease: LEASES + 1, version: 1, createdAt: now }; // prettier-ignore
  await settled(clock, stores.leases.found({ fleet, leases }));
  const bySlot = Map.groupBy(manyTargets(TARGETS, POOL, every(60_000)), ({ id }) => slotOf(targetHash(id).hash32, SLOTS_LOG2)); // prettier-ignore
  const writes = [...bySlot].map(async ([slot, targets]) => {
    await stores.schedules.putTargets(POOL, slot, targets);
    await stores.schedules.touchSchedule(POOL, slot, { cadence: cadenceKey(every(60_000)), wasEmpty: true }, now); // prettier-ignore
  });
  await settled(clock, Promise.all(writes));
  return leases.reduce((sum, lease) => sum + lease.ranges.length, 0);
}

async function settled(clock: WorldClock, work: Promise<unknown>): Promise<void> {
  const state = { isDone: false };
  void work.finally(() => {
    state.isDone = true;
  });
  for (let step = 0; step < 1_000 && !state.isDone; step += 1)
    await clock.runUntil(clock.now() + 50);
  await work;
}

async function coldStart(effort: Effort): Promise<Finding> {
  const seeds = effort === "full" ? [1, 2] : [1];
  const all: ColdStart[] = [];
  for (const seed of seeds) all.push(await startCold(seed));
  const claimed = all.flatMap(({ claimedMs }) => claimedMs);
  const worst = Math.max(...claimed);
  const writes = Math.max(...all.map((one) => one.writes));
  const reads = Math.max(...all.map((one) => one.reads));
  const throttled = all.reduce((sum, one) => sum + one.throttled, 0);
  const ranges = Math.min(...all.map((one) => one.ranges));
  return finding(
    `${ranges} ranges on ${LEASES} leases (${all.length} times): all claimed after ${seconds(worst)} (median ${seconds(quantileOf(claimed, 0.5))}) from the rebalancer's run on; the busiest partition took ${writes.toFixed(0)} write and ${reads.toFixed(0)} read units in a second; ${throttled} attempts throttled`,
    [
      ...(ranges >= RANGES_MIN ? [] : [`${ranges} ranges, expected at least ${RANGES_MIN}`]),
      ...(worst <= CLAIMED_WITHIN_MS ? [] : [`the last lease was claimed after ${seconds(worst)}, expected ${seconds(CLAIMED_WITHIN_MS)}`]), // prettier-ignore
      ...(writes <= WRITE_UNITS_MAX ? [] : [`a partition took ${writes} write units in a second, expected at most ${WRITE_UNITS_MAX}`]), // prettier-ignore
      ...all.flatMap(({ failed }) => failed),
    ],
    ["collectors start as the cloud does it: a third warm in 40 to 150 ms, the others cold in 300 to 900 ms"], // prettier-ignore
  );
}

export const tenThousandCold: Row = {
  id: "cold-start",
  fault: "10,000 ranges start cold",
  goal: `no partition above ${WRITE_UNITS_MAX} write units/s, all claimed ≤ ${seconds(CLAIMED_WITHIN_MS)}`,
  simulated: coldStart,
  noReal: "the engine has no limits by partition",
};
