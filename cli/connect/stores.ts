/** A system from where its records and chunks lie. */
import { DependencyError, InvalidInputError } from "#domain/errors.ts";
import type { Fleet } from "#domain/fleet.ts";
import type { Policies } from "#domain/policy.ts";
import { lambdaInvoker } from "#adapters/lambda/invoker.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { jsonLog } from "#adapters/system/log.ts";
import type { FunctionName } from "#functions/manifest.ts";
import { openStores, type StorePlaces } from "#local/stores.ts";
import type { System } from "./system.ts";

export interface SystemPlaces extends StorePlaces {
  readonly pool: string;
  readonly policies: Policies;
  /** undefined while no functions run; empty means AWS. */
  readonly invokeEndpoint?: string;
  /** Their own names unless given. */
  readonly functionNames?: Readonly<Record<FunctionName, string>>;
}

/** Without what is known only from the pool's fleet record. */
export type UnreadSystem = Omit<System, "slotsLog2">;

export function openPlaces(places: SystemPlaces): UnreadSystem {
  const { client, clock, ...stores } = openStores(places);
  const { pool, policies, invokeEndpoint, functionNames } = places;
  return {
    ...stores,
    pool,
    policies,
    isRunning: invokeEndpoint !== undefined,
    ...(invokeEndpoint !== undefined && {
      invoker: lambdaInvoker({
        endpoint: invokeEndpoint,
        collectFunction: functionNames?.collect ?? "collect",
        rebalanceFunction: functionNames?.rebalance ?? "rebalance",
      }),
    }),
    clock,
    ids: systemIds(),
    // What a person should know is said by the command; the rest would stand between its lines.
    log: jsonLog({ clock, level: "error" }),
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
}

/**
 * @param running the pool that the system runs, if it does.
 * @throws InvalidInputError when the store has no such pool.
 */
export async function getFleet({ leases, pool }: UnreadSystem, running?: string): Promise<Fleet> {
  const snapshot = await leases.readFleet(pool);
  if (snapshot !== undefined) return snapshot.fleet;
  throw new InvalidInputError({
    where: "--pool",
    found: JSON.stringify(pool),
    expected:
      running === undefined
        ? "a pool that exists: start a system with it first (`npm start`)"
        : `${JSON.stringify(running)}, which is the one that runs`,
  });
}

/** When nothing runs and there is nothing to start. */
export function noSystem(data: string): DependencyError {
  return new DependencyError(
    `no system runs on ${data}, and none ever has: start it with \`npm start\`, name its folder with --data, or a deployed stack with --stack`,
    { retryable: false },
  );
}
