/**
 * Where in a JSON document a value stands: `a.b[0].c`, `["a.b"][2]`, `$` for the whole document.
 *
 * In:    text as people write it, a parsed document     Out: JsonPath, the value or undefined
 * Holds: reads own properties only; a path has at most 32 segments.
 * Fails: InvalidInputError for a text that is no path.
 */
import { InvalidInputError } from "./errors.ts";

/** Names of properties and indexes of arrays, outermost first. */
export type JsonPath = readonly (string | number)[];

const SEGMENTS_MAX = 32;
const TEXT_MAX = 512;
/** One segment: a name, an index, or a quoted name. */
const SEGMENT = /\.?([^.[\]"\s]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]/uy;

/**
 * @param where named in the error: the field that carries the path.
 * @throws InvalidInputError when the text is no path.
 */
export function parseJsonPath(text: string, where = "JSON path"): JsonPath {
  const trimmed = text.trim();
  const rooted = /^\$(?=$|[.[])/u.test(trimmed);
  const segments: (string | number)[] = [];
  let read = rooted ? 1 : 0;
  while (read < trimmed.length && segments.length <= SEGMENTS_MAX) {
    const segment = segmentAt(trimmed, read, rooted);
    if (segment === undefined) break;
    segments.push(segment.value);
    read = segment.end;
  }
  const whole = read === trimmed.length && trimmed !== "" && trimmed.length <= TEXT_MAX;
  if (whole && segments.length <= SEGMENTS_MAX) return segments;
  throw new InvalidInputError({
    where,
    found: JSON.stringify(text.slice(0, 80)),
    expected: `a path such as status, a.b[0].c or ["a.b"], of at most ${SEGMENTS_MAX} segments`,
  });
}

function segmentAt(
  text: string,
  at: number,
  rooted: boolean,
): { readonly value: string | number; readonly end: number } | undefined {
  SEGMENT.lastIndex = at;
  const match = SEGMENT.exec(text);
  if (match === null) return undefined;
  const [whole, name, index, quoted] = match;
  // Only the first name stands without a dot, and only a first name does.
  const dotted = whole.startsWith(".");
  if (name !== undefined && dotted !== at > 0) return undefined;
  if (name !== undefined && dotted && at === 0 && !rooted) return undefined;
  const value = name ?? (index === undefined ? unquoted(quoted) : Number(index));
  return value === undefined ? undefined : { value, end: at + whole.length };
}

function unquoted(text = ""): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value at the path, or undefined when there is none. */
export function findAt(document: unknown, path: JsonPath): unknown {
  let value = document;
  for (const segment of path) {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value) !== (typeof segment === "number")) return undefined;
    if (!Object.hasOwn(value, segment)) return undefined;
    value = Reflect.get(value, segment);
  }
  return value;
}
