/**
 * One number out of everything that was published in a period, as CloudWatch computes it.
 *
 * In:    statistic, data points                            Out: a number, or undefined without data
 * Holds: a value with the count n is the same as n values. A percentile is the smallest value that at
 *        least that share of them doesn't exceed; CloudWatch interpolates between what it keeps, so
 *        it can differ between two neighbouring values, never beyond.
 * Fails: never (pure).
 */
import type { Datapoint, Statistic } from "./definition.ts";

interface Counted {
  readonly value: number;
  readonly count: number;
}

export function statisticOf(
  statistic: Statistic,
  points: readonly Datapoint[],
): number | undefined {
  const counted = points.flatMap(({ values, counts }) =>
    values
      .map((value, index): Counted => ({ value, count: counts?.[index] ?? 1 }))
      .filter(({ count }) => count > 0),
  );
  if (counted.length === 0) return undefined;
  const total = counted.reduce((sum, { count }) => sum + count, 0);
  const sum = counted.reduce((all, { value, count }) => all + value * count, 0);
  switch (statistic) {
    case "SampleCount":
      return total;
    case "Sum":
      return sum;
    case "Average":
      return sum / total;
    case "Minimum":
      return counted.reduce((least, { value }) => Math.min(least, value), Infinity);
    case "Maximum":
      return counted.reduce((most, { value }) => Math.max(most, value), -Infinity);
    default:
      return percentileOf(counted, (total * Number(statistic.slice(1))) / 100);
  }
}

function percentileOf(counted: readonly Counted[], wanted: number): number | undefined {
  const ascending = counted.toSorted((a, b) => a.value - b.value);
  let seen = 0;
  for (const { value, count } of ascending) {
    seen += count;
    if (seen >= wanted) return value;
  }
  return ascending.at(-1)?.value;
}
