/**
 * When an endpoint is captured: `cron_schedule` (with `time_zone` and `spread`), or `cadence`.
 *
 * Holds: not both; every 60 s when there is neither.
 */
import { cron, CRON_SPREAD_DEFAULT, every, parseCadence, type Cadence } from "#domain/cadence.ts";
import { limits } from "#domain/limits.ts";
import { isPolicyName, POLICY_NAMES, type Policies, type PolicyName } from "#domain/policy.ts";
import type { DurationMs } from "#domain/units.ts";
import type { Report } from "./problem.ts";
import { attempt, readDuration, readText, type Fields } from "./read.ts";
import { show, type SourceEntry } from "./source-tree.ts";

export interface Schedule {
  readonly cadence: Cadence;
  readonly policy?: PolicyName;
}

const CADENCE_DEFAULT = every(60_000);

export function readSchedule(
  fields: Fields,
  policies: Policies,
  report: Report,
): Schedule | undefined {
  const cronSchedule = fields.get("cron_schedule");
  const cadence = fields.get("cadence");
  if (cronSchedule !== undefined && cadence !== undefined) {
    const later = comesAfter(cadence, cronSchedule) ? cadence : cronSchedule;
    return report.problem(later.keyPlace, "cron_schedule and cadence together", "one of them");
  }
  if (cronSchedule !== undefined) return readCron(cronSchedule, fields, report);
  for (const name of ["time_zone", "spread"]) {
    const field = fields.get(name);
    if (field !== undefined)
      return report.problem(
        field.keyPlace,
        `${name} without cron_schedule`,
        `${name} beside cron_schedule only`,
      );
  }
  return cadence === undefined
    ? { cadence: CADENCE_DEFAULT }
    : readCadence(cadence, policies, report);
}

function comesAfter(a: SourceEntry, b: SourceEntry): boolean {
  const lines = a.keyPlace.line - b.keyPlace.line;
  return lines > 0 || (lines === 0 && a.keyPlace.column > b.keyPlace.column);
}

function readCron(field: SourceEntry, fields: Fields, report: Report): Schedule | undefined {
  const expression = readText(
    field.value,
    "five cron fields: minute hour day-of-month month day-of-week",
    report,
  );
  const timeZone = fields.get("time_zone");
  const spread = fields.get("spread");
  const zone =
    timeZone === undefined
      ? "UTC"
      : readText(timeZone.value, "a time zone such as Europe/Berlin", report);
  const spreadMs = spread === undefined ? CRON_SPREAD_DEFAULT : readSpread(spread, report);
  if (expression === undefined || zone === undefined || spreadMs === undefined) return undefined;
  const zoneKnown = timeZone === undefined || isTimeZone(zone);
  if (!zoneKnown)
    return report.problem(
      timeZone.value.place,
      show(timeZone.value),
      "an IANA time zone such as Europe/Berlin or UTC",
    );
  const cadence = attempt(field.value.place, () => cron(expression, zone, spreadMs), report);
  return cadence === undefined ? undefined : { cadence };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** `spread: 0` starts all of a round at its moment. */
function readSpread(field: SourceEntry, report: Report): DurationMs | undefined {
  const { value } = field;
  const zero = value.kind === "scalar" && value.value === 0;
  const node = zero ? { ...value, value: "0s" } : value;
  return readDuration(node, { min: 0, max: limits.cronSpreadMaxMs }, report);
}

function readCadence(field: SourceEntry, policies: Policies, report: Report): Schedule | undefined {
  const expected = `every <span>, e.g. every 60s, or ${POLICY_NAMES.join(" or ")}`;
  const { value } = field;
  if (value.kind !== "scalar" || typeof value.value !== "string") {
    const unit =
      value.kind === "scalar" && typeof value.value === "number"
        ? ` (a span needs its unit: ${value.text}s?)`
        : "";
    return report.problem(value.place, show(value), `${expected}${unit}`);
  }
  const text = value.value.trim();
  if (isPolicyName(text)) return { cadence: policies[text], policy: text };
  if (text.split(/\s+/u).length >= 5)
    return report.problem(value.place, show(value), `${expected}; cron goes into cron_schedule`);
  if (/^(?:every\s)?[\d\s.]+[a-z]/u.test(text)) {
    const cadence = attempt(value.place, () => parseCadence(text), report);
    return cadence === undefined ? undefined : { cadence };
  }
  return report.problem(value.place, show(value), expected);
}
