/** Document paths: `a`, `#n.b[2].c`; reading, projecting, setting and removing what they name. */
import { validation } from "./failures.ts";
import type { Rules } from "./rules.ts";
import { syntax, type Cursor } from "./tokens.ts";
import type { Item, Value } from "./values.ts";

export type Path = readonly [string, ...(string | number)[]];

/** What placeholders an expression uses; every given one must be used by somebody. */
export interface Placeholders {
  readonly what: string;
  readonly names: Readonly<Record<string, string>>;
  readonly usedNames: Set<string>;
  readonly usedValues: Set<string>;
}

export function parsePath(cursor: Cursor, holders: Placeholders): Path {
  const path: [string, ...(string | number)[]] = [parseName(cursor, holders)];
  for (;;) {
    if (cursor.takes(".")) path.push(parseName(cursor, holders));
    else if (cursor.takes("[")) {
      const index = cursor.next();
      if (!/^\d+$/u.test(index)) throw syntax(holders.what, index, "an index");
      path.push(Number(index));
      cursor.expect("]");
    } else return path;
  }
}

function parseName(cursor: Cursor, holders: Placeholders): string {
  const word = cursor.next();
  if (word.startsWith("#")) {
    const name = holders.names[word];
    if (name === undefined) {
      throw validation(
        `Invalid ${holders.what}: An expression attribute name used in the document path is not defined; attribute name: ${word}`,
      );
    }
    holders.usedNames.add(word);
    return name;
  }
  if (!/^[A-Za-z_]\w*$/u.test(word)) throw syntax(holders.what, word, "an attribute");
  return word;
}

export function valueAt(item: Item | undefined, path: Path): Value | undefined {
  let value = item?.[path[0]];
  for (let depth = 1; depth < path.length && value !== undefined; depth += 1) {
    const step = path[depth];
    value = typeof step === "number" ? value.L?.[step] : value.M?.[step ?? ""];
  }
  return value;
}

const UNREACHABLE = "The document path provided in the update expression is invalid for update";

/** A copy with `value` there. @throws ValidationException where there is nothing to put it into. */
export function withValueAt(item: Item, path: Path, value: Value, rules: Rules): Item {
  if (path.length === 1) return { ...item, [path[0]]: value };
  return { ...item, [path[0]]: set(item[path[0]], path, 1) };

  function set(found: Value | undefined, steps: Path, depth: number): Value {
    const step = steps[depth];
    const isLast = depth === steps.length - 1;
    const container = rules.setInNull === "replaced" ? insteadOfNull(found, step) : found;
    if (typeof step === "number" && container?.L !== undefined) {
      const list = [...container.L];
      if (rules.setBeyondEnd === "padded") while (list.length <= step) list.push({ NULL: true });
      const index = isLast ? Math.min(step, list.length) : step;
      list[index] = isLast ? value : set(list[index], steps, depth + 1);
      return { L: list };
    }
    if (typeof step === "string" && container?.M !== undefined) {
      const child = isLast ? value : set(container.M[step], steps, depth + 1);
      return { M: { ...container.M, [step]: child } };
    }
    throw validation(UNREACHABLE);
  }
}

function insteadOfNull(
  found: Value | undefined,
  step: string | number | undefined,
): Value | undefined {
  if (found?.NULL === undefined) return found;
  return typeof step === "number" ? { L: [] } : { M: {} };
}

/** Whether there is a document that could have it. */
export function isReachable(item: Item, path: Path): boolean {
  const [name, ...steps] = path;
  const last = steps.pop();
  if (last === undefined) return true;
  const container = valueAt(item, [name, ...steps]);
  return (typeof last === "number" ? container?.L : container?.M) !== undefined;
}

/** A copy without what is there. @throws ValidationException where the container is missing. */
export function withoutValueAt(item: Item, path: Path): Item {
  const { [path[0]]: top, ...rest } = item;
  if (path.length === 1) return rest;
  return { ...item, [path[0]]: remove(top, path, 1) };
}

function remove(container: Value | undefined, path: Path, depth: number): Value {
  const step = path[depth];
  const isLast = depth === path.length - 1;
  if (typeof step === "number" && container?.L !== undefined) {
    if (isLast) return { L: container.L.filter((_, index) => index !== step) };
    return {
      L: container.L.map((one, index) => (index === step ? remove(one, path, depth + 1) : one)),
    };
  }
  if (typeof step === "string" && container?.M !== undefined) {
    const { [step]: child, ...rest } = container.M;
    return { M: isLast ? rest : { ...rest, [step]: remove(child, path, depth + 1) } };
  }
  throw validation(UNREACHABLE);
}

/** Two paths of one expression may neither name the same thing nor disagree what something is. */
export function refuseOverlaps(paths: readonly Path[], what: string): void {
  for (const [index, one] of paths.entries()) {
    for (const other of paths.slice(index + 1)) {
      const shared = Math.min(one.length, other.length);
      const differ = Array.from({ length: shared }, (_, at) => at).find(
        (at) => one[at] !== other[at],
      );
      if (differ === undefined) {
        throw validation(`Invalid ${what}: Two document paths overlap with each other`);
      }
      if (typeof one[differ] !== typeof other[differ]) {
        throw validation(`Invalid ${what}: Two document paths conflict with each other`);
      }
    }
  }
}

/** What of a document is asked for: all of it, or some of what is in it. */
type Part = "all" | Map<string | number, Part>;

export type Projection = (item: Item) => Item;

/** Only what the paths name; list elements close ranks. */
export function projection(paths: readonly Path[]): Projection {
  if (paths.every((path) => path.length === 1)) return topLevel(paths.map(([name]) => name));
  const root = new Map<string | number, Part>();
  for (const path of paths) {
    let parts = root;
    for (const step of path.slice(0, -1)) {
      const known = parts.get(step);
      if (known === "all") throw validation("Two document paths overlap with each other");
      const next: Map<string | number, Part> = known ?? new Map<string | number, Part>();
      parts.set(step, next);
      parts = next;
    }
    parts.set(path.at(-1) ?? "", "all");
  }
  return (item) => pick({ M: item }, root)?.M ?? {};
}

function topLevel(names: readonly string[]): Projection {
  return (item) => {
    const picked: Item = {};
    for (const name of names) {
      const value = item[name];
      if (value !== undefined) picked[name] = value;
    }
    return picked;
  };
}

function pick(value: Value, part: Part): Value | undefined {
  if (part === "all") return value;
  const entries = [...part].map(([step, inner]) => {
    const child = typeof step === "number" ? value.L?.[step] : value.M?.[step];
    return [step, child === undefined ? undefined : pick(child, inner)] as const;
  });
  const present = entries.filter(
    (entry): entry is readonly [string | number, Value] => entry[1] !== undefined,
  );
  if (present.length === 0) return undefined;
  if (value.L !== undefined) {
    return { L: present.sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => child) };
  }
  return { M: Object.fromEntries(present) };
}
