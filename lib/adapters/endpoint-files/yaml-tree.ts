/**
 * YAML 1.2 as a source tree.
 *
 * In:    a file's text and a report                     Out: its tree; "empty"; or undefined with problems
 * Holds: one document; text keys, each once; aliases and merge keys (`<<`) expanded within
 *        `limits.endpointValuesMax` values and `limits.endpointDepthMax` levels; no custom tags.
 * Fails: never: everything wrong is a problem with its place.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Alias,
  type Document,
  type Node,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { limits } from "#domain/limits.ts";
import type { Place, Report } from "./problem.ts";
import { showText, type SourceEntry, type SourceMap, type SourceNode } from "./source-tree.ts";

/** What follows a syntax error is mostly its echo. */
const SYNTAX_PROBLEMS_MAX = 3;
const START: Place = { line: 1, column: 1 };

export function parseYamlTree(text: string, report: Report): SourceNode | "empty" | undefined {
  const lineCounter = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return line < 1 ? START : { line, column: col };
  };
  const document = parseText(text, lineCounter);
  if (document.errors.length + document.warnings.length === 0)
    return treeOf(document, { placeAt, report, textOf: (written) => written });
  // Only then: the substitution must never change what is YAML as it stands.
  const masked = maskIndexes(text);
  const second = masked === undefined ? document : parseText(masked, new LineCounter());
  if (second.errors.length + second.warnings.length === 0)
    return treeOf(second, { placeAt, report, textOf: unmasked });
  reportSyntax(text, document, placeAt, report);
  return undefined;
}

function parseText(text: string, lineCounter: LineCounter): Document.Parsed {
  return parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    // Found below: the library compares each key with all before it.
    uniqueKeys: false,
    stringKeys: true,
    resolveKnownTags: false,
    merge: false,
  });
}

function treeOf(document: Document.Parsed, context: Context): SourceNode | "empty" | undefined {
  return document.contents === null ? "empty" : convert(document.contents, context);
}

/**
 * Paths like `a.b[0].c` are no plain YAML between braces, and everyone writes them so. Brackets of
 * an index that follows a name directly are replaced by characters of the private use area, one
 * for one, so that places stay, and put back in the tree. undefined when there are none.
 */
function maskIndexes(text: string): string | undefined {
  // Written out or escaped, they would come back as brackets.
  if (/[\uE000\uE001]|E00[01]/iu.test(text)) return undefined;
  const masked = text.replaceAll(/(?<=[\w$\]])\[(\d{1,9})\]/gu, "\uE000$1\uE001");
  return masked === text ? undefined : masked;
}

function unmasked(text: string): string {
  return text.replaceAll("\uE000", "[").replaceAll("\uE001", "]");
}

function reportSyntax(
  text: string,
  document: Document.Parsed,
  placeAt: PlaceAt,
  report: Report,
): void {
  const explained = new Set<string>();
  for (const { code, message, pos } of [...document.errors, ...document.warnings].slice(
    0,
    SYNTAX_PROBLEMS_MAX,
  )) {
    const [found, expected] = explain(code, message, lineAt(text, pos[0]));
    if (!explained.has(found)) report.problem(placeAt(pos[0]), found, expected);
    explained.add(found);
  }
}

function lineAt(text: string, offset: number): string {
  const from = text.lastIndexOf("\n", Math.max(0, offset - 1)) + 1;
  return text.slice(from, from + 200).split("\n", 1)[0] ?? "";
}

