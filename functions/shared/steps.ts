/** Steps on the monotonic clock: a wall clock that is set doesn't make a step negative. */
import type { Steps } from "#ports/steps.ts";

export function stepTimer(nowMs: () => number = () => performance.now()): Steps {
  const spent = new Map<string, number>();
  return {
    async measure(step, work) {
      const startedAt = nowMs();
      spent.set(step, spent.get(step) ?? 0);
      try {
        return await work();
      } finally {
        spent.set(step, (spent.get(step) ?? 0) + nowMs() - startedAt);
      }
    },
    durationsMs: () =>
      Object.fromEntries([...spent].map(([step, span]) => [step, Math.round(span * 10) / 10])),
  };
}
