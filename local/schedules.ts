/**
 * Runs functions on their schedules, as the platform's scheduler does: asynchronous invocations at
 * the manifest's rate, the first at once.
 *
 * Holds: runs don't drift: each is set from the first. What could not be started is not made up for.
 */
import type { FunctionManifest, FunctionName } from "#functions/manifest.ts";
import type { LocalInvoker } from "./invoker.ts";

export interface Schedules {
  stop(): void;
}

export function startSchedules(
  manifest: Readonly<Record<FunctionName, FunctionManifest>>,
  invoker: Pick<LocalInvoker, "invokeAsync">,
  event: string,
): Schedules {
  const timers = new Map<FunctionName, NodeJS.Timeout>();
  const startedAt = performance.now();

  function set(name: FunctionName, everyMs: number): void {
    const passed = performance.now() - startedAt;
    const pause = everyMs - (passed % everyMs);
    timers.set(
      name,
      setTimeout(() => {
        invoker.invokeAsync(name, event);
        set(name, everyMs);
      }, pause),
    );
  }

  for (const { name, scheduleEveryMs } of Object.values(manifest)) {
    if (scheduleEveryMs === undefined) continue;
    invoker.invokeAsync(name, event);
    set(name, scheduleEveryMs);
  }
  return {
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
