/** What whoever deploys should know before: quota and the most that collectors can cost. */
import { stackId } from "./names.ts";
import { collectorPerHour } from "./prices.ts";
import { collectConcurrency, concurrencyNeeded } from "./quota.ts";
import type { Settings } from "./settings.ts";

const HOURS_PER_MONTH = 730;

export function reportOf(settings: Settings): string {
  const { pool, collectors, architecture, maxSpendPerHour, reserveConcurrency } = settings;
  const perHour = collectors * collectorPerHour(architecture);
  const reservation = reserveConcurrency
    ? `${collectConcurrency(settings)} of it reserved for collect, 100 stay unreserved`
    : "none of it reserved";
  return [
    `${stackId(pool)}: pool ${pool}, ${2 ** settings.slotsLog2} slots, ${collectors} ${collectors === 1 ? "collector" : "collectors"} at most, ${architecture}`,
    `  quota    ${concurrencyNeeded(settings)} concurrent executions needed in the account and region (${reservation}); new accounts may have less: see Service Quotas, Lambda`,
    `  ceiling  $${perHour.toFixed(4)} an hour for collectors that run all the time, $${Math.ceil(perHour * HOURS_PER_MONTH)} a month; maxSpendPerHour is $${maxSpendPerHour} (us-east-1, 2026-11)`,
    "",
  ].join("\n");
}
