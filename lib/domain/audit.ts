/**
 * The invariants of the whole system as one function, for every whole-system test, the simulation
 * and the health check.
 *
 * In:    what was seen of a pool, once or over time        Out: what is wrong, named; empty when nothing
 * Holds: pure; a violation is never the reader's doing, as long as schedules were read before the
 *        fleet of the same look.
 * Source: DESIGN, section 4, "What must hold in every reachable state".
 */
import { limits } from "./limits.ts";
import type { AuditLimits, Observation, Violation } from "./audit/observation.ts";
import { auditCaptured } from "./audit/records.ts";
import { auditAlive, auditFencing, auditMonotone, auditTiling } from "./audit/state.ts";

export { accountOf, dueInstants, type Account, type DueInstant } from "./audit/account.ts";
export { duplicates, type Duplicate } from "./audit/duplicates.ts";
export { auditMonotone } from "./audit/state.ts";
export type {
  AuditLimits,
  Captured,
  Invariant,
  Look,
  Observation,
  SlotLook,
  Violation,
} from "./audit/observation.ts";

export const AUDIT_LIMITS: AuditLimits = {
  skewMaxMs: limits.skewMaxMs,
  expiredMaxMs: limits.startRepeatMs,
  rebalanceMaxMs: 2.5 * limits.rebalanceEveryMs,
};

export function auditInvariants(observation: Observation): Violation[] {
  const { looks, captured, limits } = observation;
  const last = looks.at(-1);
  if (last === undefined) return [];
  return [
    ...looks.flatMap((look) => [...auditTiling(look), ...auditFencing(look)]),
    ...auditAlive(last, limits),
    ...looks.slice(1).flatMap((after, index) => {
      const before = looks[index];
      return before === undefined ? [] : auditMonotone(before, after);
    }),
    ...(captured === undefined ? [] : auditCaptured(captured, last)),
  ];
}
