/**
 * Reading one attribute of a stored record.
 *
 * Holds: what is returned has the type asked for.
 * Fails: InvariantError that names the record, the attribute, what was found and what was expected.
 */
import { InvariantError } from "#domain/errors.ts";

/** An attribute's value: of the kinds there are, those that we write. */
export interface StoredValue {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly B?: Uint8Array | undefined;
  readonly BOOL?: boolean | undefined;
  readonly NS?: readonly string[] | undefined;
}

export type Item = Readonly<Record<string, StoredValue>>;

export function readText(item: Item, name: string): string {
  const text = item[name]?.S;
  if (text === undefined) throw unreadable(item, name, "text");
  return text;
}

export function readNumber(item: Item, name: string): number {
  const text = item[name]?.N;
  const value = text === undefined ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw unreadable(item, name, "a number");
  return value;
}

export function readBytes(item: Item, name: string): Uint8Array {
  const bytes = item[name]?.B;
  if (bytes === undefined) throw unreadable(item, name, "bytes");
  return bytes;
}

/** Which record this is, in words a person can look it up by. */
export function nameOf(item: Item): string {
  const partition = item["pool"]?.S ?? item["poolSlot"]?.S ?? "?";
  return `${partition}/${item["key"]?.S ?? "?"}`;
}

export function unreadable(
  item: Item,
  name: string,
  expected: string,
  cause?: unknown,
): InvariantError {
  const value = item[name];
  const found = value === undefined ? "nothing" : JSON.stringify(value).slice(0, 120);
  return new InvariantError(
    `record ${nameOf(item)}: attribute ${name}: found ${found}, expected ${expected}`,
    { cause },
  );
}
