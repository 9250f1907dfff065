/** Targets that store tests are written with: they capture nothing, unless said otherwise. */
import { every, type Cadence } from "#domain/cadence.ts";
import { fingerprint } from "#domain/fingerprint.ts";
import type { Target, TargetDefinition } from "#domain/target.ts";
import { epochMs } from "#domain/units.ts";

export const MINUTE = every(60_000);
export const TEN_MINUTES = every(600_000);

const REGISTERED_AT = epochMs(Date.parse("2026-11-21T12:00:00Z"));

export function noopTarget(id: string, pool: string, cadence: Cadence = MINUTE): Target {
  const definition: TargetDefinition = { id, probe: { kind: "noop" }, cadence, tags: {} };
  return {
    ...definition,
    pool,
    revision: fingerprint(definition, pool),
    registeredAt: REGISTERED_AT,
  };
}

export function manyTargets(count: number, pool: string, cadence: Cadence = MINUTE): Target[] {
  return Array.from({ length: count }, (_, index) =>
    noopTarget(`target-${String(index).padStart(5, "0")}`, pool, cadence),
  );
}
