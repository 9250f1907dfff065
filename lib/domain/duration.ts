/**
 * Spans as people write them: `250ms`, `60s`, `10m`, `1h`, `7d`, and sums of them (`1h30m`).
 *
 * Fails: InvalidInputError, naming what was found.
 */
import { InvalidInputError } from "./errors.ts";
import { durationMs, type DurationMs } from "./units.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const PART = /(\d+(?:\.\d+)?)(ms|s|min|m|h|d)/gu;

/**
 * @param where named in the error: the option or field that carries the text.
 * @throws InvalidInputError when the text is not a span.
 */
export function parseDuration(text: string, where = "duration"): DurationMs {
  const compact = text.trim().replaceAll(/\s+/gu, "");
  let total = 0;
  let read = "";
  for (const [part, amount = "", unit = ""] of compact.matchAll(PART)) {
    total += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
    read += part;
  }
  if (read !== compact || compact === "" || !Number.isFinite(total)) {
    throw new InvalidInputError({ where, found: JSON.stringify(text), expected: "a span such as 250ms, 60s, 10m, 1h30m or 7d" });
  }
  return durationMs(total);
}

/** The shortest exact way to write a span: `90s` is `1m30s`. */
export function formatDuration(span: DurationMs | number): string {
  if (span < 0) return `-${formatDuration(-span)}`;
  let rest = Math.round(span);
  if (rest === 0) return "0s";
  let text = "";
  for (const [unit, size] of [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1_000], ["ms", 1]] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
