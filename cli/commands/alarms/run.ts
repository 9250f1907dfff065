/** Prints every alarm, those that ring first, with what to do. Exit: 1 where one rings. */
import { runbookLink, type AlarmStateValue } from "#domain/alarm/definition.ts";
import { ALARM_TEXTS } from "#domain/alarm/texts.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import type { Style } from "../../io.ts";
import { formatDistance, formatSpan, isoText } from "../../output/moment.ts";
import { table, type Column, type Row } from "../../output/table.ts";
import type { AlarmSeen, AlarmsSeen } from "./seen.ts";

const COLUMNS: readonly Column[] = [
  { title: "STATE" },
  { title: "ALARM" },
  { title: "FOR", align: "right" },
  { title: "WHY", shrinkTo: 20 },
];

const STATES: Readonly<Record<AlarmStateValue, { readonly text: string; readonly style: Style }>> =
  {
    ALARM: { text: "ALARM", style: "red" },
    INSUFFICIENT_DATA: { text: "no data", style: "dim" },
    OK: { text: "OK", style: "green" },
  };
const ORDER: readonly AlarmStateValue[] = ["ALARM", "INSUFFICIENT_DATA", "OK"];

export async function showAlarms(context: Context): Promise<ExitCode> {
  const seen = await seenAlarms(context);
  const sorted = seen.alarms.toSorted((a, b) => ORDER.indexOf(a.value) - ORDER.indexOf(b.value));
  if (context.options.json) {
    for (const alarm of sorted) await context.json(asJson(alarm));
  } else if (sorted.length > 0) {
    await print(context, seen, sorted);
  }
  if (seen.warning !== undefined) await context.warn(seen.warning);
  return sorted.some(isRinging) ? exitCodes.negative : exitCodes.ok;
}

async function seenAlarms(context: Context): Promise<AlarmsSeen> {
  const { stack } = context.options;
  if (stack === undefined) {
    const { runningAlarms } = await import("./running.ts");
    return runningAlarms(context);
  }
  const { deployedAlarms } = await import("./deployed.ts");
  return deployedAlarms(stack);
}

function isRinging({ value }: AlarmSeen): boolean {
  return value === "ALARM";
}

async function print(
  context: Context,
  { of, evaluatedAt }: AlarmsSeen,
  sorted: readonly AlarmSeen[],
): Promise<void> {
  const now = context.now();
  const rows = sorted.map(({ id, value, since, reason }): Row => {
    return [STATES[value], id, formatSpan(now - since), reason];
  });
  await table(COLUMNS, context.io.stdout).write(rows);
  for (const { id } of sorted.filter(isRinging)) {
    const { meaning, look, act } = ALARM_TEXTS[id];
    await context.say("");
    await context.say(`${context.io.stdout.style("red", id)}: ${meaning}`);
    await context.say(`  look: ${look}`);
    await context.say(`  do:   ${act}`);
    await context.say(`  more: ${runbookLink(id)}`);
  }
  const count = (wanted: AlarmStateValue): number =>
    sorted.filter(({ value }) => value === wanted).length;
  const ringing = count("ALARM");
  const parts = [
    `${ringing} ${ringing === 1 ? "rings" : "ring"}`,
    `${count("INSUFFICIENT_DATA")} without data`,
    `${count("OK")} are well`,
  ].join(", ");
  const age = evaluatedAt === undefined ? "" : `; evaluated ${formatDistance(evaluatedAt, now)}`;
  if (ringing > 0) await context.say("");
  await context.say(`${of}: ${parts}${age}`);
}

function asJson({ id, value, reason, since }: AlarmSeen): Readonly<Record<string, unknown>> {
  const { meaning, look, act } = ALARM_TEXTS[id];
  return {
    alarm: id,
    state: value,
    since: isoText(since),
    reason,
    meaning,
    look,
    do: act,
    runbook: runbookLink(id),
  };
}
