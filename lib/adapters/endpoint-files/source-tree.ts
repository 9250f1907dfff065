/**
 * What a file says before anyone knows what it means: scalars, lists and maps with their places.
 *
 * YAML and JSON both become this, so that one reader serves endpoint files and bulk files, and
 * every problem has a line and a column.
 *
 * Holds: keys within a map are distinct; a map is an array of entries, so that no key
 *        (`__proto__`) can mean anything but itself.
 */
import { secretLiteral } from "./secret-literal.ts";
import type { Place } from "./problem.ts";

export type ScalarValue = string | number | boolean | null;

export interface SourceScalar {
  readonly kind: "scalar";
  readonly place: Place;
  readonly value: ScalarValue;
  /** As written, for numbers that are meant as text (`007`). */
  readonly text: string;
}

export interface SourceList {
  readonly kind: "list";
  readonly place: Place;
  readonly items: readonly SourceNode[];
}

export interface SourceEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: SourceNode;
}

export interface SourceMap {
  readonly kind: "map";
  readonly place: Place;
  readonly entries: readonly SourceEntry[];
}

export type SourceNode = SourceScalar | SourceList | SourceMap;

const SHOWN_MAX = 60;

/** A node as a problem shows it: short, and without anything that looks like a secret. */
export function show(node: SourceNode): string {
  switch (node.kind) {
    case "scalar":
      return typeof node.value === "string" ? showText(node.value) : node.text;
    case "list":
      return node.items.length === 0 ? "an empty list" : `a list of ${node.items.length}`;
    case "map":
      return node.entries.length === 0 ? "an empty map" : `a map of ${node.entries.length}`;
  }
}

export function showText(text: string): string {
  const secret = secretLiteral(text);
  if (secret !== undefined) return `a text that looks like ${secret}`;
  const short = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return JSON.stringify(short.toWellFormed());
}

/** What kind of value a node is, without showing it: for places that hold secrets. */
export function describe(node: SourceNode): string {
  if (node.kind !== "scalar") return `a ${node.kind}`;
  if (node.value === null) return "nothing";
  return typeof node.value === "string" ? "a text" : `a ${typeof node.value}`;
}
