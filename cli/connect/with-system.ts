/**
 * Finds the system that a command works on: a deployed stack, where one is named; else what runs on
 * the data folder. Where nothing does, its store is started for as long as the command takes, so that
 * registering and looking need no running system.
 *
 * Fails: DependencyError when there is nothing to work on; it says how to start a system.
 */
import { parseCadenceKey } from "#domain/cadence.ts";
import { POLICIES_DEFAULT, type Policies } from "#domain/policy.ts";
import { findRunningCloud, type CloudState } from "#local/state-file.ts";
import type { Context } from "../context.ts";
import { getFleet, openPlaces } from "./stores.ts";
import type { System } from "./system.ts";

/** `register` makes the pool where there is none; `read` wants one that exists. */
export type Purpose = "read" | "register";

export async function withSystem<T>(
  context: Context,
  purpose: Purpose,
  work: (system: System) => Promise<T>,
): Promise<T> {
  const system = await openSystem(context, purpose);
  try {
    return await work(system);
  } finally {
    await system.close();
  }
}

async function openSystem(context: Context, purpose: Purpose): Promise<System> {
  const { data, pool, stack } = context.options;
  if (stack !== undefined) {
    const { openDeployed } = await import("./deployed.ts");
    return openDeployed(context, stack, purpose);
  }
  const cloud = await findRunningCloud(data);
  if (cloud === undefined) {
    const { openStopped } = await import("./stopped.ts");
    return openStopped(context, purpose);
  }
  const { invokeEndpoint, functions, ...places } = cloud;
  const stores = openPlaces({
    ...places,
    policies: policiesOf(cloud),
    // Where functions run by hand only, registering starts none.
    ...(functions !== false && { invokeEndpoint }),
    ...(pool !== undefined && { pool }),
  });
  try {
    const { slotsLog2 } = await getFleet(stores, cloud.pool);
    return { ...stores, slotsLog2 };
  } catch (error) {
    await stores.close();
    throw error;
  }
}

function policiesOf({ policies }: CloudState): Policies {
  if (policies === undefined) return POLICIES_DEFAULT;
  const { alerting, standard } = policies;
  return { alerting: parseCadenceKey(alerting), standard: parseCadenceKey(standard) };
}
