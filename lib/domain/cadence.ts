/**
 * When a target is due: `every <duration>` or a five-field cron expression in a time zone.
 *
 * A cadence is a value with a canonical text, its key: targets with equal keys share a schedule in
 * their slot, and so their rounds and their watermark.
 *
 * Holds: nextCronMoment(c, t) > t.
 * Source: DESIGN, sections 1 and 2; cron by croner (https://croner.56k.guru).
 */
import { Cron } from "croner";
import { formatDuration, parseDuration } from "./duration.ts";
import { InvalidInputError } from "./errors.ts";
import { limits } from "./limits.ts";
import { durationMs, epochMs, type DurationMs, type EpochMs } from "./units.ts";

export type Cadence =
  | { readonly kind: "every"; readonly periodMs: DurationMs }
  | {
      readonly kind: "cron";
      /** Five fields, single spaces. */
      readonly expression: string;
      /** IANA name, e.g. `Europe/Berlin`. */
      readonly timeZone: string;
      /** The round's targets are spread over this long; 0 starts all at the moment itself. */
      readonly spreadMs: DurationMs;
    };

declare const cadenceKeyBrand: unique symbol;
/** Canonical text of a cadence: `every:60000`, `cron:Europe/Berlin:2000:0 8 * * 1-5`. */
export type CadenceKey = string & { readonly [cadenceKeyBrand]: true };

export const CRON_SPREAD_DEFAULT = durationMs(2_000);

/** @throws InvalidInputError when the period is outside its limits. */
export function every(periodMs: number, where = "cadence"): Cadence {
  if (
    !Number.isInteger(periodMs) ||
    periodMs < limits.periodMinMs ||
    periodMs > limits.periodMaxMs
  ) {
    throw new InvalidInputError({
      where,
      found: `every ${periodMs} ms`,
      expected: `a whole number of milliseconds from ${formatDuration(limits.periodMinMs)} to ${formatDuration(limits.periodMaxMs)}`,
    });
  }
  return { kind: "every", periodMs: durationMs(periodMs) };
}

/** @throws InvalidInputError for a bad expression, an unknown zone, a spread over 30 s, or one that never fires. */
export function cron(
  expression: string,
  timeZone = "UTC",
  spreadMs: number = CRON_SPREAD_DEFAULT,
  where = "cadence",
): Cadence {
  const fields = expression.trim().split(/\s+/u);
  if (fields.length !== 5) {
    throw new InvalidInputError({
      where,
      found: JSON.stringify(expression),
      expected: "five cron fields: minute hour day-of-month month day-of-week",
    });
  }
  if (!Number.isInteger(spreadMs) || spreadMs < 0 || spreadMs > limits.cronSpreadMaxMs) {
    throw new InvalidInputError({
      where,
      found: `a spread of ${spreadMs} ms`,
      expected: `0 to ${limits.cronSpreadMaxMs} ms`,
    });
  }
  const joined = fields.join(" ");
  if (joined.length + timeZone.length > limits.cronCharsMax) {
    throw new InvalidInputError({
      where,
      found: `an expression and zone of ${joined.length + timeZone.length} characters`,
      expected: `${limits.cronCharsMax} at most`,
    });
  }
  const cadence = {
    kind: "cron",
    expression: joined,
    timeZone,
    spreadMs: durationMs(spreadMs),
  } as const;
  assertFires(cadence, where);
  return cadence;
}

/**
 * Reads `every 60s`, `60s`, or five cron fields (UTC, or `CRON_TZ=Europe/Berlin 0 8 * * *`).
 * @throws InvalidInputError when it is neither.
 */
export function parseCadence(text: string, where = "cadence"): Cadence {
  const trimmed = text.trim();
  const span = /^every\s+(.+)$/u.exec(trimmed)?.[1];
  if (span !== undefined) return every(parseDuration(span, where), where);
  const zoned = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/u.exec(trimmed);
  if (zoned?.[1] !== undefined && zoned[2] !== undefined)
    return cron(zoned[2], zoned[1], CRON_SPREAD_DEFAULT, where);
  if (trimmed.split(/\s+/u).length === 5) return cron(trimmed, "UTC", CRON_SPREAD_DEFAULT, where);
  return every(parseDuration(trimmed, where), where);
}

