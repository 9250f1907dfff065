/**
 * Coming to own a lease: at once when it is free, or as a successor that waits for its owner to let go.
 *
 * A successor polls and reads its slots meanwhile, so that it can start at the cut. It gives up when
 * another has taken the lease, or when its owner is not about to let go.
 *
 * Holds: at most `successorWaitMaxMs`; every take is the store's one conditional write.
 */
import { DependencyError } from "#domain/errors.ts";
import { isHeld, type Lease } from "#domain/lease.ts";
import { releaseAt } from "#domain/lease-times.ts";
import { limits } from "#domain/limits.ts";
import { after, type EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import type { CollectDeps, CollectInvocationContext } from "./settings.ts";

/** An owner whose release is further away than this is not waited for: the start was a duplicate. */
const PATIENCE_MS = 20_000;

export type Acquired =
  | {
      readonly kind: "acquired";
      readonly lease: Lease;
      /** Last heartbeat of the owner it was taken from, when that one had not let go. */
      readonly silentSince?: EpochMs;
    }
  | { readonly kind: "skipped"; readonly why: "gone" | "held" | "taken" | "stopped" };

/** @param meanwhile called once with the lease as found, while its owner still has it. */
export async function acquireLease(
  deps: CollectDeps,
  context: CollectInvocationContext,
  meanwhile: (lease: Lease) => void,
): Promise<Acquired> {
  const { clock, settings } = deps;
  const startedAt = clock.now();
  let first: Lease | undefined;
  while (clock.now() - startedAt < limits.successorWaitMaxMs && !context.stop.aborted) {
    const lease = await findLease(deps, context, first);
    if (lease === undefined) return { kind: "skipped", why: "gone" };
    if (first !== undefined && lease.epoch !== first.epoch && lease.holder !== undefined) {
      if (lease.holder.owner !== first.holder?.owner) return { kind: "skipped", why: "taken" };
    }
    if (!isHeld(lease, clock.now(), settings.skewMaxMs)) {
      const result = await take(deps, context);
      if (result?.kind === "acquired" && lease.holder !== undefined) {
        return { ...result, silentSince: after(lease.holder.expiresAt, -settings.ttlMs) };
      }
      if (result !== undefined) return result;
    } else if (!isLeaving(lease, deps)) {
      return { kind: "skipped", why: "held" };
    }
    if (first === undefined) meanwhile(lease);
    first ??= lease;
    await sleep(clock, limits.successorPollMs, context.stop);
  }
  return { kind: "skipped", why: context.stop.aborted ? "stopped" : "held" };
}

/** A successor that waits already doesn't give up for one poll without an answer. */
async function findLease(
  { leases, log }: CollectDeps,
  context: CollectInvocationContext,
  known: Lease | undefined,
): Promise<Lease | undefined> {
  try {
    return await leases.findLease(context.pool, context.lease);
  } catch (error) {
    if (known === undefined || !(error instanceof DependencyError)) throw error;
    log.warn("a lease could not be read; it is looked at again", { lease: context.lease, error });
    return known;
  }
}

/** undefined when it was lost by a hair: look again. */
async function take(
  deps: CollectDeps,
  context: CollectInvocationContext,
): Promise<Acquired | undefined> {
  const { settings } = deps;
  const result = await deps.leases.acquire({
    pool: context.pool,
    id: context.lease,
    owner: context.owner,
    now: deps.clock.now(),
    ttlMs: settings.ttlMs,
    skewMaxMs: settings.skewMaxMs,
    deadlineAt: context.deadlineAt,
  });
  switch (result.kind) {
    case "acquired":
      return result;
    case "held":
      return undefined;
    case "gone":
      return { kind: "skipped", why: "gone" };
  }
}

/** Whether the owner will let go soon: its deadline is near, or its heartbeats have stopped. */
function isLeaving(lease: Lease, deps: CollectDeps): boolean {
  const { clock, settings } = deps;
  const now = clock.now();
  if (lease.holder === undefined) return true;
  const silentFor = now - (lease.holder.expiresAt - settings.ttlMs);
  return (
    releaseAt(lease.holder.deadlineAt, settings.longestTimeoutMs) - now < PATIENCE_MS ||
    silentFor > 2 * settings.heartbeatEveryMs
  );
}
