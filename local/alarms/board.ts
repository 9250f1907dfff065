/**
 * The states of all alarms, from one evaluation to the next.
 *
 * Minutes in which this cloud didn't run are not silence. An alarm that silence rings waits until the
 * range it looks at lies wholly after the start; so it does after the machine has slept.
 *
 * In:    now, what is seen of each metric                  Out: what has changed
 * Holds: a change is told once; the order of the list is kept.
 */
import type {
  AlarmDefinition,
  AlarmId,
  AlarmMetric,
  AlarmState,
  AlarmStateValue,
  AlarmText,
  Datapoint,
} from "#domain/alarm/definition.ts";
import { evaluateAlarm, evaluationRangeMs, periodValues } from "#domain/alarm/evaluate.ts";
import type { EpochMs } from "#domain/units.ts";
import { localLimits } from "../local-limits.ts";

export interface AlarmView extends AlarmState {
  readonly id: AlarmId;
  readonly text: AlarmText;
}

export interface AlarmChange {
  readonly from: AlarmStateValue;
  /** How long it was so. */
  readonly forMs: number;
  readonly alarm: AlarmView;
}

export interface AlarmBoard {
  evaluate(
    now: EpochMs,
    seen: (metric: AlarmMetric) => readonly Datapoint[],
  ): readonly AlarmChange[];
  alarms(): readonly AlarmView[];
}

export function alarmBoard(
  definitions: readonly AlarmDefinition[],
  startedAt: EpochMs,
): AlarmBoard {
  let awakeSince = startedAt;
  let evaluatedAt = startedAt;
  let views = definitions.map(({ id, text }): AlarmView => {
    return { id, text, value: "INSUFFICIENT_DATA", reason: "not evaluated yet", since: startedAt };
  });

  function evaluateOne(
    definition: AlarmDefinition,
    seen: readonly Datapoint[],
    now: EpochMs,
    previous: AlarmState,
  ): AlarmState {
    if (!isTooEarly(definition, seen, now)) return evaluateAlarm(definition, seen, now, previous);
    const value = "INSUFFICIENT_DATA";
    const since = previous.value === value ? previous.since : now;
    return {
      value,
      since,
      reason: `no ${definition.metric.name} yet; not watched for long enough`,
    };
  }

  /** Whether silence says nothing yet. */
  function isTooEarly(
    definition: AlarmDefinition,
    seen: readonly Datapoint[],
    now: EpochMs,
  ): boolean {
    if (definition.treatMissingData !== "breaching") return false;
    if (now - awakeSince > evaluationRangeMs(definition)) return false;
    return periodValues(definition, seen, now).every((value) => value === undefined);
  }

  return {
    evaluate(now, seen) {
      if (Math.abs(now - evaluatedAt) > localLimits.alarmsGapMaxMs) awakeSince = now;
      evaluatedAt = now;
      const before = views;
      views = definitions.map((definition, index) => {
        const previous = before[index] ?? { value: "INSUFFICIENT_DATA", reason: "", since: now };
        const { id, text, metric } = definition;
        return { id, text, ...evaluateOne(definition, seen(metric), now, previous) };
      });
      return views.flatMap((alarm, index): AlarmChange[] => {
        const previous = before[index];
        if (previous === undefined || previous.value === alarm.value) return [];
        return [{ from: previous.value, forMs: now - previous.since, alarm }];
      });
    },
    alarms: () => views,
  };
}
