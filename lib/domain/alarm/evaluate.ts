/**
 * The state of an alarm, as CloudWatch finds it.
 *
 * Once a minute CloudWatch takes the periods that end with the last whole minute (a sliding window)
 * and some older ones: the evaluation range. Of these it looks at the latest N that have data. Only
 * when fewer than N have, what is missing counts as the alarm says. M breaching ones make an alarm.
 *
 * How many older ones is not documented; the documented examples take two (N = 3, a range of 5), and
 * so do we. So silence of a metric whose absence breaches rings when the whole range is empty: after
 * N + 2 periods, not N.
 *
 * With `missing`, an alarm rings early (CloudWatch: "premature") when the range has nothing but
 * breaching data, the oldest of it at least M periods old: more data could not have changed that.
 *
 * In:    rule, data points, now, the state before          Out: state, with its reason
 * Holds: every row of the documented tables (test/domain/alarm/evaluate.test.ts).
 * Fails: never (pure).
 * Source: CloudWatch User Guide, "Alarm evaluation", "Configuring how CloudWatch alarms treat missing
 *         data", "Alarm evaluation window" (read 2026-11).
 */
import { durationMs, epochMs, type DurationMs, type EpochMs } from "../units.ts";
import type {
  AlarmRule,
  AlarmState,
  AlarmStateValue,
  Comparison,
  Datapoint,
} from "./definition.ts";
import { statisticOf } from "./statistic.ts";

/** Periods beyond N that are looked at. */
const EXTRA_PERIODS = 2;
const MINUTE_MS = 60_000;

/** How far back from the last whole minute data matters. */
export function evaluationRangeMs(
  rule: Pick<AlarmRule, "periodMs" | "evaluationPeriods">,
): DurationMs {
  return durationMs((rule.evaluationPeriods + EXTRA_PERIODS) * rule.periodMs);
}

/** @param datapoints in any order; those outside the range, and of the running minute, don't count. */
export function evaluateAlarm(
  rule: AlarmRule,
  datapoints: readonly Datapoint[],
  now: EpochMs,
  previous?: AlarmState,
): AlarmState {
  const values = periodValues(rule, datapoints, now);
  const verdict = judge(rule, values);
  const value = verdict === "retain" ? (previous?.value ?? "INSUFFICIENT_DATA") : verdict;
  const since = previous?.value === value ? previous.since : now;
  return { value, reason: reasonFor(rule, values, verdict), since };
}

/** The statistic of each period of the range, oldest first; undefined where there is no data. */
export function periodValues(
  rule: AlarmRule,
  datapoints: readonly Datapoint[],
  now: EpochMs,
): (number | undefined)[] {
  const end = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const periods = rule.evaluationPeriods + EXTRA_PERIODS;
  const start = epochMs(end - periods * rule.periodMs);
  const byPeriod = Array.from({ length: periods }, (): Datapoint[] => []);
  for (const point of datapoints) {
    byPeriod[Math.floor((point.at - start) / rule.periodMs)]?.push(point);
  }
  return byPeriod.map((points) => statisticOf(rule.statistic, points));
}

type Verdict = AlarmStateValue | "retain";

function judge(rule: AlarmRule, values: readonly (number | undefined)[]): Verdict {
  const { evaluationPeriods, datapointsToAlarm, treatMissingData } = rule;
  const real = values.filter((value) => value !== undefined).slice(-evaluationPeriods);
  const breaching = real.filter((value) => breaches(rule, value)).length;
  const filled = evaluationPeriods - real.length;
  // What is missing is asked about only when it could matter.
  if (breaching >= datapointsToAlarm) return "ALARM";
  if (filled === 0 || treatMissingData === "notBreaching") return "OK";
  switch (treatMissingData) {
    case "breaching":
      return breaching + filled >= datapointsToAlarm ? "ALARM" : "OK";
    case "ignore":
      return breaching < real.length ? "OK" : "retain";
    case "missing":
      if (breaching < real.length) return "OK";
      return isPremature(values, datapointsToAlarm) ? "ALARM" : "INSUFFICIENT_DATA";
  }
}

/** Whether the oldest data is at least M periods old; only asked where all of it breaches. */
function isPremature(values: readonly (number | undefined)[], datapointsToAlarm: number): boolean {
  const oldest = values.findIndex((value) => value !== undefined);
  return oldest !== -1 && values.length - oldest >= datapointsToAlarm;
}

export function breaches(
  { comparison, threshold }: Pick<AlarmRule, "comparison" | "threshold">,
  value: number,
): boolean {
  switch (comparison) {
    case "GreaterThanThreshold":
      return value > threshold;
    case "GreaterThanOrEqualToThreshold":
      return value >= threshold;
    case "LessThanThreshold":
      return value < threshold;
    case "LessThanOrEqualToThreshold":
      return value <= threshold;
  }
}

const SIGNS: Record<Comparison, string> = {
  GreaterThanThreshold: ">",
  GreaterThanOrEqualToThreshold: ">=",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "<=",
};

function reasonFor(
  rule: AlarmRule,
  values: readonly (number | undefined)[],
  verdict: Verdict,
): string {
  const { metric, statistic, comparison, threshold, evaluationPeriods, treatMissingData } = rule;
  const real = values.filter((value) => value !== undefined).slice(-evaluationPeriods);
  const missing = evaluationPeriods - real.length;
  const breaching = real.filter((value) => breaches(rule, value)).length;
  const limit = `${SIGNS[comparison]} ${threshold}`;
  const name = `${metric.name} ${statistic}`;
  if (real.length === 0) {
    const nothing = `no ${metric.name} for ${values.length} periods`;
    return verdict === "retain"
      ? `${nothing}: the state is kept`
      : `${nothing} (${treatMissingData})`;
  }
  const found = `${name} ${real.map(round).join(", ")}: ${breaching} of ${real.length} ${limit}`;
  if (missing === 0) return `${found}; rings at ${rule.datapointsToAlarm} of ${evaluationPeriods}`;
  return `${found}; ${missing} missing (${treatMissingData})`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
