/**
 * A pool in memory with the shipped collectors and rebalancers, a platform that starts them as a
 * cloud does, and a network that delays, loses and cuts: on a clock that a test moves.
 *
 * The platform: the rebalancer is invoked every minute; what it asks for is started after a start
 * time, and once more a minute and two minutes later when its process died.
 *
 * Holds: everything random comes from the seed: the same options play the same way.
 */
import { cadenceKey } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { leaseId, type LeaseId, type Owner } from "#domain/lease.ts";
import type { Look } from "#domain/audit.ts";
import { limits } from "#domain/limits.ts";
import { slotOf } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { after, type EpochMs } from "#domain/units.ts";
import type { Invoker } from "#ports/invoker.ts";
import { arrivingProbe, TIMEOUT_MS } from "#test/support/collector-chaos.ts";
import { collectorWorld, POOL } from "#test/support/collector-world.ts";
import { lookAtPool } from "#test/support/look-at-pool.ts";
import { noSteps } from "#test/support/quiet.ts";
import { seededRandom, type Random } from "#test/support/rehearsal-random.ts";
import { collect } from "#usecases/collect/collect.ts";
import {
  COLLECT_SETTINGS,
  type CollectEnding,
  type CollectSettings,
} from "#usecases/collect/settings.ts";
import {
  rebalance,
  REBALANCE_SETTINGS,
  startTimes,
  type RebalanceSettings,
} from "#usecases/rebalance.ts";
import { faultProcess, type Call, type CallDone, type CallFault, type FaultProcess } from "./process.ts"; // prettier-ignore

export interface FaultWorldOptions {
  readonly seed: number;
  readonly slotsLog2?: number;
  readonly leases?: number;
  readonly targets: readonly TargetDefinition[];
  /** From an invocation to its first line of code; by default START_MS. */
  readonly startMs?: (random: Random) => number;
  /** Until an invocation's deadline, by the collector's number from 1. */
  readonly lifeMs?: (collector: number) => number;
  /** What is wrong with a process's clock. */
  readonly skewMs?: (process: string) => number;
  readonly collect?: Partial<CollectSettings>;
  readonly rebalance?: Partial<RebalanceSettings>;
  readonly fault?: (call: Call, world: FaultWorld) => CallFault | undefined;
  /** How long a capture takes. */
  readonly captureMs?: (target: string, random: Random) => number;
  /** Called when a capture begins, before anything else. */
  readonly onCapture?: (arrival: Arrival, process: FaultProcess) => void;
}

export interface Arrival {
  readonly target: string;
  readonly at: EpochMs;
  readonly process: string;
}

export interface Running {
  readonly name: string;
  readonly kind: "collector" | "rebalancer";
  /** Of a collector. */
  readonly lease: LeaseId | undefined;
  readonly invokedAt: EpochMs;
  readonly process: FaultProcess;
  readonly stop: AbortController;
  ended: CollectEnding | "failed" | "rebalanced" | "threw" | undefined;
}

/** Warm or cold, as the cloud has it: a third is warm. */
export function usualStartMs(random: Random): number {
  return random() < 1 / 3 ? random.between(40, 150) : random.between(300, 900);
}

const RETRY_MS = 60_000;
const RETRIES_MAX = 2;
const SAMPLES_BACK_MS = 6;

export type FaultWorld = Awaited<ReturnType<typeof faultWorld>>;

