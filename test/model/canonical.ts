/**
 * A text for each value, equal for two values exactly when they are equal in every part, as long as
 * this process runs: it is not for keeping.
 *
 * Properties that are undefined count as absent, and the order of properties doesn't matter.
 */

export function canonical(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "object":
      return value === null ? "null" : canonicalObject(value);
    case "bigint":
    case "symbol":
    case "function":
      throw new TypeError(`a component may not hold a ${typeof value}`);
  }
}

function canonicalObject(value: object): string {
  if (Array.isArray(value)) return list("[", value, "]");
  if (value instanceof Uint8Array) return list("<", [...value], ">");
  if (value instanceof Map || value instanceof Set || value instanceof Date)
    throw new TypeError("a component is made of plain objects, arrays, texts and numbers");
  const record = value as Readonly<Record<string, unknown>>;
  let text = "{";
  for (const key of Object.keys(record).sort()) {
    const held = record[key];
    if (held !== undefined) text += `${key}:${part(held)},`;
  }
  return `${text}}`;
}

/** Parts are numbered: many are shared, none ever changes, and long texts are slow to compare. */
const numbers = new Map<object, string>();
const numberOf = new Map<string, string>();

/** Finds these parts by identity from now on: for values that stay, not for what is made and dropped. */
export function remember(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const parts: readonly unknown[] = Object.values(value);
  for (const each of parts) {
    if (typeof each !== "object" || each === null || numbers.has(each)) continue;
    numbers.set(each, part(each));
    remember(each);
  }
}

function part(value: unknown): string {
  if (typeof value !== "object" || value === null) return canonical(value);
  const known = numbers.get(value);
  if (known !== undefined) return known;
  const text = canonical(value);
  const number = numberOf.get(text);
  if (number !== undefined) return number;
  const next = `#${numberOf.size}`;
  numberOf.set(text, next);
  return next;
}

function list(open: string, parts: readonly unknown[], close: string): string {
  let text = open;
  for (const each of parts) text += `${part(each)},`;
  return text + close;
}
