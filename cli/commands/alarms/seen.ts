/** Alarms as a command shows them, wherever they were evaluated. */
import type { AlarmId, AlarmState } from "#domain/alarm/definition.ts";
import type { EpochMs } from "#domain/units.ts";

export interface AlarmSeen extends AlarmState {
  readonly id: AlarmId;
}

export interface AlarmsSeen {
  /** `pool default`, `stack Lamplighter`. */
  readonly of: string;
  readonly alarms: readonly AlarmSeen[];
  /** undefined where CloudWatch does it, always. */
  readonly evaluatedAt?: EpochMs;
  /** What a person should know besides, e.g. that it is too early. */
  readonly warning?: string;
}
