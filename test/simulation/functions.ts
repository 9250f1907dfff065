/**
 * The three functions, wired as their own wiring does it, on what a simulated world offers instead
 * of AWS.
 */
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { DependencyError } from "#domain/errors.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import type { Ids } from "#ports/ids.ts";
import type { Invoker } from "#ports/invoker.ts";
import type { Log, LogFields } from "#ports/log.ts";
import type { ProbeTask } from "#ports/probe.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { collect } from "#usecases/collect/collect.ts";
import { COLLECT_SETTINGS, type CollectSettings } from "#usecases/collect/settings.ts";
import { healthCheck, HEALTH_CHECK_SETTINGS, slotMemory } from "#usecases/health-check.ts";
import { rebalanceAsConfigured } from "#usecases/rebalance-as-configured.ts";
import { REBALANCE_SETTINGS, startTimes } from "#usecases/rebalance.ts";
import { noSteps } from "#test/support/quiet.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import type { Backend, Stores } from "./backend.ts";
import type { WorldClock } from "./clock.ts";
import type { Platform, PlatformFunction } from "./platform.ts";
import { simulatedProbe } from "./probe.ts";
import type { SimulatedProcess } from "./process.ts";
import { sampleStoreOf, type KeptSamples } from "./samples.ts";
import { oneWay, stormyNetwork, type WeatherDeps } from "./weather.ts";

export interface FunctionsOptions extends WeatherDeps {
  readonly clock: WorldClock;
  readonly random: Random;
  readonly backend: Backend;
  readonly kept: KeptSamples;
  readonly pool: string;
  readonly slotsLog2: number;
  /** COLLECTORS, as of the newest deployment. */
  readonly desired: () => number;
  readonly longestTimeoutMs: number;
  readonly collect: Partial<CollectSettings>;
  readonly latencyOf: (task: ProbeTask, random: Random) => number;
  readonly lifeMs: () => number;
  readonly platform: () => Platform;
  readonly onCapture: (process: SimulatedProcess, target: string) => void;
  readonly onLog: (
    process: SimulatedProcess,
    level: string,
    event: string,
    fields: LogFields,
  ) => void;
}

export function simulatedFunctions(
  options: FunctionsOptions,
): Readonly<Record<FunctionName, PlatformFunction>> {
  const { backend, pool, slotsLog2, longestTimeoutMs, counts } = options;

  function wire(process: SimulatedProcess) {
    const random = options.random.fork();
    const meter = capacityMeter();
    const network = stormyNetwork(options, process, random.fork());
    const stores: Stores = backend.reach({ process, network, random: random.fork(), meter });
    const schedules = countedCommits(options, process, stores.schedules);
    return {
      ...stores,
      schedules,
      meter,
      clock: process.clock,
      log: logOf(options, process),
      random,
    };
  }

  return {
    rebalance: {
      ...settingsOf("rebalance"),
      load(process) {
        const { random, ...wired } = wire(process);
        const ids = idsOf(process);
        const learned = startTimes();
        const desired = options.desired();
        const invoker = invokerOf(options, process, random.fork());
        return ({ deadlineAt, stop }) => {
          counts.add("rebalances");
          return rebalanceAsConfigured(
            {
              ...wired,
              invoker,
              steps: noSteps,
              startTimes: learned,
              settings: { ...REBALANCE_SETTINGS, longestTimeoutMs },
            },
            { pool, name: ids.owner(), deadlineAt, stop },
            { pool, slotsLog2, desired },
          );
        };
      },
    },
    collect: {
      ...settingsOf("collect"),
      get timeoutMs() {
        return options.lifeMs();
      },
      load(process) {
        const { random, ...wired } = wire(process);
        const ids = idsOf(process);
        const samples = sampleStoreOf(options, {
          kept: options.kept,
          world: options.clock,
          process,
          random: random.fork(),
        });
        const ofTargets = random.fork();
        const probe = simulatedProbe({
          process,
          latencyOf: (task) => options.latencyOf(task, ofTargets),
          onStart: (target) => {
            options.onCapture(process, target);
          },
        });
        return ({ event, deadlineAt, stop }) => {
          probe.refresh();
          return collect(
            {
              ...wired,
              ids,
              samples,
              probe,
              settings: { ...COLLECT_SETTINGS, longestTimeoutMs, ...options.collect },
            },
            { pool, lease: leaseId(Number(event)), owner: ids.owner(), deadlineAt, stop },
          );
        };
      },
    },
    "health-check": {
      ...settingsOf("health-check"),
      load(process) {
        const { random: _random, ...wired } = wire(process);
        const memory = slotMemory();
        return ({ deadlineAt, stop }) => {
          counts.add("health checks");
          return healthCheck(
            {
              ...wired,
              metrics: { publish: () => Promise.resolve("published") },
              steps: noSteps,
              memory,
              settings: HEALTH_CHECK_SETTINGS,
            },
            { pool, deadlineAt, stop },
          );
        };
      },
    },
  };
}

