/** Asks for another number of collectors. */
import { foundPool } from "#usecases/found-pool.ts";
import type { Arena } from "./arena.ts";
import { patiently } from "./population.ts";
import { POOL } from "./world.ts";

/** The rebalancer, asked at once, plans for that many. */
export async function want({ world }: Pick<Arena, "world">, desired: number): Promise<void> {
  const fleet = await patiently(() => world.stores.leases.readFleet(POOL));
  if (fleet === undefined) throw new Error("the pool is gone");
  const { slotsLog2 } = fleet.fleet;
  await patiently(() => foundPool(world.stores, { pool: POOL, slotsLog2, desired }));
  void world.current().cloud.invoke("rebalance", { pool: POOL });
}
