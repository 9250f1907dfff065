/**
 * What starts other functions. Only the rebalancer and people invoke; collectors invoke nothing.
 *
 * Holds: an accepted asynchronous invocation runs at least once, perhaps twice, perhaps late.
 * Fails: DependencyError.
 */
import type { LeaseId } from "#domain/lease.ts";

export interface CollectInvocation {
  readonly pool: string;
  readonly lease: LeaseId;
}

export interface Invoker {
  startCollector(invocation: CollectInvocation): Promise<void>;
  startRebalancer(pool: string): Promise<void>;
}
