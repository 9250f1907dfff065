/**
 * YAML 1.2 as a source tree.
 *
 * In:    a file's text and a report                     Out: its tree; "empty"; or undefined with problems
 * Holds: one document; text keys, each once; aliases and merge keys (`<<`) expanded within
 *        `limits.endpointValuesMax` values and `limits.endpointDepthMax` levels; no custom tags.
 * Fails: never: everything wrong is a problem with its place.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from "yaml";
import { limits } from "#domain/limits.ts";
import type { Place, Report } from "./problem.ts";
import { showText, type ScalarValue, type SourceEntry, type SourceMap, type SourceNode } from "./source-tree.ts";

/** What follows a syntax error is mostly its echo. */
const SYNTAX_PROBLEMS_MAX = 3;
const START: Place = { line: 1, column: 1 };

export function parseYamlTree(text: string, report: Report): SourceNode | "empty" | undefined {
  const lineCounter = new LineCounter();
  // Duplicate keys are found below: the library compares each key with all before it.
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: true,
    resolveKnownTags: false,
    merge: false,
  });
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return line < 1 ? START : { line, column: col };
  };
  const wrong = [...document.errors, ...document.warnings].slice(0, SYNTAX_PROBLEMS_MAX);
  for (const { code, message, pos } of wrong) {
    const place = placeAt(pos[0]);
    report.problem(place, ...explain(code, message, text.split("\n", place.line)[place.line - 1] ?? ""));
  }
  if (wrong.length > 0) return undefined;
  if (document.contents === null) return "empty";
  return convert(document.contents, placeAt, report);
}

/** The library's message as found and expected. */
function explain(code: string, message: string, line: string): [found: string, expected: string] {
  const found = message.replaceAll(/\s+/gu, " ").slice(0, 120);
  if (/^\s*\[[0-9a-f:.]+\]/iu.test(line)) {
    return ["a key that begins with [", 'quotes around a key with an IPv6 address: "[::1]:8080/health":'];
  }
  if (/block scalar/iu.test(message)) return [showMessage(found), 'quotes around a comparison, e.g. op: ">="'];
  if (code === "TAB_AS_INDENT") return ["a tab", "spaces for indentation"];
  if (code === "MULTIPLE_DOCS") return ["a second YAML document", "one document a file"];
  if (code === "RESOURCE_EXHAUSTION") return ["values nested too deeply", `at most ${limits.endpointDepthMax} levels`];
  if (code === "TAG_RESOLVE_FAILED") return [showMessage(found), "values without tags"];
  if (code === "NON_STRING_KEY") return ["a key that is no text", "a text; put quotes around it"];
  return [showMessage(found), "YAML 1.2"];
}

function showMessage(message: string): string {
  const shown = showText(message);
  return shown.startsWith("a text") ? "a syntax error" : message;
}

type PlaceAt = (offset: number) => Place;

/** Thrown and caught here only: unwinds the walk once there is no point in going on. */
class Stop extends Error {}

function convert(root: Node, placeAt: PlaceAt, report: Report): SourceNode | undefined {
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  let values = 0;
  const problemsBefore = report.problems.length;

  function stop(place: Place, found: string, expected: string): never {
    report.problem(place, found, expected);
    throw new Stop();
  }

  function walk(node: unknown, fallback: Place): SourceNode {
    values += 1;
    if (values > limits.endpointValuesMax) {
      stop(fallback, `more than ${limits.endpointValuesMax} values, aliases expanded`, "a smaller file");
    }
    if (isAlias(node)) {
      const place = node.range ? placeAt(node.range[0]) : fallback;
      const target = anchors.get(node.source);
      if (target === undefined) stop(place, `alias *${node.source.slice(0, 40)}`, `an anchor &${node.source.slice(0, 40)} before it`);
      if (open.has(target)) stop(place, `alias *${node.source.slice(0, 40)} inside its own anchor`, "an alias of something that has ended");
      return walk(target, place);
    }
    if (!isScalar(node) && !isSeq(node) && !isMap(node)) {
      return { kind: "scalar", place: fallback, value: null, text: "null" };
    }
    const place = node.range ? placeAt(node.range[0]) : fallback;
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node)) return scalar(node.value, node.source ?? "", place);
    if (open.size >= limits.endpointDepthMax) stop(place, "values nested too deeply", `at most ${limits.endpointDepthMax} levels`);
    open.add(node);
    const converted: SourceNode = isSeq(node)
      ? { kind: "list", place, items: node.items.map((item) => walk(item, place)) }
      : map(node, place);
    open.delete(node);
    return converted;
  }

  function map(node: YAMLMap, place: Place): SourceMap {
    const own = new Map<string, SourceEntry>();
    const merged: SourceNode[] = [];
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      const keyPlace = isScalar(pair.key) && pair.key.range ? placeAt(pair.key.range[0]) : place;
      const value = walk(pair.value, keyPlace);
      if (key === "<<") {
        merged.push(value);
        continue;
      }
      const first = own.get(key);
      if (first === undefined) own.set(key, { key, keyPlace, value });
      else report.problem(keyPlace, `the key ${showText(key)} a second time`, `each key once (first at line ${first.keyPlace.line})`);
    }
    for (const entry of merged.flatMap(mergeEntries)) {
      if (!own.has(entry.key)) own.set(entry.key, entry);
    }
    return { kind: "map", place, entries: [...own.values()] };
  }

  /** What `<<` brings in: of one map, or of a list of them, the first going first. */
  function mergeEntries(node: SourceNode): readonly SourceEntry[] {
    const maps = node.kind === "list" ? node.items : [node];
    return maps.flatMap((item) => {
      if (item.kind === "map") return item.entries;
      return stop(item.place, "<< with a value that is no map", "an alias of a map: <<: *defaults");
    });
  }

  try {
    const tree = walk(root, START);
    return report.problems.length > problemsBefore ? undefined : tree;
  } catch (error) {
    if (error instanceof Stop) return undefined;
    throw error;
  }
}

function scalar(value: unknown, source: string, place: Place): SourceNode {
  const known: ScalarValue =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
  return { kind: "scalar", place, value: known, text: known === null ? "null" : source };
}
