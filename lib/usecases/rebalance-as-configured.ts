/**
 * One run of the rebalancer on a pool that is configured where it runs: founds the pool where it
 * isn't there, and follows the number of collectors.
 *
 * In:    what rebalance() takes, and what is wanted of which pool      Out: what rebalance() says
 * Holds: nothing stops because of a configuration that can't be: captures go on with what is
 *        stored, and the run fails at its end, so that its alarm rings. Pools other than the
 *        configured one, which can be named by hand, are left as they are.
 * Fails: InvalidInputError for other slots than the pool's, or more collectors than slots;
 *        otherwise as foundPool() and rebalance().
 */
import { slotCount } from "#domain/slot.ts";
import { assertSameSlots, foundPool } from "./found-pool.ts";
import {
  rebalance,
  type RebalanceDeps,
  type RebalanceReport,
  type RebalanceRun,
} from "./rebalance.ts";

export interface WantedPool {
  readonly pool: string;
  readonly slotsLog2: number;
  readonly desired: number;
}

/** @param wanted undefined where others found the pool and say how many collectors it is to have. */
export async function rebalanceAsConfigured(
  deps: RebalanceDeps,
  run: RebalanceRun,
  wanted: WantedPool | undefined,
): Promise<RebalanceReport> {
  const isOurs = wanted !== undefined && wanted.pool === run.pool;
  const followed = isOurs
    ? await deps.steps.measure("follow", () => follow(deps, wanted))
    : ({ kind: "followed" } as const);
  const report = await rebalance(deps, run);
  if (followed.kind === "refused") throw followed.error;
  return report;
}

type Followed =
  { readonly kind: "followed" } | { readonly kind: "refused"; readonly error: unknown };

async function follow(deps: RebalanceDeps, wanted: WantedPool): Promise<Followed> {
  try {
    await makeSo(deps, wanted);
    return { kind: "followed" };
  } catch (error) {
    deps.log.error(
      "the pool isn't as it is configured: it goes on as it is, and this run fails at its end",
      { pool: wanted.pool, why: String(error) },
    );
    return { kind: "refused", error };
  }
}

async function makeSo(deps: RebalanceDeps, wanted: WantedPool): Promise<void> {
  const { pool, desired } = wanted;
  const stored = await deps.leases.readFleet(pool);
  const slotsLog2 = stored?.fleet.slotsLog2 ?? wanted.slotsLog2;
  if (stored?.fleet.desired !== desired) {
    const made = await foundPool(deps, { pool, slotsLog2, desired });
    if (made.kind === "founded") {
      deps.log.info("the pool was founded", { pool, slots: slotCount(slotsLog2), desired });
    }
    if (made.kind === "changed") {
      const before = made.desiredBefore;
      deps.log.info("another number of collectors is desired", { pool, before, desired });
    }
  }
  if (stored !== undefined) assertSameSlots(stored.fleet, wanted.slotsLog2);
}
