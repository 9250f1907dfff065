/**
 * Coming to own a lease: at once when it is free, or as a successor that waits for its owner to let go.
 *
 * A successor polls and reads its slots meanwhile, so that it can start at the cut. It gives up when
 * another has taken the lease, or when its owner is not about to let go.
 *
 * Holds: at most `successorWaitMaxMs`; every take is the store's one conditional write.
 */
import { DependencyError } from "#domain/errors.ts";
import type { Lease } from "#domain/lease.ts";
import { readingMs } from "#domain/lease-times.ts";
import { limits } from "#domain/limits.ts";
import { SLOTS_LOG2_MAX } from "#domain/slot.ts";
import { succession, type SuccessionTimes } from "#domain/succession.ts";
import { after, type EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import type { CollectDeps, CollectInvocationContext } from "./settings.ts";

/** An owner whose release is further away than this is not waited for: the start was a duplicate. */
const PATIENCE_MS = 20_000 + readingMs(2 ** SLOTS_LOG2_MAX);

export type Acquired =
  | {
      readonly kind: "acquired";
      readonly lease: Lease;
      /** Last heartbeat of the owner it was taken from, when that one had not let go. */
      readonly silentSince?: EpochMs;
    }
  | {
      readonly kind: "skipped";
      readonly why: "gone" | "held" | "taken" | "quarantined" | "stopped";
    };

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
    const next = succession(first, lease, timesOf(deps));
    if (next.kind === "stay out") return { kind: "skipped", why: next.why };
    if (lease === undefined) return { kind: "skipped", why: "gone" };
    if (next.kind === "take") {
      const result = await take(deps, context, lease);
      if (result?.kind === "acquired" && lease.holder !== undefined) {
        return { ...result, silentSince: after(lease.holder.expiresAt, -settings.ttlMs) };
      }
      if (result !== undefined) return result;
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
  readAs: Lease,
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
    deathsWithinMs: limits.deathsWithinMs,
    readAs,
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

function timesOf({ clock, settings }: CollectDeps): SuccessionTimes {
  const { ttlMs, heartbeatEveryMs, skewMaxMs, longestTimeoutMs } = settings;
  return {
    now: clock.now(),
    ttlMs,
    heartbeatEveryMs,
    skewMaxMs,
    longestTimeoutMs,
    patienceMs: PATIENCE_MS,
  };
}
