/**
 * A fleet in this process, on a clock of any speed: the functions' use cases on the real DynamoDB
 * stores, started by each other as deployed, with samples in memory and captures that cost nothing.
 *
 * Each function has a client and a meter of its own; what the store refused is counted apart, since
 * it is paid as well but its answer carries no units.
 */
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { dynamoHealthMemory } from "#adapters/dynamodb/health-memory.ts";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { memoryMetricSink } from "#adapters/memory/metric-sink.ts";
import { noopProbe } from "#adapters/noop-probe.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { after } from "#domain/units.ts";
import { manifest } from "#functions/manifest.ts";
import { stepTimer } from "#functions/shared/steps.ts";
import type { Clock } from "#ports/clock.ts";
import type { Log, LogFields } from "#ports/log.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { Chunk, SampleStore } from "#ports/sample-store.ts";
import type { TestEngine } from "#test/support/engine.ts";
import { collect } from "#usecases/collect/collect.ts";
import { COLLECT_SETTINGS, type CollectReport } from "#usecases/collect/settings.ts";
import { healthCheck, HEALTH_CHECK_SETTINGS, slotMemory } from "#usecases/health-check.ts";
import { rebalance, REBALANCE_SETTINGS, startTimes } from "#usecases/rebalance.ts";

export interface Units {
  readonly calls: number;
  readonly refused: number;
  readonly read: number;
  readonly write: number;
}

export interface InProcessFleet {
  captures(): number;
  /** Captures recorded as missed, by reason. */
  missed(): ReadonlyMap<string, number>;
  /** Of all functions together, by operation. */
  units(): ReadonlyMap<string, Units>;
  readonly reports: readonly CollectReport[];
  /** What was logged as a warning or worse, and how often. */
  readonly warnings: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly engine: TestEngine;
  readonly pool: string;
  readonly clock: Clock;
  /** On that clock. */
  readonly ttlMs: number;
  /** How long a collector's invocation may last. */
  readonly invocationMs: number;
}

export function inProcessFleet({
  engine,
  pool,
  clock,
  ttlMs,
  invocationMs,
}: FleetOptions): InProcessFleet {
  const ids = systemIds();
  const warnings = new Map<string, number>();
  const log = countingLog(warnings);
  const stop = new AbortController();
  const running = new Set<Promise<unknown>>();
  const closing: (() => void)[] = [];
  const meters: CountingMeter[] = [];
  const reports: CollectReport[] = [];
  const samples = missedOnly();
  const memory = slotMemory();
  const learned = startTimes();
  let captures = 0;

  function stores() {
    const client = dynamoClient({ endpoint: engine.endpoint });
    closing.push(() => client.destroy());
    const meter = countingMeter();
    meters.push(meter);
    const store = (tableName: string) => ({ client, tableName, meter, clock });
    return {
      meter,
      leases: dynamoLeaseStore(store(engine.tables.leases)),
      requests: dynamoRequestStore(store(engine.tables.leases)),
      schedules: dynamoScheduleStore(store(engine.tables.targets)),
      configuration: dynamoConfigurationStore(store(engine.tables.leases)),
      health: dynamoHealthMemory(store(engine.tables.leases)),
    };
  }

  function track(work: Promise<unknown>): void {
    const run = work.catch((error: unknown) => log.error("a function failed", { error }));
    running.add(run);
    void run.finally(() => running.delete(run));
  }

  async function startCollector(lease: CollectReport["lease"]): Promise<void> {
    const probe = noopProbe(clock);
    const deps = {
      clock,
      ids,
      log,
      samples,
      settings: { ...COLLECT_SETTINGS, ttlMs },
      ...stores(),
    };
    const counted: typeof probe = {
      ...probe,
      capture: (batch, signal) => {
        captures += batch.length;
        return probe.capture(batch, signal);
      },
    };
    const deadlineAt = after(clock.now(), invocationMs);
    const context = { pool, lease, owner: ids.owner(), deadlineAt, stop: stop.signal };
    reports.push(await collect({ ...deps, probe: counted }, context));
  }

  const common = { clock, log, steps: stepTimer() };
  const rebalancing = stores();
  const checking = stores();

  function everyMinute(): void {
    const run = { pool, stop: stop.signal };
    const invoker = {
      startCollector: ({ lease }: { lease: CollectReport["lease"] }) => {
        track(startCollector(lease));
        return Promise.resolve();
      },
      startRebalancer: () => Promise.resolve(),
    };
    const deps = { ...common, ...rebalancing, invoker, startTimes: learned };
    track(
      rebalance(
        { ...deps, settings: { ...REBALANCE_SETTINGS, leaseTtlMs: ttlMs } },
        {
          ...run,
          name: ids.owner(),
          deadlineAt: after(clock.now(), manifest.rebalance.timeoutMs),
        },
      ),
    );
    const metrics = memoryMetricSink();
    track(
      healthCheck(
        { ...common, ...checking, metrics, memory, settings: HEALTH_CHECK_SETTINGS },
        { ...run, deadlineAt: after(clock.now(), manifest["health-check"].timeoutMs) },
      ),
    );
  }

  let cancel: () => void = () => undefined;
  function schedule(): void {
    if (stop.signal.aborted) return;
    everyMinute();
    cancel = clock.after(manifest.rebalance.scheduleEveryMs, schedule);
  }
  schedule();

  return {
    captures: () => captures,
    missed: samples.missed,
    units: () => sumOf(meters),
    reports,
    warnings,
    async stop() {
      cancel();
      stop.abort();
      await Promise.all(running);
      for (const close of closing) close();
    },
  };
}

