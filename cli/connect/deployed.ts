/**
 * The system of a deployed stack: its stores on AWS, its functions by their names there.
 *
 * A pool that nobody has founded yet is founded by the stack's own rebalance function, with the
 * stack's own settings: whoever registers has it started, and waits.
 *
 * Fails: InvalidInputError (see deployment.ts; another pool); DependencyError.
 */
import { setTimeout as wait } from "node:timers/promises";
import { systemClock } from "#adapters/system/clock.ts";
import { DependencyError, InvalidInputError } from "#domain/errors.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { sampleStoreAt } from "#functions/shared/sample-store-at.ts";
import {
  parseSamplesLocation,
  SAMPLES_LOCATION_EXPECTED,
} from "#functions/shared/samples-location.ts";
import type { Invoker } from "#ports/invoker.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import type { Context } from "../context.ts";
import type { StackChoice } from "../stack-choice.ts";
import { describeDeployment, type Deployment } from "./deployment.ts";
import { openPlaces, type UnreadSystem } from "./stores.ts";
import type { System } from "./system.ts";
import type { Purpose } from "./with-system.ts";

/** The schedule's minute, a first start of the function, and a transaction. */
const FOUNDED_WITHIN_MS = 75_000;
const FOUNDED_POLL_MS = 500;

export async function openDeployed(
  context: Context,
  choice: StackChoice,
  purpose: Purpose,
): Promise<System> {
  const deployment = await describeDeployment(choice);
  assertPool(deployment, context.options.pool);
  const { stack, pool, functionNames } = deployment;
  const { invoker, ...places } = openPlaces({
    pool,
    // AWS, as the SDK finds it.
    storeEndpoint: "",
    leaseTableName: deployment.leaseTableName,
    targetTableName: deployment.targetTableName,
    samples: await sampleStoreOf(deployment),
    policies: POLICIES_DEFAULT,
    invokeEndpoint: "",
    functionNames,
  });
  const stores = {
    ...places,
    ...(invoker !== undefined && { invoker: patient(context, invoker) }),
  };
  try {
    const fleet = (await stores.leases.readFleet(pool))?.fleet;
    const slotsLog2 = fleet?.slotsLog2 ?? (await slotsOnceFounded(context, stores, stack, purpose));
    return { ...stores, slotsLog2 };
  } catch (error) {
    await stores.close();
    throw error;
  }
}

/** Not everybody may start functions; the rebalancer comes by its schedule anyway. */
function patient(context: Context, invoker: Invoker): Invoker {
  return {
    startCollector: (event) => invoker.startCollector(event),
    async startRebalancer(pool) {
      try {
        await invoker.startRebalancer(pool);
      } catch (error) {
        if (!(error instanceof DependencyError)) throw error;
        await context.warn(`${error.message}: its schedule starts it within a minute`);
      }
    },
  };
}

/** A stack has one pool. */
function assertPool({ stack, pool }: Deployment, wanted: string | undefined): void {
  if (wanted === undefined || wanted === pool) return;
  throw new InvalidInputError({
    where: "--pool",
    found: JSON.stringify(wanted),
    expected: `${JSON.stringify(pool)}, the pool of stack ${stack}`,
  });
}

async function slotsOnceFounded(
  context: Context,
  { pool, leases, invoker }: UnreadSystem,
  stack: string,
  purpose: Purpose,
): Promise<number> {
  const early = `pool ${pool} isn't founded yet`;
  if (purpose === "read") {
    throw new DependencyError(
      `${early}: the rebalance function of stack ${stack} founds it within a minute of the deployment`,
      { retryable: true },
    );
  }
  await context.warn(`${early}: its rebalance function is started, which founds it …`);
  await invoker?.startRebalancer(pool);
  for (let waitedMs = 0; waitedMs < FOUNDED_WITHIN_MS; waitedMs += FOUNDED_POLL_MS) {
    const snapshot = await leases.readFleet(pool);
    if (snapshot !== undefined) return snapshot.fleet.slotsLog2;
    await wait(FOUNDED_POLL_MS);
  }
  throw new DependencyError(
    `pool ${pool} was not founded within ${FOUNDED_WITHIN_MS / 1_000} s: the log of the function Rebalance of stack ${stack} says why`,
    { retryable: true },
  );
}

async function sampleStoreOf({ samplesLocation, stack }: Deployment): Promise<SampleStore> {
  const location = parseSamplesLocation(samplesLocation);
  if (location !== undefined) return sampleStoreAt(location, systemClock());
  throw new InvalidInputError({
    where: `output SamplesLocation of stack ${stack}`,
    found: JSON.stringify(samplesLocation),
    expected: SAMPLES_LOCATION_EXPECTED,
  });
}