export async function faultWorld(options: FaultWorldOptions) {
  const { slotsLog2 = 3, leases = 2, targets } = options;
  const pool = await collectorWorld({ slotsLog2, leases });
  const { clock, log } = pool;
  const random = seededRandom(options.seed);
  const network = random.fork();
  const probing = random.fork();
  const starting = random.fork();
  const arrivals: Arrival[] = [];
  const calls: CallDone[] = [];
  const looks: Look[] = [];
  const running: Running[] = [];
  const failures: unknown[] = [];
  const periods = new Map(targets.map(({ id, cadence }) => [id, cadence]));
  let learnt = startTimes();
  let collectors = 0;
  let rebalancers = 0;
  let startMs = options.startMs ?? usualStartMs;

  function processOf(name: string, died: () => void): FaultProcess {
    return faultProcess(
      name,
      clock,
      {
        fate(call) {
          const there = 1 + network() * 4;
          const back = 1 + network() * 4 + (call.name === "samples.put" ? SAMPLES_BACK_MS : 0);
          return { thereMs: there, backMs: back, fault: options.fault?.(call, world) };
        },
        applied: (call) => calls.push(call),
        died,
      },
      options.skewMs?.(name) ?? 0,
    );
  }

  /** The platform: an asynchronous invocation, begun after a start time, repeated when it died. */
  function invokeCollector(lease: LeaseId, attempt = 0): void {
    clock.after(startMs(starting), () => {
      collectors += 1;
      const name = `collector-${collectors}`;
      const again = (): void => {
        if (attempt >= RETRIES_MAX) return;
        clock.after(RETRY_MS * (attempt + 1), () => {
          invokeCollector(lease, attempt + 1);
        });
      };
      const process = processOf(name, again);
      const stop = new AbortController();
      const one: Running = { name, kind: "collector", lease, invokedAt: clock.now(), process, stop, ended: undefined }; // prettier-ignore
      running.push(one);
      const lifeMs = options.lifeMs?.(collectors) ?? 900_000;
      const deadlineAt = after(process.clock.now(), lifeMs);
      clock.after(lifeMs, () => {
        if (one.ended === undefined) process.kill();
      });
      collect(
        {
          clock: process.clock,
          ids: pool.ids,
          meter: pool.meter,
          log,
          leases: process.port("leases", pool.leases),
          schedules: process.port("schedules", pool.schedules),
          requests: process.port("requests", pool.requests),
          samples: process.port("samples", pool.samples),
          probe: arrivingProbe(
            process,
            ({ target, timeoutMs }) =>
              Math.min(timeoutMs, options.captureMs?.(target.id, probing) ?? 2 + probing() * 30),
            (target) => {
              const arrival = { target, at: clock.now(), process: name };
              arrivals.push(arrival);
              options.onCapture?.(arrival, process);
            },
          ),
          settings: { ...COLLECT_SETTINGS, longestTimeoutMs: TIMEOUT_MS, ...options.collect },
        },
        { pool: POOL, lease, owner: name as Owner, deadlineAt, stop: stop.signal },
      ).then(
        ({ ending }) => {
          one.ended = ending;
        },
        (error: unknown) => {
          one.ended = "threw";
          failures.push(error);
          again();
        },
      );
    });
  }

  function invokeRebalancer(): void {
    clock.after(startMs(starting), () => {
      rebalancers += 1;
      const name = `rebalancer-${rebalancers}`;
      const process = processOf(name, () => undefined);
      const stop = new AbortController();
      const one: Running = { name, kind: "rebalancer", lease: undefined, invokedAt: clock.now(), process, stop, ended: undefined }; // prettier-ignore
      running.push(one);
      const invoker: Invoker = {
        startCollector: ({ lease }) => {
          invokeCollector(lease);
          return Promise.resolve();
        },
        startRebalancer: () => Promise.resolve(),
      };
      rebalance(
        {
          clock: process.clock,
          leases: process.port("leases", pool.leases),
          requests: process.port("requests", pool.requests),
          invoker: process.port("invoker", invoker),
          meter: pool.meter,
          log,
          steps: noSteps,
          startTimes: learnt,
          settings: { ...REBALANCE_SETTINGS, longestTimeoutMs: TIMEOUT_MS, ...options.rebalance },
        },
        { pool: POOL, name, deadlineAt: after(process.clock.now(), 180_000), stop: stop.signal },
      ).then(
        () => {
          one.ended = "rebalanced";
        },
        (error: unknown) => {
          one.ended = "threw";
          failures.push(error);
        },
      );
    });
  }

  const world = {
    ...pool,
    pool: POOL,
    random,
    arrivals,
    calls,
    looks,
    running,
    failures,
    targets,
    cadenceOf: (target: string) => periods.get(target),
    slotOf: (target: string) => slotOf(targetHash(target).hash32, slotsLog2),
    invokeCollector,
    invokeRebalancer,
    /** The rebalancer's schedule, from now on. */
    everyMinute() {
      const tickTock = (): void => {
        invokeRebalancer();
        clock.after(limits.rebalanceEveryMs, tickTock);
      };
      tickTock();
    },
    async look() {
      looks.push(await lookAtPool(pool, POOL));
    },
    /** Lets time pass, and looks at the records every second. */
    async pass(ms: number) {
      const end = clock.now() + ms;
      while (clock.now() < end) {
        await clock.advance(Math.min(1_000, end - clock.now()));
        await world.look();
      }
    },
    /** Who owns a lease, and works. */
    ownerOf(look: Look, lease: LeaseId): Running | undefined {
      const holder = look.fleet.leases.find(({ id }) => id === lease)?.holder;
      return running.find(({ name }) => name === holder?.owner);
    },
    one(name: string): Running {
      const found = running.find((each) => each.name === name);
      if (found === undefined) throw new Error(`there is no ${name}`);
      return found;
    },
    lease: async (number: number) => {
      const found = await pool.leases.findLease(POOL, leaseId(number));
      if (found === undefined) throw new Error(`there is no lease ${number}`);
      return found;
    },
    /** New code: environments are new, what was learnt is gone, and starts take as given. */
    deploy(nextStartMs: (random: Random) => number) {
      learnt = startTimes();
      startMs = nextStartMs;
    },
    end() {
      for (const { process } of running) process.kill();
    },
    keyOf: (target: string) => {
      const cadence = periods.get(target);
      if (cadence === undefined) throw new Error(`there is no target ${target}`);
      return cadenceKey(cadence);
    },
  };
  await pool.register(targets);
  return world;
}
