/**
 * Bulk files: JSON Lines, one target a line, read as a stream.
 *
 * A line has the fields of an endpoint file's entry and says what it captures by one of
 *
 *     {"url":"https://www.example.com/health#eu", …}      {"endpoint":"www.example.com/health", …}
 *     {"probe":"noop","id":"n1","cadence":"every 60s"}
 *
 * In:    bytes or texts                                 Out: one item for each line that isn't blank
 * Holds: memory is bounded by one line of `limits.targetLineBytesMax` bytes and one piece of the
 *        stream; a bad line is a problem with its number and the next one is read. An id may come
 *        twice: the later line counts, as the later import would.
 * Fails: with what the stream fails with; never for a line's sake.
 */
import { TextDecoder } from "node:util";
import type { TargetDefinition } from "#domain/target.ts";
import { limits } from "#domain/limits.ts";
import { readScheme } from "./endpoint-file.ts";
import { parseEndpointKey, parseEndpointUrl, type Endpoint } from "./endpoint-key.ts";
import {
  COMMON_FIELDS,
  ENTRY,
  HTTP_FIELDS,
  readEntry,
  RESERVED_FIELDS,
  type Entry,
  type EntryOptions,
} from "./entry.ts";
import { parseJsonTree } from "./json-tree.ts";
import { splitLines, type ByteLine } from "./lines.ts";
import { newReport, type Notice, type Place, type Problem, type Report } from "./problem.ts";
import { readFields, readText, type FieldNames, type Fields } from "./read.ts";
import { show, type SourceEntry } from "./source-tree.ts";

export type TargetLine =
  | { readonly kind: "target"; readonly line: number; readonly target: TargetDefinition }
  | { readonly kind: "problem"; readonly line: number; readonly problem: Problem }
  /** `enabled: false`, or a reserved field in a line whose target follows. */
  | { readonly kind: "notice"; readonly line: number; readonly notice: Notice };

export interface TargetLinesOptions extends EntryOptions {
  /** How problems name the file. */
  readonly file: string;
}

export async function* readTargetLines(
  stream: AsyncIterable<Uint8Array | string>,
  options: TargetLinesOptions,
): AsyncGenerator<TargetLine, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for await (const lines of splitLines(stream, limits.targetLineBytesMax)) {
    for (const line of lines) yield* readLine(line, decoder, options);
  }
}

function* readLine(
  line: ByteLine,
  decoder: TextDecoder,
  options: TargetLinesOptions,
): Generator<TargetLine, void, undefined> {
  const report = newReport(options.file);
  const place: Place = { line: line.number, column: 1 };
  const text = decode(line, decoder, place, report);
  if (text?.trim() === "") return;
  const entry = text === undefined ? undefined : readTarget(text, place, options, report);
  for (const problem of report.problems) yield { kind: "problem", line: line.number, problem };
  if (entry === undefined) return;
  if (entry.kind === "disabled") report.notice(place, "disabled", `${entry.id} is disabled`);
  for (const notice of report.notices) yield { kind: "notice", line: line.number, notice };
  if (entry.kind === "target") yield { kind: "target", line: line.number, target: entry.target };
}

function decode(
  line: ByteLine,
  decoder: TextDecoder,
  place: Place,
  report: Report,
): string | undefined {
  if (line.kind === "too-long") {
    return report.problem(
      place,
      "a longer line",
      `at most ${limits.targetLineBytesMax} bytes a line`,
    );
  }
  try {
    return decoder.decode(line.bytes);
  } catch {
    return report.problem(place, "bytes that are no UTF-8", "UTF-8");
  }
}

const SUBJECT_FIELDS = ["url", "endpoint", "probe"] as const;
const HTTP_LINE: FieldNames = {
  what: "a target",
  known: [...SUBJECT_FIELDS, ...ENTRY.known],
  ...(ENTRY.synonyms === undefined ? {} : { synonyms: ENTRY.synonyms }),
};

function readTarget(
  text: string,
  place: Place,
  options: EntryOptions,
  report: Report,
): Entry | undefined {
  const tree = parseJsonTree(text, place.line, report);
  if (tree === undefined) return undefined;
  const fields = readFields(tree, HTTP_LINE, report);
  if (fields === undefined) return undefined;
  const probe = fields.get("probe");
  const kind = probe?.value.kind === "scalar" ? probe.value.value : undefined;
  if (kind === "noop") return readNoop(fields, place, options, report);
  if (probe !== undefined && kind !== "http")
    return report.problem(probe.value.place, show(probe.value), "http or noop");
  const endpoint = readSubject(fields, place, report);
  if (endpoint === undefined) return undefined;
  const entry = readEntry({ kind: "http", endpoint, place }, fields, options, report);
  return report.problems.length > 0 ? undefined : entry;
}

function readNoop(
  fields: Fields,
  place: Place,
  options: EntryOptions,
  report: Report,
): Entry | undefined {
  const known: readonly string[] = ["probe", ...COMMON_FIELDS, ...RESERVED_FIELDS];
  for (const { key, keyPlace } of fields.values()) {
    if (!known.includes(key))
      report.problem(keyPlace, `${key} beside probe noop`, `one of ${known.join(", ")}`);
  }
  const entry = readEntry({ kind: "noop", place }, fields, options, report);
  return report.problems.length > 0 ? undefined : entry;
}

/** `url`, or `endpoint` with `scheme`. */
function readSubject(fields: Fields, place: Place, report: Report): Endpoint | undefined {
  const [url, endpoint, scheme] = [fields.get("url"), fields.get("endpoint"), fields.get("scheme")];
  if (url !== undefined && (endpoint ?? scheme) !== undefined) {
    return report.problem(
      (endpoint ?? scheme)?.keyPlace ?? place,
      `${endpoint?.key ?? "scheme"} beside url`,
      "url alone, or endpoint with scheme",
    );
  }
  const field = url ?? endpoint;
  if (field === undefined)
    return report.problem(place, "no url", '"url", "endpoint", or "probe": "noop"');
  const text = readText(field.value, `a text: ${field.key}`, report);
  if (text === undefined) return undefined;
  const parsed = url === undefined ? readKey(text, scheme, report) : parseEndpointUrl(text);
  if (parsed === undefined) return undefined;
  return parsed.kind === "refused"
    ? report.problem(field.value.place, parsed.found, parsed.expected)
    : parsed;
}

function readKey(
  text: string,
  field: SourceEntry | undefined,
  report: Report,
): ReturnType<typeof parseEndpointKey> | undefined {
  const scheme = readScheme(field?.value, report);
  return scheme === undefined ? undefined : parseEndpointKey(text, scheme);
}

/** Fields of an http line: for messages and documentation. */
export const LINE_FIELDS: readonly string[] = [...SUBJECT_FIELDS, ...COMMON_FIELDS, ...HTTP_FIELDS];
