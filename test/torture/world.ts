/**
 * The system under torture: a real engine behind a proxy, a captured side that logs every arrival,
 * and local clouds of real function processes. A second cloud on the same store is a deployment: its
 * functions take over while those of the first let go.
 *
 * Holds: after `stop`, or when this process ends in whatever way, nothing that it started runs.
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { durationMs } from "#domain/units.ts";
import {
  manifest as deployed,
  type FunctionManifest,
  type FunctionName,
} from "#functions/manifest.ts";
import { LEASE_TABLE, startLocalCloud, TARGET_TABLE, type LocalCloud } from "#local/cloud.ts";
import { STORE_ENDPOINT_KEY } from "#local/engine-binary.ts";
import { startEngine, type Engine } from "#local/engine.ts";
import { dataPaths } from "#local/paths.ts";
import { openStores, type LocalStores } from "#local/stores.ts";
import { takeSupervisorLock } from "#local/supervisor-lock.ts";
import { startWarden } from "#local/warden.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import { ownerLog, type OwnerLog } from "../../bench/support/owner-log.ts";
import { startTargetServer, type TargetServer } from "../../bench/support/target-log.ts";
import type { TortureOptions } from "./options.ts";
import { startStoreProxy, type StoreProxy } from "./proxy.ts";

export const POOL = "torture";
/** Of every target; what a giver keeps is over soon after. */
export const TIMEOUT_MS = 1_000;
const LONGEST_TIMEOUT_MS = 2_000;
/** Between a start and a lease that is released again: invocations of collectors end before. */
const DRAIN_MS = 6_000;

export interface Deployment {
  readonly number: number;
  readonly cloud: LocalCloud;
  readonly owners: OwnerLog;
  /** Of its functions' own making, and unexpected. */
  readonly errors: readonly string[];
}

export interface World {
  readonly folder: string;
  readonly proxy: StoreProxy;
  readonly server: TargetServer;
  /** Straight to the engine: what is looked at is not what the functions are told. */
  readonly stores: LocalStores;
  /** The newest last; those before it are ending or have ended. */
  readonly deployments: readonly Deployment[];
  current(): Deployment;
  /** Replaces all functions; resolves when the old ones have let go, with what they left open. */
  deploy(): Promise<{ readonly cut: number; readonly abandoned: number }>;
  enginePid(): number | undefined;
  /** Whether the chunk store's disk is full. */
  fillDisk(isFull: boolean): void;
  stop(): Promise<void>;
}

type Undo = (() => Promise<void> | void)[];

export async function startWorld(
  options: TortureOptions,
  folder: string,
  random: Random,
): Promise<World> {
  const undo: Undo = [];
  try {
    return await start(options, folder, random, undo);
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function start(
  options: TortureOptions,
  folder: string,
  random: Random,
  undo: Undo,
): Promise<World> {
  const engine = await guardedEngine(join(folder, "engine"), undo);
  const proxy = await startStoreProxy(Number(new URL(engine.endpoint).port), random);
  undo.push(() => proxy.stop());
  const server = await startTargetServer();
  undo.push(() => server.stop());
  const samples = join(folder, "samples");
  mkdirSync(samples);
  const stores = openStores({
    storeEndpoint: engine.endpoint,
    leaseTableName: LEASE_TABLE,
    targetTableName: TARGET_TABLE,
    samples,
  });
  undo.push(() => stores.client.destroy());
  const deployments: Deployment[] = [];
  let started = 0;
  const add = async (): Promise<Deployment> => {
    // One that didn't come up leaves its folder behind.
    started += 1;
    const needs = { folder, number: started, storeEndpoint: proxy.endpoint };
    const made = await startDeployment(options, needs);
    deployments.push(made);
    undo.push(async () => {
      await made.cloud.stop(0);
    });
    return made;
  };
  await add();
  const current = (): Deployment => {
    const newest = deployments.at(-1);
    if (newest === undefined) throw new Error("nothing is deployed");
    return newest;
  };
  return {
    folder,
    proxy,
    server,
    stores,
    deployments,
    current,
    async deploy() {
      const old = current();
      const { cloud } = await add();
      const ended = old.cloud.stop(DRAIN_MS);
      void cloud.invoke("rebalance", { pool: POOL });
      return await ended;
    },
    enginePid: () => engine.pid(),
    fillDisk(isFull) {
      const mark = join(folder, "no-space");
      if (isFull) writeFileSync(mark, "");
      else rmSync(mark, { force: true });
    },
    stop: () => undoAll(undo),
  };
}

/** An engine outlives a supervisor that is killed; this one must not. */
async function guardedEngine(root: string, undo: Undo): Promise<Engine> {
  const paths = dataPaths(root);
  mkdirSync(root);
  const lock = await takeSupervisorLock(paths);
  const warden = startWarden();
  undo.push(() => warden.stop());
  let guarded: number | undefined;
  const watched: { now?: Engine } = {};
  const { [STORE_ENDPOINT_KEY]: _replaced, ...environment } = process.env;
  const guard = (): void => {
    const pid = watched.now?.pid();
    if (pid === guarded) return;
    if (guarded !== undefined) warden.drop(guarded);
    if (pid !== undefined) warden.add(pid);
    guarded = pid;
  };
  // Restarted, it is another process.
  const emit = (): void => void setImmediate(guard);
  const started = await startEngine({ paths, lock, environment, emit });
  watched.now = started;
  guard();
  undo.push(() => started.stop());
  return started;
}

interface DeploymentNeeds {
  readonly folder: string;
  readonly number: number;
  readonly storeEndpoint: string;
}

async function startDeployment(
  options: TortureOptions,
  { folder, number, storeEndpoint }: DeploymentNeeds,
): Promise<Deployment> {
  const data = join(folder, `cloud-${number}`);
  mkdirSync(data);
  // One place for samples, as a bucket is for all versions of a function.
  symlinkSync(join(folder, "samples"), dataPaths(data).samples);
  const owners = ownerLog(dataPaths(data).logs);
  const cloud = await startLocalCloud({
    data,
    pool: POOL,
    ...(number === 1 && { slotsLog2: options.slotsLog2, collectors: options.collectors }),
    leaseTtlMs: options.ttlMs,
    policies: POLICIES_DEFAULT,
    source: { kind: "none" },
    environment: {
      ...process.env,
      [STORE_ENDPOINT_KEY]: storeEndpoint,
      LAMPLIGHTER_LONGEST_TIMEOUT_MS: String(LONGEST_TIMEOUT_MS),
    },
    manifest: tortured(options),
    listener: owners.listener,
  });
  return { number, cloud, owners, errors: owners.errors };
}

const DISK_FAULT = new URL("disk-fault.ts", import.meta.url).href;

/** As deployed, but for shorter invocations and a disk that can be full. */
function tortured(options: TortureOptions): Readonly<Record<FunctionName, FunctionManifest>> {
  const { collect } = deployed;
  return {
    ...deployed,
    collect: {
      ...collect,
      timeoutMs: durationMs(options.invocationMs),
      nodeOptions: [...collect.nodeOptions, "--import", DISK_FAULT],
    },
  };
}

async function undoAll(undo: Undo): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}