/** What became of commits: refusals leave no trace in the records. */
function countedCommits(
  { counts, trace, now }: WeatherDeps,
  process: SimulatedProcess,
  schedules: ScheduleStore,
): ScheduleStore {
  return {
    ...schedules,
    async commit(request) {
      const result = await schedules.commit(request);
      const { kind } = result;
      if (kind === "fenced" || kind === "revised" || kind === "overtaken") {
        counts.add(`commits ${kind}`);
        trace.note(
          now(),
          process.name,
          `commit ${kind}:`,
          `slot ${request.slot} ${request.cadence}`,
        );
      }
      return result;
    },
  };
}

const STOP_BEFORE_MS = { rebalance: 3_000, collect: 5_000, "health-check": 3_000 } as const;

function settingsOf(name: FunctionName): Omit<PlatformFunction, "load"> {
  const { timeoutMs, asyncRetriesMax, asyncMaxAgeMs } = manifest[name];
  const settings = {
    timeoutMs,
    stopBeforeMs: STOP_BEFORE_MS[name],
    retriesMax: asyncRetriesMax,
    ageMaxMs: asyncMaxAgeMs,
  };
  return name === "collect"
    ? settings
    : { ...settings, scheduleEveryMs: manifest[name].scheduleEveryMs };
}

/** Names that nobody else has: the process's own, and a count. */
export function idsOf({ name }: SimulatedProcess): Ids {
  let made = 0;
  const next = (): string => {
    made += 1;
    return `${name}.${made}`;
  };
  return { owner: () => next() as Owner, stamp: next }; // names of processes are unique in a world
}

export function invokerOf(
  {
    clock,
    weather,
    trace,
    now,
    platform,
  }: Pick<FunctionsOptions, "clock" | "weather" | "trace" | "now" | "platform">,
  process: SimulatedProcess,
  random: Random,
): Invoker {
  function invoke(name: FunctionName, event: string): Promise<void> {
    const isFailing = random() < weather.refusedInvocations || weather.cutOff.has(process.name);
    const isAccepted = !isFailing || random() < 0.5;
    trace.note(
      now(),
      process.name,
      isFailing ? "invokes, without answer:" : "invokes",
      `${name} ${event}`,
    );
    return new Promise((resolve, reject) => {
      clock.after(oneWay(weather, random), () => {
        if (isAccepted) platform().invokeAsync(name, event);
        clock.after(isFailing ? 1_000 : oneWay(weather, random), () => {
          process.deliver(() => {
            if (isFailing)
              reject(new DependencyError("no answer to an invocation", { retryable: true }));
            else resolve();
          });
        });
      });
    });
  }
  return {
    startCollector: ({ lease }) => invoke("collect", lease),
    startRebalancer: () => invoke("rebalance", ""),
  };
}

export function logOf({ onLog }: Pick<FunctionsOptions, "onLog">, process: SimulatedProcess): Log {
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      onLog(process, level, event, fields);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