export function cadenceKey(cadence: Cadence): CadenceKey {
  switch (cadence.kind) {
    case "every":
      return `every:${cadence.periodMs}` as CadenceKey;
    case "cron":
      return `cron:${cadence.timeZone}:${cadence.spreadMs}:${cadence.expression}` as CadenceKey;
  }
}

/** @throws InvalidInputError when `key` is not what `cadenceKey` writes. */
export function parseCadenceKey(key: string): Cadence {
  const period = /^every:(\d+)$/u.exec(key)?.[1];
  if (period !== undefined) return every(Number(period), "cadence key");
  const parts = /^cron:(.+):(\d+):([^:]+)$/u.exec(key);
  if (parts?.[1] !== undefined && parts[2] !== undefined && parts[3] !== undefined) {
    return cron(parts[3], parts[1], Number(parts[2]), "cadence key");
  }
  throw new InvalidInputError({
    where: "cadence key",
    found: JSON.stringify(key),
    expected: "every:<ms> or cron:<zone>:<spread ms>:<fields>",
  });
}

/** `every 1m`, `0 8 * * 1-5 (Europe/Berlin)`. */
export function describeCadence(cadence: Cadence): string {
  switch (cadence.kind) {
    case "every":
      return `every ${formatDuration(cadence.periodMs)}`;
    case "cron":
      return `${cadence.expression} (${cadence.timeZone})`;
  }
}

type CronCadence = Extract<Cadence, { kind: "cron" }>;

/** The shortest time between two rounds of the cadence. */
export function shortestGapMs(cadence: Cadence): DurationMs {
  switch (cadence.kind) {
    case "every":
      return cadence.periodMs;
    case "cron":
      return durationMs(60_000);
  }
}

/** First moment of the expression after `moment`; undefined when there is none within croner's horizon. */
export function nextCronMoment(cadence: CronCadence, moment: EpochMs): EpochMs | undefined {
  const { cron, steps } = compiled(cadence);
  // Moments are whole minutes: what comes after any moment of a minute comes after its first.
  const from = Math.floor(moment / MINUTE_MS) * MINUTE_MS;
  const next = steps.get(from) ?? cron.nextRun(new Date(from))?.getTime();
  if (next === undefined) return undefined;
  if (!steps.has(from)) keepStep(steps, from, next);
  return epochMs(next);
}

interface Compiled {
  readonly cron: Cron;
  /** From a minute to the next moment: every slot walks along the same ones, ten times a second. */
  readonly steps: Map<number, number>;
}

// Compiling costs ten times as much as asking; a pool has few distinct expressions. Asking costs
// 0.1 ms, so that a slot's missed day of minutes takes 140 ms; kept steps, 0.6 ms (2026-11).
const CRON_CACHE_MAX = 1_000;
const CRON_STEPS_MAX = 100_000;
const MINUTE_MS = 60_000;
const cache = new Map<string, Compiled>();
let stepsKept = 0;

function keepStep(steps: Map<number, number>, from: number, next: number): void {
  if (stepsKept >= CRON_STEPS_MAX) {
    for (const known of cache.values()) known.steps.clear();
    stepsKept = 0;
  }
  steps.set(from, next);
  stepsKept += 1;
}

function compiled(cadence: CronCadence): Compiled {
  const key = cadenceKey(cadence);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const { expression, timeZone } = cadence;
  const cron = new Cron(expression, { timezone: timeZone, paused: true, mode: "5-part" });
  const made = { cron, steps: new Map<number, number>() };
  if (cache.size >= CRON_CACHE_MAX) cache.clear();
  cache.set(key, made);
  return made;
}

// A fixed Monday, so that validation doesn't depend on today.
const REFERENCE = epochMs(Date.UTC(2026, 0, 5));

function assertFires(cadence: CronCadence, where: string): void {
  let found: string;
  try {
    if (nextCronMoment(cadence, REFERENCE) !== undefined) return;
    found = `${JSON.stringify(cadence.expression)}, which never comes`;
  } catch (cause) {
    found = `${JSON.stringify(cadence.expression)} in zone ${cadence.timeZone} (${cause instanceof Error ? cause.message : String(cause)})`;
  }
  throw new InvalidInputError({
    where,
    found,
    expected: "a five-field cron expression that comes again, and a zone such as Europe/Berlin",
  });
}
