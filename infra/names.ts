/** Names that operators, tools and other parts of the system rely on: all of them contracts. */
import type { AlarmId } from "#domain/alarm/definition.ts";
import { METRIC_NAMESPACE } from "#domain/metric.ts";

export const METRICS_LOCATION = `cloudwatch:${METRIC_NAMESPACE}`;
/** In the chunk bucket; what else may lie there one day has a prefix of its own. */
export const SAMPLES_PREFIX = "samples";
const DEFAULT_POOL = "default";

/** `Lamplighter`, or `Lamplighter-<pool>`. */
export function stackId(pool: string): string {
  return pool === DEFAULT_POOL ? "Lamplighter" : `Lamplighter-${pool}`;
}

export function alarmName(stackName: string, id: AlarmId): string {
  return `${stackName}-${id}`;
}
