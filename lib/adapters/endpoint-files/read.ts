/**
 * Readers of single values from a source tree: the right value, or a problem at its place.
 *
 * Holds: undefined means that a problem has been reported; a caller may go on, so that a file's
 *        problems come together, but must not use the entry.
 */
import { InvalidInputError } from "#domain/errors.ts";
import { suggest } from "#domain/suggest.ts";
import { formatDuration, parseDuration } from "#domain/duration.ts";
import type { DurationMs } from "#domain/units.ts";
import type { Place, Report } from "./problem.ts";
import { secretLiteral } from "./secret-literal.ts";
import {
  show,
  showText,
  type ScalarValue,
  type SourceEntry,
  type SourceNode,
} from "./source-tree.ts";

export type Fields = ReadonlyMap<string, SourceEntry>;

export interface FieldNames {
  /** Names the map in messages: `a test`. */
  readonly what: string;
  readonly known: readonly string[];
  /** What people write for them elsewhere: `interval` is our `cadence`. */
  readonly synonyms?: ReadonlyMap<string, string>;
}

/** The entries of a map; unknown ones are refused with a suggestion. */
export function readFields(
  node: SourceNode,
  names: FieldNames,
  report: Report,
): Fields | undefined {
  if (node.kind !== "map")
    return report.problem(
      node.place,
      show(node),
      `${names.what}: a map of fields such as ${names.known.slice(0, 5).join(", ")}`,
    );
  const fields = new Map<string, SourceEntry>();
  for (const entry of node.entries) {
    if (names.known.includes(entry.key)) fields.set(entry.key, entry);
    else
      report.problem(
        entry.keyPlace,
        `unknown field ${showText(entry.key)}`,
        expectedField(entry.key, names),
      );
  }
  return fields;
}

function expectedField(found: string, names: FieldNames): string {
  const meant = names.synonyms?.get(found.toLowerCase()) ?? suggest(found, names.known);
  if (meant !== undefined) return `a field of ${names.what}: did you mean ${meant}?`;
  return `a field of ${names.what}: one of ${names.known.join(", ")}`;
}

export function readText(node: SourceNode, expected: string, report: Report): string | undefined {
  if (node.kind === "scalar" && typeof node.value === "string") return node.value;
  const quoted = node.kind === "scalar" && node.value !== null ? " (put quotes around it)" : "";
  return report.problem(node.place, show(node), `${expected}${quoted}`);
}

/** A text, or a number or boolean as it was written (`007`, `1.10`). */
export function readWritten(
  node: SourceNode,
  expected: string,
  report: Report,
): string | undefined {
  if (node.kind === "scalar" && typeof node.value === "string") return node.value;
  if (node.kind === "scalar" && node.value !== null) return node.text;
  return report.problem(node.place, show(node), expected);
}

export function readBoolean(node: SourceNode, report: Report): boolean | undefined {
  if (node.kind === "scalar" && typeof node.value === "boolean") return node.value;
  return report.problem(node.place, show(node), "true or false");
}

export interface NumberRange {
  readonly min: number;
  readonly max: number;
}

export function readInteger(
  node: SourceNode,
  range: NumberRange,
  report: Report,
): number | undefined {
  const value = node.kind === "scalar" ? node.value : undefined;
  if (
    typeof value === "number" &&
    Number.isInteger(value) &&
    value >= range.min &&
    value <= range.max
  )
    return value;
  return report.problem(node.place, show(node), `a whole number from ${range.min} to ${range.max}`);
}

export function readScalar(node: SourceNode, report: Report): ScalarValue | undefined {
  if (node.kind === "scalar" && (typeof node.value !== "number" || Number.isFinite(node.value)))
    return node.value;
  return report.problem(node.place, show(node), "a text, a finite number, true, false or null");
}

export function readDuration(
  node: SourceNode,
  range: NumberRange,
  report: Report,
): DurationMs | undefined {
  const expected = `a span with its unit, from ${formatDuration(range.min)} to ${formatDuration(range.max)}, e.g. 10s`;
  if (node.kind !== "scalar" || typeof node.value !== "string")
    return report.problem(node.place, show(node), expected);
  const { value } = node;
  const span = attempt(node.place, () => parseDuration(value), report);
  if (span === undefined || (span >= range.min && span <= range.max && Number.isInteger(span)))
    return span;
  return report.problem(node.place, show(node), expected);
}

/** The field's value, or `fallback` when the field is absent. */
export function readField<T>(
  fields: Fields,
  name: string,
  fallback: T,
  reader: (node: SourceNode) => T | undefined,
): T | undefined {
  const field = fields.get(name);
  return field === undefined ? fallback : reader(field.value);
}

/** The value itself or the items of a list: `one test, or a list`. */
export function oneOrList(node: SourceNode): readonly SourceNode[] {
  return node.kind === "list" ? node.items : [node];
}

/** Runs one of the domain's parsers; what it refuses becomes a problem at `place`. */
export function attempt<T>(place: Place, parse: () => T, report: Report): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidInputError) {
      const { found, expected } = error.place;
      return report.problem(
        place,
        secretLiteral(found) === undefined ? found : showText(found),
        expected,
      );
    }
    throw error;
  }
}
