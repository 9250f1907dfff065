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
 * Cost:  1.9 µs for a line of 230 characters, JSON.parse 1.1 µs (November 2026, bench in
 *        test/adapters/endpoint-files/json-tree.test.ts's property, one shared core).
 */
import { limits } from "#domain/limits.ts";
import type { Place, Report } from "./problem.ts";
import { showText, type SourceEntry, type SourceNode } from "./source-tree.ts";

class Stop extends Error {}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/uy;
// eslint-disable-next-line no-control-regex -- JSON texts may not hold control characters
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS = [["true", true], ["false", false], ["null", null]] as const;

export function parseJsonTree(text: string, line: number, report: Report): SourceNode | undefined {
  let at = 0;

  function place(offset = at): Place {
    return { line, column: offset + 1 };
  }

  function stop(found: string, expected: string, offset = at): never {
    report.problem(place(offset), found, expected);
    throw new Stop();
  }

  function unexpected(expected: string): never {
    const character = text[at];
    return stop(character === undefined ? "the end of the line" : showText(character), expected);
  }

  function skipSpace(): void {
    while (text[at] === " " || text[at] === "\t" || text[at] === "\r" || text[at] === "\n") at += 1;
  }

  function readString(): string {
    STRING.lastIndex = at;
    const token = STRING.exec(text)?.[0];
    if (token === undefined) return stop("a text that doesn't end or holds a bad escape", "a JSON text in double quotes");
    at += token.length;
    // The token is a whole JSON string: its escapes are the platform's to decode.
    return token.includes("\\") ? String(JSON.parse(token)) : token.slice(1, -1);
  }

  function readValue(depth: number): SourceNode {
    skipSpace();
    if (depth > limits.endpointDepthMax) return stop("values nested too deeply", `at most ${limits.endpointDepthMax} levels`);
    const start = place();
    switch (text[at]) {
      case "{":
        return readMap(start, depth);
      case "[":
        return readList(start, depth);
      case '"': {
        const value = readString();
        return { kind: "scalar", place: start, value, text: value };
      }
      default:
        return readWord(start);
    }
  }

  function readWord(start: Place): SourceNode {
    for (const [word, value] of WORDS) {
      if (!text.startsWith(word, at)) continue;
      at += word.length;
      return { kind: "scalar", place: start, value, text: word };
    }
    NUMBER.lastIndex = at;
    const token = NUMBER.exec(text)?.[0];
    if (token === undefined) return unexpected("a JSON value");
    at += token.length;
    return { kind: "scalar", place: start, value: Number(token), text: token };
  }

  function readList(start: Place, depth: number): SourceNode {
    const items: SourceNode[] = [];
    at += 1;
    skipSpace();
    if (text[at] !== "]") {
      do items.push(readValue(depth + 1));
      while (hasNext("]"));
    }
    at += 1;
    return { kind: "list", place: start, items };
  }

  function readMap(start: Place, depth: number): SourceNode {
    const entries = new Map<string, SourceEntry>();
    at += 1;
    skipSpace();
    if (text[at] !== "}") {
      do readMember(entries, depth);
      while (hasNext("}"));
    }
    at += 1;
    return { kind: "map", place: start, entries: [...entries.values()] };
  }

  function readMember(entries: Map<string, SourceEntry>, depth: number): void {
    skipSpace();
    if (text[at] !== '"') unexpected("a key in double quotes");
    const keyPlace = place();
    const key = readString();
    if (entries.has(key)) stop(`the key ${showText(key)} a second time`, "each key once", keyPlace.column - 1);
    skipSpace();
    if (text[at] !== ":") unexpected("a colon after the key");
    at += 1;
    entries.set(key, { key, keyPlace, value: readValue(depth + 1) });
  }

  /** Steps over a comma; false at the closing bracket. */
  function hasNext(close: "]" | "}"): boolean {
    skipSpace();
    if (text[at] === close) return false;
    if (text[at] !== ",") unexpected(`a comma or ${close}`);
    at += 1;
    return true;
  }

  try {
    const tree = readValue(1);
    skipSpace();
    return at === text.length ? tree : unexpected("the end of the line");
  } catch (error) {
    if (error instanceof Stop) return undefined;
    throw error;
  }
}
