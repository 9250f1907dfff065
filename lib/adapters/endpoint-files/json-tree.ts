/**
 * One line of JSON as a source tree.
 *
 * `JSON.parse` says neither where a value stands nor that a key comes twice, and its messages
 * quote the text, secrets included; hence a reader of our own, held to `JSON.parse` by a property
 * test: the same values, and the same texts refused.
 *
 * In:    text, the number of its line, a report         Out: its tree, or undefined with one problem
 * Holds: RFC 8259; keys distinct; at most `limits.endpointDepthMax` levels.
 * Fails: never: everything wrong is a problem with its place.
 * Cost:  3.5 µs for a line of 99 to 321 characters, of the 35 to 40 that a line takes with all it
 *        goes through (one shared core, November 2026, `node bench/target-record.ts`).
 */
import { limits } from "#domain/limits.ts";
import type { Place, Report } from "./problem.ts";
import { showText, type SourceEntry, type SourceNode } from "./source-tree.ts";

class Stop extends Error {}

const WORD = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/uy;
// eslint-disable-next-line no-control-regex -- JSON texts may not hold control characters
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
export function parseJsonTree(text: string, line: number, report: Report): SourceNode | undefined {
  const scan = scanner(text, line, report);
  try {
    const tree = readValue(scan, 1);
    scan.peek();
    if (!scan.atEnd()) scan.unexpected("the end of the line");
    return tree;
  } catch (error) {
    if (error instanceof Stop) return undefined;
    throw error;
  }
}

interface Scanner {
  place(): Place;
  /** The next character that is no space, or undefined at the end. */
  peek(): string | undefined;
  step(): void;
  atEnd(): boolean;
  /** Steps over a JSON string and decodes it. */
  string(): string;
  /** Steps over a number, `true`, `false` or `null`. */
  word(): string;
  stop(found: string, expected: string, place?: Place): never;
  unexpected(expected: string): never;
}

function scanner(text: string, line: number, report: Report): Scanner {
  let at = 0;
  const scan: Scanner = {
    place: () => ({ line, column: at + 1 }),
    peek() {
      while (isSpace(text.charCodeAt(at))) at += 1;
      return text[at];
    },
    step() {
      at += 1;
    },
    atEnd: () => at === text.length,
    string() {
      STRING.lastIndex = at;
      const token = STRING.exec(text)?.[0];
      if (token === undefined)
        return scan.stop(
          "a text that doesn't end or holds a bad escape",
          "a JSON text in double quotes",
        );
      at += token.length;
      // The token is a whole JSON string: its escapes are the platform's to decode.
      return token.includes("\\") ? String(JSON.parse(token)) : token.slice(1, -1);
    },
    word() {
      WORD.lastIndex = at;
      const token = WORD.exec(text)?.[0];
      if (token === undefined) return scan.unexpected("a JSON value");
      at += token.length;
      return token;
    },
    stop(found, expected, place = scan.place()) {
      report.problem(place, found, expected);
      throw new Stop();
    },
    unexpected(expected) {
      const character = text[at];
      return scan.stop(
        character === undefined ? "the end of the line" : showText(character),
        expected,
      );
    },
  };
  return scan;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

function readValue(scan: Scanner, depth: number): SourceNode {
  const next = scan.peek();
  if (depth > limits.endpointDepthMax)
    scan.stop("values nested too deeply", `at most ${limits.endpointDepthMax} levels`);
  if (next === "{") return readMap(scan, depth);
  if (next === "[") return readList(scan, depth);
  const place = scan.place();
  if (next === '"') {
    const value = scan.string();
    return { kind: "scalar", place, value, text: value };
  }
  const word = scan.word();
  // A number or one of three words: all of them the platform's to read.
  return { kind: "scalar", place, value: JSON.parse(word) as number | boolean | null, text: word };
}

function readList(scan: Scanner, depth: number): SourceNode {
  const place = scan.place();
  const items: SourceNode[] = [];
  scan.step();
  if (scan.peek() !== "]") {
    do items.push(readValue(scan, depth + 1));
    while (hasNext(scan, "]"));
  }
  scan.step();
  return { kind: "list", place, items };
}

function readMap(scan: Scanner, depth: number): SourceNode {
  const place = scan.place();
  const entries = new Map<string, SourceEntry>();
  scan.step();
  if (scan.peek() !== "}") {
    do readMember(scan, entries, depth);
    while (hasNext(scan, "}"));
  }
  scan.step();
  return { kind: "map", place, entries: [...entries.values()] };
}

function readMember(scan: Scanner, entries: Map<string, SourceEntry>, depth: number): void {
  if (scan.peek() !== '"') scan.unexpected("a key in double quotes");
  const keyPlace = scan.place();
  const key = scan.string();
  if (entries.has(key))
    scan.stop(`the key ${showText(key)} a second time`, "each key once", keyPlace);
  if (scan.peek() !== ":") scan.unexpected("a colon after the key");
  scan.step();
  entries.set(key, { key, keyPlace, value: readValue(scan, depth + 1) });
}

/** Steps over a comma; false at the closing bracket. */
function hasNext(scan: Scanner, close: "]" | "}"): boolean {
  const next = scan.peek();
  if (next === close) return false;
  if (next !== ",") scan.unexpected(`a comma or ${close}`);
  scan.step();
  return true;
}
