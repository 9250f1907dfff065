/**
 * The local cloud: the functions as they are deployed, on an engine and a platform of this machine.
 *
 *     lock -> engine -> tables -> invoke API -> pool -> schedules -> targets       (stop: backwards)
 *
 * Holds: after `stop`, nothing that it started runs; after a kill -9 of it, function processes end by
 *        themselves, the engine goes on, and the next cloud on the same data adopts it.
 * Fails: InvalidInputError (folder in use, no engine, bad endpoints folder), DependencyError.
 */
import { mkdir } from "node:fs/promises";
import { ensureTables } from "#adapters/dynamodb/tables.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { cadenceKey } from "#domain/cadence.ts";
import type { Policies } from "#domain/policy.ts";
import { manifest as deployedManifest } from "#functions/manifest.ts";
import type { FunctionManifest, FunctionName } from "#functions/manifest.ts";
import { foundPool } from "#usecases/found-pool.ts";
import type { AlarmView } from "./alarms/board.ts";
import { startAlarms, type Alarms } from "./alarms/start.ts";
import type { EngineListen } from "./engine-listen.ts";
import { startEngine, type Engine } from "./engine.ts";
import { functionEnvironment } from "./environment.ts";
import { eventHub, type CloudListener, type EventHub } from "./events.ts";
import type { Outcome } from "./function-process.ts";
import { localInvoker, type LocalInvoker } from "./invoker.ts";
import { startLambdaApi, type LambdaApi } from "./lambda-api.ts";
import { localLimits } from "./local-limits.ts";
import { logFiles } from "./log-files.ts";
import { asUrl, dataPaths, type DataPaths } from "./paths.ts";
import { keepRetention } from "./retention.ts";
import { startSchedules } from "./schedules.ts";
import { targetSources } from "./sources.ts";
import { startSource, type Source, type StartedSource } from "./source-start.ts";
import { endSurvivors, keepCloudState } from "./state-keeper.ts";
import { openStores, type LocalStores } from "./stores.ts";
import { takeSupervisorLock } from "./supervisor-lock.ts";
import { startWarden } from "./warden.ts";
import type { ProcessView } from "./workers.ts";

export interface LocalCloudOptions {
  /** Folder that everything is kept in. */
  readonly data: string;
  readonly pool: string;
  /** The pool's own, or 6, unless given. */
  readonly slotsLog2?: number;
  /** How many collectors are wanted; the pool's own, or 2, unless given. */
  readonly collectors?: number;
  readonly leaseTtlMs?: number;
  /** Chance, 0 to 1, that an asynchronous invocation arrives twice. */
  readonly duplicateDeliveries?: number;
  readonly policies: Policies;
  readonly source: Source;
  readonly environment: NodeJS.ProcessEnv;
  /** Where the engine listens; a free port of loopback unless given. */
  readonly storeListen?: EngineListen;
  /** False: functions run when somebody invokes them, not by the clock and for registrations. */
  readonly functions?: boolean;
  readonly logLevel?: "debug" | "info" | "warn" | "error";
  /** What is deployed unless given: tests run functions of their own. */
  readonly manifest?: Readonly<Record<FunctionName, FunctionManifest>>;
  readonly listener?: CloudListener;
}

export interface StopReport {
  /** Invocations that did not end in time and were killed. */
  readonly cut: number;
  /** Captures that were open at the end: not committed, the next start captures them. */
  readonly abandoned: number;
}

export interface LocalCloud {
  readonly pool: string;
  readonly slotsLog2: number;
  readonly storeEndpoint: string;
  readonly invokeEndpoint: string;
  readonly stores: LocalStores;
  readonly enginePid: () => number | undefined;
  /** Runs a function and waits for its answer; undefined when no process is free. */
  invoke(name: FunctionName, event: unknown): Promise<Outcome | undefined>;
  processes(): readonly ProcessView[];
  /** As last evaluated; none where functions don't run by the clock. */
  alarms(): readonly AlarmView[];
  listen(listener: CloudListener): () => void;
  /** Resolves when all that is to be captured is registered; rejects when it can't be. */
  readonly registered: Promise<void>;
  /** Lets go in order: open rounds get `drainMs`. */
  stop(drainMs?: number): Promise<StopReport>;
  /** Ends everything at once; what was committed stays. */
  kill(): void;
}

