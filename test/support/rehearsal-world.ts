/**
 * A whole pool on a set clock: the real functions on memory stores, run by a platform as AWS
 * documents it, watched by the alarms of the synthesised template.
 *
 * Everything random comes from one seed: the same seed plays the same way.
 */
import { memoryConfigurationStore } from "#adapters/memory/configuration-store.ts";
import { memoryHealthMemory } from "#adapters/memory/health-memory.ts";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { memoryRequestStore } from "#adapters/memory/request-store.ts";
import { memoryScheduleStore } from "#adapters/memory/schedule-store.ts";
import type { Cadence } from "#domain/cadence.ts";
import { every } from "#domain/cadence.ts";
import type { Owner } from "#domain/lease.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { durationMs, type EpochMs } from "#domain/units.ts";
import type { Log } from "#ports/log.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { rehearsalClock } from "./rehearsal-clock.ts";
import type { WorldFaults } from "./rehearsal-faults.ts";
import { rehearsalFunctions } from "./rehearsal-functions.ts";
import { rehearsalMetrics, type PublicationDelay } from "./rehearsal-metrics.ts";
import { rehearsalPlatform } from "./rehearsal-platform.ts";
import type { RehearsalProcess } from "./rehearsal-process.ts";
import { seededRandom } from "./rehearsal-random.ts";
import type { Deployed } from "./rehearsal-template.ts";

export interface RehearsalOptions {
  readonly seed: number;
  readonly deployed: Deployed;
  readonly targets: number;
  readonly cadenceMs: number;
  readonly delay: PublicationDelay;
  readonly captureCostMs: number;
  /** Called with every capture that is started. */
  readonly onCapture?: (target: string, at: EpochMs) => void;
}

export const REHEARSAL_DEFAULTS: Omit<RehearsalOptions, "seed" | "deployed"> = {
  targets: 128,
  cadenceMs: 60_000,
  delay: { leastMs: 1_000, mostMs: 60_000 },
  captureCostMs: 1,
};

export type RehearsalWorld = Awaited<ReturnType<typeof rehearsalWorld>>;

const START = "2026-11-21T00:00:00.000Z";
const TIMEOUT_MS = 5_000;
/** One capture in fifty fails, as on any day. */
const FLAKY_SHARE = 0.02;
const STEPS_MAX = 10_000;

export async function rehearsalWorld(options: RehearsalOptions) {
  const clock = rehearsalClock(START);
  const random = seededRandom(options.seed);
  const warnings = new Map<string, number>();
  const log = countingLog(warnings);
  const { deployed } = options;
  const { pool, slotsLog2 } = deployed;
  let { collectors } = deployed;
  const faults: WorldFaults = {
    throttledShare: 0,
    isSampleStoreFull: false,
    areCommitsDenied: false,
    failingShare: 0,
    flakyShare: FLAKY_SHARE,
    killing: new Set(),
    captureCostMs: options.captureCostMs,
    stall: undefined,
  };
  const stores = {
    leases: memoryLeaseStore(),
    schedules: memoryScheduleStore(),
    requests: memoryRequestStore(),
    configuration: memoryConfigurationStore(),
    health: memoryHealthMemory(),
  };
  const metrics = rehearsalMetrics(clock, random.fork(), options.delay);
  const ids = countedIds();
  let captures = 0;
  const functions = rehearsalFunctions({
    clock,
    random: random.fork(),
    deployed,
    collectors: () => collectors,
    faults,
    onCapture(target, at, process) {
      captures += 1;
      options.onCapture?.(target, at);
      if (!faults.killing.has(target)) return;
      for (const one of platform.running("collect")) if (one.process === process) one.crash();
    },
    ports: {
      ...stores,
      ids,
      log,
      samples: forgetfulSamples(),
      metrics: {
        publish: (batch) => {
          metrics.putBatch(batch);
          return Promise.resolve("published");
        },
      },
      invoker: {
        startCollector: ({ lease }) => {
          platform.invokeAsync("collect", lease);
          return Promise.resolve();
        },
        startRebalancer: () => {
          platform.invokeAsync("rebalance", "");
          return Promise.resolve();
        },
      },
    },
  });
  const platform = rehearsalPlatform({
    clock,
    random: random.fork(),
    metrics,
    functions,
    deadLettersKeptMs: deployed.deadLettersKeptMs,
  });
  platform.onStart(({ name, process }) => {
    if (name === "collect") standStill(process);
  });

  /** While it is to be so: a thread that stands still now and then, whatever it is doing. */
  function standStill(process: RehearsalProcess): void {
    if (faults.stall === undefined) return;
    const { ms, everyMs } = faults.stall;
    process.spend(ms);
    process.clock.after(everyMs - ms, () => standStill(process));
  }

  /** Those that run already are told as well. */
  function stall(how: WorldFaults["stall"]): void {
    faults.stall = how;
    for (const { process } of platform.running("collect")) standStill(process);
  }

  async function register(definitions: readonly TargetDefinition[]): Promise<void> {
    const done = { is: false };
    const registered = registerTargets(
      { ...stores, clock, ids, log },
      { pool, slotsLog2, policies: POLICIES_DEFAULT },
      definitions,
    ).finally(() => {
      done.is = true;
    });
    for (let step = 0; !done.is && step < STEPS_MAX; step += 1)
      await clock.advance(step === 0 ? 0 : 20);
    await registered;
  }

  /** New code for all functions, and perhaps another number of collectors. */
  function deploy(wanted: number = collectors): void {
    collectors = wanted;
    platform.deploy();
  }

  const cadence = every(options.cadenceMs);
  await register(Array.from({ length: options.targets }, (_, index) => target(index, cadence)));
  platform.startSchedules();

  return {
    clock, pool, faults, stores, metrics, platform, warnings, register, deploy, stall,
    captures: () => captures,
    targets: options.targets,
  }; // prettier-ignore
}

export function target(index: number, cadence: Cadence): TargetDefinition {
  return {
    id: `target-${index}`,
    cadence,
    tags: {},
    probe: {
      kind: "http",
      url: `http://127.0.0.1/${index}`,
      method: "GET",
      headers: {},
      timeoutMs: durationMs(TIMEOUT_MS),
      redirectsMax: 0,
      insecure: false,
      keep: [],
      assertions: [{ kind: "status", allowed: [200] }],
    },
  };
}

function countedIds() {
  let made = 0;
  const next = (): string => {
    made += 1;
    return `id-${made}`;
  };
  return { owner: () => next() as Owner, stamp: next };
}

/** Chunks are durable at once and never read: a week of them needs no room. */
function forgetfulSamples(): SampleStore {
  return {
    put: () => Promise.resolve(),
    list: () => Promise.resolve({ entries: [] }),
    get: () => Promise.resolve(undefined),
  };
}

function countingLog(counts: Map<string, number>): Log {
  const note = (event: string): void => {
    counts.set(event, (counts.get(event) ?? 0) + 1);
  };
  return { debug: () => undefined, info: () => undefined, warn: note, error: note };
}
