/** The alarms of a local cloud: the deployed ones, with what this cloud sets. */
import { alarmDefinitions } from "#domain/alarm/alarms.ts";
import { ALARM_SETTINGS_DEFAULT } from "#domain/alarm/thresholds.ts";
import { durationMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { EventHub } from "../events.ts";
import type { DataPaths } from "../paths.ts";
import type { AlarmView } from "./board.ts";
import { watchAlarms } from "./watch.ts";

export interface AlarmsOptions {
  readonly pool: string;
  readonly leaseTtlMs?: number;
  readonly functions?: boolean;
}

export interface AlarmsNeeds {
  readonly paths: DataPaths;
  readonly clock: Clock;
  readonly hub: EventHub;
}

export interface Alarms {
  alarms(): readonly AlarmView[];
  stop(): Promise<void>;
}

/** Functions that nobody drives are not silent, they are asleep: then there are no alarms. */
export function startAlarms(
  { pool, leaseTtlMs, functions }: AlarmsOptions,
  { paths, clock, hub }: AlarmsNeeds,
): Alarms {
  if (functions === false) return { alarms: () => [], stop: () => Promise.resolve() };
  const definitions = alarmDefinitions({
    ...ALARM_SETTINGS_DEFAULT,
    ...(leaseTtlMs !== undefined && { leaseTtlMs: durationMs(leaseTtlMs) }),
  });
  const watch = watchAlarms({ definitions, pool, paths, clock, emit: hub.emit });
  const stopListening = hub.listen((event) => watch.see(event));
  return {
    alarms: () => watch.alarms(),
    async stop() {
      stopListening();
      await watch.stop();
    },
  };
}