export const LEASE_TABLE = "lamplighter-leases";
export const TARGET_TABLE = "lamplighter-targets";
export const SLOTS_LOG2_DEFAULT = 6;
export const COLLECTORS_DEFAULT = 2;
/** Rebalancers (two for a moment), health checks, and what people invoke. */
const OTHER_PROCESSES = 16;

/** What is to be undone, last first. */
type Undo = (() => Promise<void> | void)[];

export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const undo: Undo = [];
  try {
    return await start(options, undo);
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function start(options: LocalCloudOptions, undo: Undo): Promise<LocalCloud> {
  const paths = dataPaths(options.data);
  const hub = eventHub();
  if (options.listener !== undefined) hub.listen(options.listener);
  await mkdir(paths.root, { recursive: true });
  const lock = await takeSupervisorLock(paths);
  undo.push(() => lock.release());
  await endSurvivors(paths);
  const engine = await startEngine({
    paths,
    lock,
    environment: options.environment,
    emit: hub.emit,
    ...(options.storeListen !== undefined && { listen: options.storeListen }),
  });
  undo.push(() => engine.stop());
  const stores = openStores({
    storeEndpoint: engine.endpoint,
    leaseTableName: LEASE_TABLE,
    targetTableName: TARGET_TABLE,
    samples: paths.samples,
  });
  undo.push(() => stores.client.destroy());
  await ensureTables(stores.client, { leases: LEASE_TABLE, targets: TARGET_TABLE });
  const { slotsLog2, desired } = await found(options, stores);
  const platform = await startPlatform({ options, paths, engine, hub, desired }, undo);
  const alarms = startAlarms(options, { paths, clock: stores.clock, hub });
  undo.push(() => alarms.stop());
  const source = await startSources({ options, paths, stores, hub, slotsLog2 }, platform, undo);
  return composed({ options, hub, engine, stores, slotsLog2, ...platform, alarms, source, undo });
}

interface FoundFleet {
  readonly slotsLog2: number;
  readonly desired: number;
}

/** Makes the pool, or takes it as it is. */
async function found(options: LocalCloudOptions, stores: LocalStores): Promise<FoundFleet> {
  const { pool } = options;
  const known = (await stores.leases.readFleet(pool))?.fleet;
  const slotsLog2 = options.slotsLog2 ?? known?.slotsLog2 ?? SLOTS_LOG2_DEFAULT;
  const desired = options.collectors ?? known?.desired ?? COLLECTORS_DEFAULT;
  await foundPool(stores, { pool, slotsLog2, desired });
  return { slotsLog2, desired };
}

interface Platform {
  readonly invoker: LocalInvoker;
  readonly api: LambdaApi;
}

interface PlatformNeeds {
  readonly options: LocalCloudOptions;
  readonly paths: DataPaths;
  readonly engine: Engine;
  readonly hub: EventHub;
  readonly desired: number;
}

/** What stands in for Lambda and its scheduler. */
async function startPlatform(needs: PlatformNeeds, undo: Undo): Promise<Platform> {
  const { options, paths, engine, hub, desired } = needs;
  const manifest: Readonly<Record<FunctionName, FunctionManifest>> =
    options.manifest ?? deployedManifest;
  const warden = startWarden();
  undo.push(() => warden.stop());
  // Functions are started only once their own address is known.
  let invokeEndpoint = "";
  const invoker = localInvoker({
    manifest,
    environment: (name) =>
      functionEnvironment(
        manifest[name],
        {
          pool: options.pool,
          leaseTableName: LEASE_TABLE,
          targetTableName: TARGET_TABLE,
          storeEndpoint: engine.endpoint,
          invokeEndpoint,
          samplesLocation: asUrl(paths.samples),
          metricsLocation: asUrl(paths.metrics),
          compileCache: paths.compileCache,
          logLevel: options.logLevel ?? "info",
          ...(options.leaseTtlMs !== undefined && { leaseTtlMs: options.leaseTtlMs }),
        },
        options.environment,
      ),
    logs: logFiles(paths.logs),
    warden,
    emit: hub.emit,
    duplicateDeliveries: options.duplicateDeliveries ?? 0,
    processesMax: Math.max(localLimits.processesMax, 2 * desired + OTHER_PROCESSES),
  });
  undo.push(() => invoker.killAll());
  const names = Object.values(manifest).map(({ name }) => name);
  const api = await startLambdaApi({ invoker, names });
  invokeEndpoint = api.endpoint;
  undo.push(() => api.close());
  return { invoker, api };
}

interface SourceNeeds {
  readonly options: LocalCloudOptions;
  readonly paths: DataPaths;
  readonly stores: LocalStores;
  readonly hub: EventHub;
  readonly slotsLog2: number;
}

/** Schedules, state file, retention and what is to be captured. */
async function startSources(
  { options, paths, stores, hub, slotsLog2 }: SourceNeeds,
  { invoker, api }: Platform,
  undo: Undo,
): Promise<StartedSource> {
  const { pool } = options;
  const state = keepCloudState(paths, {
    pool,
    storeEndpoint: stores.endpoint,
    invokeEndpoint: api.endpoint,
    leaseTableName: LEASE_TABLE,
    targetTableName: TARGET_TABLE,
    samples: paths.samples,
    functions: options.functions !== false,
    policies: {
      alerting: cadenceKey(options.policies.alerting),
      standard: cadenceKey(options.policies.standard),
    },
    processes: () => invoker.processes(),
    hub,
  });
  undo.push(() => state.remove());
  await state.write();
  const retention = keepRetention({ root: paths.samples, clock: stores.clock, emit: hub.emit });
  undo.push(() => retention.stop());
  // Before the targets: the first functions load while those are registered.
  const isDriven = options.functions !== false;
  if (isDriven) {
    const schedules = startSchedules(options.manifest ?? deployedManifest, invoker, "{}");
    undo.push(() => schedules.stop());
  }
  const sources = targetSources({
    deps: {
      ...stores,
      ids: systemIds(),
      ...(isDriven && {
        invoker: {
          startCollector: (event) => accept(invoker, "collect", event),
          startRebalancer: (name) => accept(invoker, "rebalance", { pool: name }),
        },
      }),
    },
    pool,
    slotsLog2,
    policies: options.policies,
    registeredPath: paths.registered,
    emit: hub.emit,
  });
  const source = startSource(options.source, sources, hub.emit);
  undo.push(() => source.close());
  return source;
}

/** A queue that is full is no reason to give up a registration: the next run does it. */
function accept(invoker: LocalInvoker, name: FunctionName, event: unknown): Promise<void> {
  invoker.invokeAsync(name, JSON.stringify(event));
  return Promise.resolve();
}

interface Parts extends Platform {
  readonly options: LocalCloudOptions;
  readonly hub: EventHub;
  readonly engine: Engine;
  readonly stores: LocalStores;
  readonly slotsLog2: number;
  readonly alarms: Alarms;
  readonly source: StartedSource;
  readonly undo: Undo;
}

function composed(parts: Parts): LocalCloud {
  const { options, hub, engine, stores, slotsLog2, invoker, api, alarms, source, undo } = parts;
  let stopped: Promise<StopReport> | undefined;

  async function stop(drainMs: number): Promise<StopReport> {
    await source.stopRegistering();
    const drained = await invoker.drain(drainMs + localLimits.drainMarginMs);
    await undoAll(undo);
    return drained;
  }

  return {
    pool: options.pool,
    slotsLog2,
    storeEndpoint: engine.endpoint,
    invokeEndpoint: api.endpoint,
    stores,
    enginePid: () => engine.pid(),
    registered: source.registered,
    invoke: (name, event) => invoker.invoke(name, JSON.stringify(event)),
    processes: () => invoker.processes(),
    alarms: () => alarms.alarms(),
    listen: (listener) => hub.listen(listener),
    stop(drainMs = localLimits.drainMs) {
      stopped ??= stop(drainMs);
      return stopped;
    },
    kill() {
      invoker.killAll();
      source.kill();
      engine.kill();
    },
  };
}

/** Each is tried, whatever happens to the others. */
async function undoAll(undo: Undo): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      // It ends what is ending anyway; the next start finds and mends what is left.
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}
