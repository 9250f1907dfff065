/**
 * Where metrics go.
 *
 * Holds: publication never fails its caller: what could not be published is counted and said.
 * Contract: test/contracts/metric-sink.contract.ts
 */
import type { MetricUnit } from "#domain/metric.ts";
import type { EpochMs } from "#domain/units.ts";

export interface Metric {
  readonly name: string;
  readonly unit: MetricUnit;
  /** One value, or a distribution as values with their counts. */
  readonly values: readonly number[];
  readonly counts?: readonly number[];
}

export interface MetricBatch {
  readonly pool: string;
  readonly at: EpochMs;
  readonly metrics: readonly Metric[];
}

export interface MetricSink {
  /** A batch is published as a whole or counts as dropped. */
  publish(batch: MetricBatch): Promise<"published" | "dropped">;
}

/** As CloudWatch has it: what lies beyond is refused, NaN and the infinities too. */
const VALUE_MAX = 2 ** 360;
const VALUE_MIN = 2 ** -360;

/** Why no sink takes this batch; undefined when each does. */
export function batchProblem({ metrics }: MetricBatch): string | undefined {
  for (const { name, values, counts } of metrics) {
    if (values.length === 0) return `${name}: found no value, expected one or more`;
    const odd = values.find((value) => !isPublishable(value));
    if (odd !== undefined) return `${name}: found value ${odd}, expected a number within 2^±360`;
    if (counts === undefined) continue;
    if (counts.length !== values.length) {
      return `${name}: found ${counts.length} counts, expected ${values.length}, one a value`;
    }
    const none = counts.find((count) => !(count > 0 && isPublishable(count)));
    if (none !== undefined) return `${name}: found count ${none}, expected a number above 0`;
  }
  return undefined;
}

function isPublishable(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size >= VALUE_MIN && size <= VALUE_MAX);
}
