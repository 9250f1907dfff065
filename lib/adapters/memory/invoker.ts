/** Remembers what was started, for tests; `onStart` may act on it. */
import type { CollectInvocation, Invoker } from "#ports/invoker.ts";

export interface MemoryInvoker extends Invoker {
  readonly collectors: readonly CollectInvocation[];
  readonly rebalancers: readonly string[];
}

export function memoryInvoker(
  onStart: (invocation: CollectInvocation) => void = () => undefined,
): MemoryInvoker {
  const collectors: CollectInvocation[] = [];
  const rebalancers: string[] = [];
  return {
    collectors,
    rebalancers,
    startCollector(invocation) {
      collectors.push(invocation);
      onStart(invocation);
      return Promise.resolve();
    },
    startRebalancer(pool) {
      rebalancers.push(pool);
      return Promise.resolve();
    },
  };
}
