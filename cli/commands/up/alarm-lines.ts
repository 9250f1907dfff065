/** The alarms in a line or two: what rings, since when, and what that means. */
import type { AlarmView } from "#local/alarms/board.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Style } from "../../io.ts";
import { formatSpan } from "../../output/moment.ts";

export interface AlarmLine {
  readonly text: string;
  readonly style: Style;
}

const RINGING_SHOWN_MAX = 2;

/** No line where there are no alarms. */
export function alarmTexts(alarms: readonly AlarmView[], now: EpochMs): readonly AlarmLine[] {
  if (alarms.length === 0) return [];
  const ringing = alarms.filter(({ value }) => value === "ALARM");
  if (ringing.length === 0) return [quiet(alarms)];
  const shown = ringing.slice(0, ringing.length > RINGING_SHOWN_MAX ? 1 : RINGING_SHOWN_MAX);
  const lines = shown.map(({ id, since, text }): AlarmLine => {
    return { text: `alarm ${id} for ${formatSpan(now - since)}: ${text.meaning}`, style: "red" };
  });
  const rest = ringing.slice(shown.length);
  if (rest.length === 0) return lines;
  const names = rest.map(({ id }) => id).join(", ");
  return [...lines, { text: `… and ${names} (\`lamplighter alarms\`)`, style: "red" }];
}

function quiet(alarms: readonly AlarmView[]): AlarmLine {
  const unknown = alarms.filter(({ value }) => value === "INSUFFICIENT_DATA").length;
  if (unknown === 0) return { text: "alarms: none", style: "green" };
  if (unknown === alarms.length) return { text: "alarms: not evaluated yet", style: "dim" };
  return { text: `alarms: none; ${unknown} of ${alarms.length} without data`, style: "dim" };
}
