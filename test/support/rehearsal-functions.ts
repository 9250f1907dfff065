/**
 * The three functions on memory stores, in a rehearsal: the real use cases, wired as the functions'
 * own wiring does it, with calls that take time and captures that cost their process time.
 */
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { leaseId } from "#domain/lease.ts";
import type { Capture } from "#domain/sample.ts";
import { targetHash } from "#domain/hash.ts";
import { durationMs, type EpochMs } from "#domain/units.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { sleep, type Clock } from "#ports/clock.ts";
import type { ConfigurationStore } from "#ports/configuration-store.ts";
import type { HealthMemory } from "#ports/health-memory.ts";
import type { Ids } from "#ports/ids.ts";
import type { Invoker } from "#ports/invoker.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { Log } from "#ports/log.ts";
import type { MetricSink } from "#ports/metric-sink.ts";
import type { Probe, ProbeResult } from "#ports/probe.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { collect } from "#usecases/collect/collect.ts";
import { COLLECT_SETTINGS } from "#usecases/collect/settings.ts";
import { healthCheck, HEALTH_CHECK_SETTINGS, slotMemory } from "#usecases/health-check.ts";
import { rebalanceAsConfigured } from "#usecases/rebalance-as-configured.ts";
import { REBALANCE_SETTINGS, startTimes } from "#usecases/rebalance.ts";
import { noSteps } from "./quiet.ts";
import { chunkFates, plainFates, tableFates, type WorldFaults } from "./rehearsal-faults.ts";
import type { DeployedFunction } from "./rehearsal-platform.ts";
import type { Deployed } from "./rehearsal-template.ts";
import type { Fates, RehearsalProcess } from "./rehearsal-process.ts";
import type { Random } from "./rehearsal-random.ts";

export interface SharedPorts {
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly configuration: ConfigurationStore;
  readonly health: HealthMemory;
  readonly samples: SampleStore;
  readonly metrics: MetricSink;
  readonly invoker: Invoker;
  readonly ids: Ids;
  readonly log: Log;
}

export interface FunctionsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly deployed: Deployed;
  /** COLLECTORS, as of the newest deploy. */
  readonly collectors: () => number;
  readonly faults: WorldFaults;
  readonly ports: SharedPorts;
  /** Called with every capture that is started. */
  readonly onCapture: (target: string, at: EpochMs, process: RehearsalProcess) => void;
}

const LATENCY_MS = 40;

export function rehearsalFunctions(
  options: FunctionsOptions,
): Readonly<Record<FunctionName, DeployedFunction>> {
  const { random, deployed, faults, ports } = options;
  const { pool, slotsLog2, leaseTtlMs, longestTimeoutMs, chunkEveryMs } = deployed;
  const { ids, log } = ports;
  const plain = plainFates(random);

  /** As `wireStore`: one meter for all invocations of an environment. */
  function wireTables() {
    const meter = capacityMeter();
    const fates = tableFates(faults, random, meter);
    return { meter, stores: (process: RehearsalProcess) => tablesOf(ports, process, fates) };
  }

  return {
    rebalance: {
      manifest: manifest.rebalance,
      stopBeforeMs: 3_000,
      async: deployed.invocation.rebalance,
      load() {
        const { meter, stores } = wireTables();
        const learned = startTimes();
        const desired = options.collectors();
        return ({ process, deadlineAt, stop }) => {
          const invoker = process.port(ports.invoker, plain);
          const deps = { ...stores(process), meter, invoker, log, steps: noSteps };
          return rebalanceAsConfigured(
            {
              ...deps,
              clock: process.clock,
              startTimes: learned,
              settings: { ...REBALANCE_SETTINGS, leaseTtlMs, longestTimeoutMs },
            },
            { pool, name: ids.owner(), deadlineAt, stop },
            { pool, slotsLog2, desired },
          );
        };
      },
    },
    collect: {
      manifest: manifest.collect,
      stopBeforeMs: 5_000,
      async: deployed.invocation.collect,
      load() {
        const { meter, stores } = wireTables();
        return ({ event, process, deadlineAt, stop }) =>
          collect(
            {
              ...stores(process),
              clock: process.clock,
              meter,
              ids,
              log,
              samples: process.port(ports.samples, chunkFates(faults, random)),
              probe: rehearsalProbe(options, process),
              settings: {
                ...COLLECT_SETTINGS,
                ttlMs: leaseTtlMs,
                heartbeatEveryMs: Math.min(COLLECT_SETTINGS.heartbeatEveryMs, leaseTtlMs / 3),
                longestTimeoutMs,
                chunkEveryMs,
              },
            },
            { pool, lease: leaseId(Number(event)), owner: ids.owner(), deadlineAt, stop },
          );
      },
    },
    "health-check": {
      manifest: manifest["health-check"],
      stopBeforeMs: 3_000,
      async: deployed.invocation["health-check"],
      load() {
        const { meter, stores } = wireTables();
        const memory = slotMemory();
        return ({ process, deadlineAt, stop }) =>
          healthCheck(
            {
              ...stores(process),
              clock: process.clock,
              meter,
              metrics: process.port(ports.metrics, plain),
              log,
              steps: noSteps,
              memory,
              settings: HEALTH_CHECK_SETTINGS,
            },
            { pool, deadlineAt, stop },
          );
      },
    },
  };
}

function tablesOf(ports: SharedPorts, process: RehearsalProcess, fates: Fates) {
  return {
    leases: process.port(ports.leases, fates),
    schedules: process.port(ports.schedules, fates),
    requests: process.port(ports.requests, fates),
    configuration: process.port(ports.configuration, fates),
    health: process.port(ports.health, fates),
  };
}

/** Captures that take LATENCY_MS each and whose start keeps the thread busy. */
function rehearsalProbe(
  { faults, random, onCapture }: FunctionsOptions,
  process: RehearsalProcess,
): Probe {
  const { clock } = process;
  return {
    async *capture(batch, signal) {
      // All of it in the tick that asks for it, as a probe's own work is.
      const captures = batch.map(({ target }): Capture => {
        const startedAt = clock.now();
        process.spend(faults.captureCostMs);
        onCapture(target.id, startedAt, process);
        const isFailed = random() < faults.flakyShare || isFailing(target.id, faults.failingShare);
        return captureOf(startedAt, isFailed);
      });
      await sleep(clock, LATENCY_MS, signal);
      yield captures.map((capture, index): ProbeResult => ({ index, capture }));
    },
    warm: () => Promise.resolve(),
    refresh: () => undefined,
    close: () => Promise.resolve(),
  };
}

function captureOf(startedAt: EpochMs, isFailed: boolean): Capture {
  return {
    startedAt,
    durationMs: durationMs(LATENCY_MS),
    values: {},
    ...(isFailed && { failure: { code: "connect", message: "rehearsed to fail" } as const }),
  };
}

function isFailing(target: string, share: number): boolean {
  return share > 0 && targetHash(target).resultKey / 2 ** 32 < share;
}