/** The library's message as found and expected. */
function explain(code: string, message: string, line: string): [found: string, expected: string] {
  const found = message.replaceAll(/\s+/gu, " ").slice(0, 120);
  if (/^\s*\[[0-9a-f:.]+\]/iu.test(line)) {
    return [
      "a key that begins with [",
      'quotes around a key with an IPv6 address: "[::1]:8080/health":',
    ];
  }
  if (/block scalar/iu.test(message))
    return [showMessage(found), 'quotes around a comparison, e.g. op: ">="'];
  if (code === "TAB_AS_INDENT") return ["a tab", "spaces for indentation"];
  if (code === "MULTIPLE_DOCS") return ["a second YAML document", "one document a file"];
  if (code === "RESOURCE_EXHAUSTION")
    return ["values nested too deeply", `at most ${limits.endpointDepthMax} levels`];
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

interface Context {
  readonly placeAt: PlaceAt;
  readonly report: Report;
  /** What a text was before it was parsed. */
  readonly textOf: (parsed: string) => string;
}

interface Walk extends Context {
  readonly anchors: Map<string, Node>;
  /** Collections that the walk is inside of. */
  readonly open: Set<Node>;
  values: number;
}

function convert(root: Node, context: Context): SourceNode | undefined {
  const { placeAt, report, textOf } = context;
  const problemsBefore = report.problems.length;
  try {
    const walk: Walk = { placeAt, report, textOf, anchors: new Map(), open: new Set(), values: 0 };
    const tree = walkNode(walk, root, START);
    return report.problems.length > problemsBefore ? undefined : tree;
  } catch (error) {
    if (error instanceof Stop) return undefined;
    throw error;
  }
}

function stop(walk: Walk, place: Place, found: string, expected: string): never {
  walk.report.problem(place, found, expected);
  throw new Stop();
}

/** @param fallback the place of what has none of its own: an empty value, under its key. */
function walkNode(walk: Walk, node: unknown, fallback: Place): SourceNode {
  walk.values += 1;
  if (walk.values > limits.endpointValuesMax) {
    stop(
      walk,
      fallback,
      `more than ${limits.endpointValuesMax} values, aliases expanded`,
      "a smaller file",
    );
  }
  if (isAlias(node)) return walkAlias(walk, node, fallback);
  if (!isScalar(node) && !isSeq(node) && !isMap(node)) {
    return { kind: "scalar", place: fallback, value: null, text: "null" };
  }
  const place = node.range ? walk.placeAt(node.range[0]) : fallback;
  if (node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  if (isScalar(node)) return scalar(walk, node, place);
  if (walk.open.size >= limits.endpointDepthMax) {
    stop(walk, place, "values nested too deeply", `at most ${limits.endpointDepthMax} levels`);
  }
  walk.open.add(node);
  const converted: SourceNode = isSeq(node)
    ? { kind: "list", place, items: node.items.map((item) => walkNode(walk, item, place)) }
    : walkMap(walk, node, place);
  walk.open.delete(node);
  return converted;
}

function walkAlias(walk: Walk, alias: Alias, fallback: Place): SourceNode {
  const place = alias.range ? walk.placeAt(alias.range[0]) : fallback;
  const name = alias.source.slice(0, 40);
  const target = walk.anchors.get(alias.source);
  if (target === undefined)
    return stop(walk, place, `alias *${name}`, `an anchor &${name} before it`);
  if (walk.open.has(target)) {
    return stop(
      walk,
      place,
      `alias *${name} inside its own anchor`,
      "an alias of something that has ended",
    );
  }
  return walkNode(walk, target, place);
}

function walkMap(walk: Walk, node: YAMLMap, place: Place): SourceMap {
  const own = new Map<string, SourceEntry>();
  const merged: SourceNode[] = [];
  for (const pair of node.items) {
    const key = isScalar(pair.key) ? walk.textOf(String(pair.key.value)) : "";
    const keyPlace = isScalar(pair.key) && pair.key.range ? walk.placeAt(pair.key.range[0]) : place;
    const value = walkNode(walk, pair.value, keyPlace);
    const first = own.get(key);
    if (key === "<<") merged.push(value);
    else if (first === undefined) own.set(key, { key, keyPlace, value });
    else
      walk.report.problem(
        keyPlace,
        `the key ${showText(key)} a second time`,
        `each key once (first at line ${first.keyPlace.line})`,
      );
  }
  for (const entry of merged.flatMap((from) => mergedEntries(walk, from))) {
    if (!own.has(entry.key)) own.set(entry.key, entry);
  }
  return { kind: "map", place, entries: [...own.values()] };
}

/** What `<<` brings in: of one map, or of a list of them, the first going first. */
function mergedEntries(walk: Walk, node: SourceNode): readonly SourceEntry[] {
  const maps = node.kind === "list" ? node.items : [node];
  return maps.flatMap((item) => {
    if (item.kind === "map") return item.entries;
    return stop(
      walk,
      item.place,
      "<< with a value that is no map",
      "an alias of a map: <<: *defaults",
    );
  });
}

function scalar(walk: Walk, node: Scalar, place: Place): SourceNode {
  const { value, source = "" } = node;
  if (typeof value === "string") {
    const text = walk.textOf(value);
    return { kind: "scalar", place, value: text, text };
  }
  if (typeof value === "number" || typeof value === "boolean")
    return { kind: "scalar", place, value, text: source };
  return { kind: "scalar", place, value: null, text: "null" };
}
