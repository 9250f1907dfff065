/** All mutants, by area. */
import { COLLECTOR_MUTANTS } from "./collector.ts";
import { HAND_OVER_MUTANTS } from "./hand-over.ts";
import { LEASES_MUTANTS } from "./leases.ts";
import type { Area, Mutant } from "./mutant.ts";
import { PLANS_MUTANTS } from "./plans.ts";
import { REQUESTS_MUTANTS } from "./requests.ts";
import { STORES_MUTANTS } from "./stores.ts";

export type { Area, Expected, Mutant } from "./mutant.ts";

export const CATALOGUE: Readonly<Record<Area, readonly Mutant[]>> = {
  leases: [...LEASES_MUTANTS, ...PLANS_MUTANTS],
  "hand-over": HAND_OVER_MUTANTS,
  requests: REQUESTS_MUTANTS,
  stores: STORES_MUTANTS,
  collector: COLLECTOR_MUTANTS,
};

export const MUTANTS: readonly Mutant[] = Object.values(CATALOGUE).flat();

export function findMutant(id: string): Mutant | undefined {
  return MUTANTS.find((mutant) => mutant.id === id);
}