/** Shows the first of each kind. */
function countingLog(warnings: Map<string, number>): Log {
  const count = (event: string, fields?: LogFields): void => {
    const before = warnings.get(event) ?? 0;
    warnings.set(event, before + 1);
    if (before === 0) console.error(event, fields);
  };
  return { debug: () => undefined, info: () => undefined, warn: count, error: count };
}

/** Chunks are of no use here but for the missed records in them. */
function missedOnly(): SampleStore & { missed(): ReadonlyMap<string, number> } {
  const missed = new Map<string, number>();
  return {
    missed: () => missed,
    put: ({ parts }: Chunk) => {
      for (const line of parts.flatMap(({ lines }) =>
        Buffer.from(lines).toString("utf8").split("\n"),
      )) {
        const record = line.startsWith('{"k":') ? parseChunkLine(line) : undefined;
        if (record?.kind !== "missed") continue;
        missed.set(record.reason, (missed.get(record.reason) ?? 0) + record.captures);
      }
      return Promise.resolve();
    },
    list: () => Promise.resolve({ entries: [] }),
    get: () => Promise.resolve(undefined),
  };
}

type CountingMeter = CapacityMeter & { refused(): ReadonlyMap<string, number> };

function countingMeter(): CountingMeter {
  const meter = capacityMeter();
  const refused = new Map<string, number>();
  return {
    ...meter,
    record(operation, units) {
      if (units.read === 0 && units.write === 0) {
        refused.set(operation, (refused.get(operation) ?? 0) + 1);
      }
      meter.record(operation, units);
    },
    refused: () => refused,
  };
}

function sumOf(meters: readonly CountingMeter[]): ReadonlyMap<string, Units> {
  const sums = new Map<string, Units>();
  for (const meter of meters) {
    for (const [operation, { calls, read, write }] of meter.totals()) {
      const known = sums.get(operation) ?? { calls: 0, refused: 0, read: 0, write: 0 };
      sums.set(operation, {
        calls: known.calls + calls,
        refused: known.refused + (meter.refused().get(operation) ?? 0),
        read: known.read + read,
        write: known.write + write,
      });
    }
  }
  return sums;
}
