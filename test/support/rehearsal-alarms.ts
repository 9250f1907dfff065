/**
 * The alarms, evaluated once a minute over what is seen of the metrics by then.
 *
 * Holds: every change of a state is kept, in order; all alarms begin as INSUFFICIENT_DATA, as newly
 *        made ones do.
 */
import type {
  AlarmId,
  AlarmMetric,
  AlarmRule,
  AlarmState,
  AlarmStateValue,
  Datapoint,
} from "#domain/alarm/definition.ts";
import { evaluateAlarm } from "#domain/alarm/evaluate.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

export interface AlarmChange {
  readonly id: AlarmId;
  readonly at: EpochMs;
  readonly from: AlarmStateValue;
  readonly to: AlarmStateValue;
  readonly reason: string;
}

export interface AlarmWatch {
  readonly changes: readonly AlarmChange[];
  state(id: AlarmId): AlarmState | undefined;
  /** Those that ring now. */
  ringing(): readonly AlarmId[];
}

const EVERY_MS = 60_000;

export function watchAlarms(
  clock: Clock,
  rules: readonly AlarmRule[],
  seen: (metric: AlarmMetric) => readonly Datapoint[],
): AlarmWatch {
  const states = new Map<AlarmId, AlarmState>();
  const changes: AlarmChange[] = [];

  function evaluate(): void {
    for (const rule of rules) {
      const before = states.get(rule.id);
      const after = evaluateAlarm(rule, seen(rule.metric), clock.now(), before);
      states.set(rule.id, after);
      const from = before?.value ?? "INSUFFICIENT_DATA";
      if (after.value === from) continue;
      const { reason } = after;
      changes.push({ id: rule.id, at: clock.now(), from, to: after.value, reason });
    }
    clock.after(EVERY_MS, evaluate);
  }

  // Some seconds into the minute: nobody promises more.
  clock.after(EVERY_MS - (clock.now() % EVERY_MS) + 5_000, evaluate);
  return {
    changes,
    state: (id) => states.get(id),
    ringing: () => rules.map(({ id }) => id).filter((id) => states.get(id)?.value === "ALARM"),
  };
}
