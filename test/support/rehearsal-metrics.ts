/**
 * CloudWatch's side of metrics in a rehearsal: what was published carries the moment it belongs to,
 * and is seen only later, up to a minute later where publication jitters.
 *
 * Holds: data points that belong to a moment longer ago than KEPT_MS are forgotten: no alarm looks
 *        further back.
 */
import type { AlarmMetric, Datapoint } from "#domain/alarm/definition.ts";
import type { Clock } from "#ports/clock.ts";
import type { MetricBatch } from "#ports/metric-sink.ts";
import type { Random } from "./rehearsal-random.ts";

/** From publication to the moment that alarms see it. */
export interface PublicationDelay {
  readonly leastMs: number;
  readonly mostMs: number;
}

export type PlatformMetric = Exclude<AlarmMetric, { readonly of: { readonly kind: "pool" } }>;

export interface RehearsalMetrics {
  /** What the health check publishes. */
  putBatch(batch: MetricBatch): void;
  /** What the platform publishes itself. */
  put(metric: PlatformMetric, point: Datapoint): void;
  /** What is seen of it now. */
  seen(metric: AlarmMetric): readonly Datapoint[];
  /** Nothing that is published from now on for so long is ever seen. */
  loseFor(ms: number): void;
}

const KEPT_MS = 70 * 60_000;

export function rehearsalMetrics(
  clock: Clock,
  random: Random,
  delay: PublicationDelay,
): RehearsalMetrics {
  const points = new Map<string, Datapoint[]>();
  let lostUntil = 0;

  function publish(key: string, point: Datapoint): void {
    if (clock.now() < lostUntil) return;
    clock.after(random.between(delay.leastMs, delay.mostMs), () => {
      const list = points.get(key) ?? [];
      list.push(point);
      const oldest = clock.now() - KEPT_MS;
      points.set(key, list.length % 64 === 0 ? list.filter(({ at }) => at > oldest) : list);
    });
  }

  return {
    putBatch({ at, metrics }) {
      for (const { name, values, counts } of metrics) {
        publish(`Lamplighter/${name}/`, { at, values, ...(counts !== undefined && { counts }) });
      }
    },
    put: (metric, point) => publish(keyOf(metric), point),
    seen: (metric) => points.get(keyOf(metric)) ?? [],
    loseFor(ms) {
      lostUntil = clock.now() + ms;
    },
  };
}

function keyOf({ namespace, name, of }: AlarmMetric): string {
  return `${namespace}/${name}/${of.kind === "function" ? of.function : ""}`;
}
