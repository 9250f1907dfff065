/**
 * The end of a quarantine, by hand.
 *
 * In:    pool, lease                                       Out: lifted, or why not
 * Holds: one conditional write; what changes meanwhile is read again, at most ATTEMPTS_MAX times.
 * Fails: DependencyError, also when it changes each time.
 */
import { DependencyError } from "#domain/errors.ts";
import type { Lease, LeaseId } from "#domain/lease.ts";
import type { LeaseStore } from "#ports/lease-store.ts";

export type LiftedQuarantine =
  | { readonly kind: "lifted"; readonly before: Lease }
  | { readonly kind: "not-quarantined"; readonly lease: Lease }
  | { readonly kind: "gone" };

const ATTEMPTS_MAX = 5;

export async function liftQuarantine(
  { leases }: { readonly leases: LeaseStore },
  pool: string,
  id: LeaseId,
): Promise<LiftedQuarantine> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const before = await leases.findLease(pool, id);
    if (before === undefined) return { kind: "gone" };
    if (before.quarantine === undefined) return { kind: "not-quarantined", lease: before };
    const result = await leases.lift({ pool, id, version: before.version });
    if (result.kind === "lifted") return { kind: "lifted", before };
    if (result.why === "gone") return { kind: "gone" };
  }
  throw new DependencyError(
    `lease ${id} changed each of ${ATTEMPTS_MAX} times that its quarantine was to be lifted`,
    { retryable: true },
  );
}
