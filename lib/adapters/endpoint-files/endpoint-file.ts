/**
 * One endpoint file: a map of `host[:port]/path[?query][#name]` and what to capture there.
 *
 * In:    its path (as problems name it), its text       Out: targets with their lines, problems, notices
 * Holds: a file with a problem yields no target; no id twice.
 * Fails: never: everything wrong is a problem with its place.
 * Source: README, "Endpoint files".
 */
import { limits } from "#domain/limits.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { parseEndpointKey, type Scheme } from "./endpoint-key.ts";
import { ENTRY, readEntry, type Entry, type EntryOptions } from "./entry.ts";
import { newReport, type Notice, type Place, type Problem, type Report } from "./problem.ts";
import { readFields } from "./read.ts";
import { show, type SourceEntry, type SourceNode } from "./source-tree.ts";
import { parseYamlTree } from "./yaml-tree.ts";

/** Where a target was written. */
export interface Source extends Place {
  readonly file: string;
}

export interface SourcedTarget {
  readonly target: TargetDefinition;
  readonly source: Source;
}

export interface EndpointFile {
  readonly targets: readonly SourcedTarget[];
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
}

const START: Place = { line: 1, column: 1 };

export function parseEndpointFile(path: string, text: string, options: EntryOptions): EndpointFile {
  const report = newReport(path);
  const targets = readFile(text, options, report);
  return {
    targets: report.problems.length > 0 ? [] : targets,
    problems: report.problems.toSorted(byPlace),
    notices: report.notices.toSorted(byPlace),
  };
}

function byPlace(a: Place, b: Place): number {
  return a.line - b.line || a.column - b.column;
}

function readFile(text: string, options: EntryOptions, report: Report): SourcedTarget[] {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.endpointFileBytesMax) {
    report.problem(
      START,
      `${bytes} bytes`,
      `at most ${limits.endpointFileBytesMax} bytes: split the file, or import JSON Lines`,
    );
    return [];
  }
  const tree = parseYamlTree(text, report);
  if (tree === undefined || tree === "empty") return [];
  if (tree.kind !== "map") {
    report.problem(tree.place, show(tree), "a map of endpoints, e.g. www.example.com/health:");
    return [];
  }
  return readEndpoints(tree.entries, options, report);
}

function readEndpoints(
  entries: readonly SourceEntry[],
  options: EntryOptions,
  report: Report,
): SourcedTarget[] {
  const targets: SourcedTarget[] = [];
  const seen = new Map<string, Place>();
  for (const entry of entries) {
    const read = readEndpoint(entry, options, report);
    if (read === undefined) continue;
    const id = read.kind === "target" ? read.target.id : read.id;
    const first = seen.get(id);
    if (first !== undefined) {
      report.problem(
        entry.keyPlace,
        `the target ${JSON.stringify(id)} a second time`,
        `each target once (first at line ${first.line}): an id or a #name of its own`,
      );
      continue;
    }
    seen.set(id, entry.keyPlace);
    if (read.kind === "disabled")
      report.notice(entry.keyPlace, "disabled", `${id} is disabled`, id);
    else targets.push({ target: read.target, source: { file: report.file, ...entry.keyPlace } });
  }
  return targets;
}

const NO_FIELDS = new Map<string, SourceEntry>();

function readEndpoint(
  entry: SourceEntry,
  options: EntryOptions,
  report: Report,
): Entry | undefined {
  const { key, keyPlace: place, value } = entry;
  const bare = value.kind === "scalar" && value.value === null;
  const fields = bare ? NO_FIELDS : readFields(value, ENTRY, report);
  const scheme = readScheme(fields?.get("scheme")?.value, report);
  const endpoint = parseEndpointKey(key, scheme ?? "https");
  if (endpoint.kind === "refused") return report.problem(place, endpoint.found, endpoint.expected);
  if (fields === undefined || scheme === undefined) return undefined;
  return readEntry({ kind: "http", endpoint, place }, fields, options, report);
}

export function readScheme(node: SourceNode | undefined, report: Report): Scheme | undefined {
  if (node === undefined) return "https";
  if (node.kind === "scalar" && (node.value === "http" || node.value === "https"))
    return node.value;
  return report.problem(node.place, show(node), "http or https");
}
