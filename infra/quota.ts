/** How many invocations run at once, and so what the account must allow. */
import { manifest } from "#functions/manifest.ts";
import type { Settings } from "./settings.ts";

/** What Lambda keeps for functions without a reservation. */
const UNRESERVED_MIN = 100;
/** A start that is repeated, and a retry of the platform's. */
const COLLECT_SPARE = 2;

/** A successor polls while its predecessor still captures: two for each lease. */
export function collectConcurrency({ collectors }: Settings): number {
  return 2 * collectors + COLLECT_SPARE;
}

/** Of the account and region: its `ConcurrentExecutions`. */
export function concurrencyNeeded(settings: Settings): number {
  const collect = collectConcurrency(settings);
  const others = Object.values(manifest)
    .map((described) =>
      "scheduleEveryMs" in described
        ? Math.ceil(described.timeoutMs / described.scheduleEveryMs) + 1
        : 0,
    )
    .reduce((sum, each) => sum + each, 0);
  return settings.reserveConcurrency
    ? collect + Math.max(UNRESERVED_MIN, others)
    : collect + others;
}
