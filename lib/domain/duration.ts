/**
 * Spans as people write them: `250ms`, `60s`, `10m`, `1h`, `7d`, and sums of them (`1h30m`).
 *
 * Fails: InvalidInputError, naming what was found.
 */
import { InvalidInputError } from "./errors.ts";
import { durationMs, type DurationMs } from "./units.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const PART = /\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)\s*/guy;

/**
 * @param where named in the error: the option or field that carries the text.
 * @throws InvalidInputError when the text is not a span.
 */
export function parseDuration(text: string, where = "duration"): DurationMs {
  let total = 0;
  let read = 0;
  for (const [part, amount = "", unit = ""] of text.matchAll(PART)) {
    total += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
    read += part.length;
  }
  if (read !== text.length || read === 0 || !Number.isFinite(total)) {
    throw new InvalidInputError({
      where,
      found: JSON.stringify(text),
      expected: "a span such as 250ms, 60s, 10m, 1h30m or 7d",
    });
  }
  // To a microsecond, because 1.005 * 1000 isn't 1005.
  return durationMs(Math.round(total * 1_000) / 1_000);
}

/** The shortest exact way to write a span: `90s` is `1m30s`. */
export function formatDuration(span: number): string {
  let rest = Math.round(span);
  if (rest === 0) return "0s";
  if (rest < 0) return `-${formatDuration(-rest)}`;
  let text = "";
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
    ["ms", 1],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
