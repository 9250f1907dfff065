/**
 * The store of a system that isn't running, started for one command: registering and looking need
 * no functions. Its folder is locked meanwhile, as a running system locks it.
 *
 * Fails: DependencyError when there is no such store and nothing is to be registered;
 *        InvalidInputError when another process has the folder, or no engine is found.
 */
import { existsSync } from "node:fs";
import { ensureTables } from "#adapters/dynamodb/tables.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { COLLECTORS_DEFAULT, LEASE_TABLE, SLOTS_LOG2_DEFAULT, TARGET_TABLE } from "#local/cloud.ts";
import { STORE_ENDPOINT_KEY } from "#local/engine-binary.ts";
import { startEngine } from "#local/engine.ts";
import { dataPaths } from "#local/paths.ts";
import { openStores } from "#local/stores.ts";
import { takeSupervisorLock } from "#local/supervisor-lock.ts";
import { POOL_DEFAULT, type Context } from "../context.ts";
import { getFleet, noSystem, openPlaces, type UnreadSystem } from "./stores.ts";
import type { System } from "./system.ts";
import type { Purpose } from "./with-system.ts";

export async function openStopped(context: Context, purpose: Purpose): Promise<System> {
  const { data, pool = POOL_DEFAULT } = context.options;
  const paths = dataPaths(data);
  const hasStore = existsSync(paths.store) || Boolean(context.io.environment[STORE_ENDPOINT_KEY]);
  if (purpose === "read" && !hasStore) throw noSystem(data);
  const undo: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const lock = await takeSupervisorLock(paths);
    undo.push(() => lock.release());
    const engine = await startEngine({
      paths,
      lock,
      environment: { ...context.io.environment },
      emit: () => undefined,
    });
    const forget = context.io.signals.atEnd(() => engine.kill());
    undo.push(async () => {
      await engine.stop();
      forget();
    });
    const places = {
      pool,
      storeEndpoint: engine.endpoint,
      leaseTableName: LEASE_TABLE,
      targetTableName: TARGET_TABLE,
      samples: paths.samples,
      policies: POLICIES_DEFAULT,
    };
    await makeTables(places);
    const stores = openPlaces(places);
    undo.push(() => stores.close());
    const slotsLog2 = await slotsOf(stores, purpose);
    return { ...stores, slotsLog2, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function makeTables(places: Parameters<typeof openStores>[0]): Promise<void> {
  const { client } = openStores(places);
  try {
    await ensureTables(client, { leases: LEASE_TABLE, targets: TARGET_TABLE });
  } finally {
    client.destroy();
  }
}

/** Makes the pool if something is to be registered in it: the system that is started takes it as it is. */
async function slotsOf(stores: UnreadSystem, purpose: Purpose): Promise<number> {
  const { pool } = stores;
  if (purpose === "register" && (await stores.leases.readFleet(pool)) === undefined) {
    await foundPool(stores, { pool, slotsLog2: SLOTS_LOG2_DEFAULT, desired: COLLECTORS_DEFAULT });
  }
  return (await getFleet(stores)).slotsLog2;
}
