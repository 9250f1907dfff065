/**
 * Attribute values: made canonical once, when they come in, then never changed; weighed, compared.
 *
 * Source: "DynamoDB item sizes and formats", "Condition and filter expressions", Amazon DynamoDB
 *         Developer Guide (read 2026-11).
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { validation } from "./failures.ts";
import { canonicalNumber, compareNumbers } from "./numbers.ts";

export type Value = AttributeValue;
export type Item = Record<string, Value>;
export type Kind = "S" | "N" | "B" | "BOOL" | "NULL" | "SS" | "NS" | "BS" | "L" | "M";

const DEPTH_MAX = 32;

export function kindOf(value: Value): Kind {
  if (value.S !== undefined) return "S";
  if (value.N !== undefined) return "N";
  if (value.B !== undefined) return "B";
  if (value.BOOL !== undefined) return "BOOL";
  if (value.NULL !== undefined) return "NULL";
  if (value.SS !== undefined) return "SS";
  if (value.NS !== undefined) return "NS";
  if (value.BS !== undefined) return "BS";
  if (value.L !== undefined) return "L";
  if (value.M !== undefined) return "M";
  throw validation("Supplied AttributeValue is empty, must contain exactly one datatype");
}

/** A copy that nobody else can change, numbers as DynamoDB writes them. @throws ValidationException */
export function canonical(value: Value, depth = 0): Value {
  if (value.S !== undefined) return { S: value.S };
  if (value.N !== undefined) return { N: canonicalNumber(value.N) };
  if (value.B !== undefined) return { B: value.B.slice() };
  if (value.BOOL !== undefined) return { BOOL: value.BOOL };
  if (value.NULL !== undefined) return nullValue(value.NULL);
  if (value.SS !== undefined) return { SS: distinct(value.SS) };
  if (value.NS !== undefined) return { NS: distinct(value.NS.map(canonicalNumber)) };
  if (value.BS !== undefined) return { BS: distinctBytes(value.BS.map((bytes) => bytes.slice())) };
  if (depth >= DEPTH_MAX) throw validation("Nesting Levels have exceeded supported limits");
  if (value.L !== undefined) return { L: value.L.map((one) => canonical(one, depth + 1)) };
  if (value.M !== undefined) return { M: canonicalItem(value.M, depth + 1) };
  throw validation("Supplied AttributeValue is empty, must contain exactly one datatype");
}

export function canonicalItem(item: Item, depth = 0): Item {
  const copy: Item = {};
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) copy[name] = canonical(value, depth);
  }
  return copy;
}

function nullValue(isNull: boolean): Value {
  if (!isNull) throw validation("Null attribute value types must have the value of true");
  return { NULL: true };
}

function distinct(members: readonly string[]): string[] {
  if (members.length === 0) throw validation("An set may not be empty");
  if (new Set(members).size !== members.length) {
    throw validation("Input collection contains duplicates");
  }
  return [...members];
}

function distinctBytes(members: Uint8Array[]): Uint8Array[] {
  distinct(members.map((bytes) => Buffer.from(bytes).toString("latin1")));
  return members;
}

/**
 * One byte for two digits, and one; of a negative number one more. Zeros at its ends don't count.
 *
 * The documentation says "approximately". Digits are paired from the point on, each way, as the local
 * engine pairs them.
 */
export function numberBytes(canonical: string): number {
  if (canonical === "0") return 1;
  const isNegative = canonical.startsWith("-");
  const [whole = "", fraction = ""] = canonical.slice(isNegative ? 1 : 0).split(".");
  const sign = isNegative ? 2 : 1;
  if (fraction === "") return sign + pairs(whole.replace(/0+$/u, ""));
  if (whole === "0") return sign + pairs(fraction.replace(/^0+/u, ""));
  return sign + pairs(whole) + pairs(fraction);
}

const pairs = (digits: string): number => Math.ceil(digits.length / 2);

/** What an item weighs: names and values. */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) bytes += textBytes(name) + valueBytes(value);
  }
  return bytes;
}

const COLLECTION_BYTES = 3;
const MEMBER_BYTES = 1;

function valueBytes(value: Value): number {
  if (value.S !== undefined) return textBytes(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return value.B.length;
  if (value.SS !== undefined) return total(value.SS, textBytes);
  if (value.NS !== undefined) return total(value.NS, numberBytes);
  if (value.BS !== undefined) return total(value.BS, (bytes) => bytes.length);
  if (value.L !== undefined) {
    return COLLECTION_BYTES + total(value.L, (one) => MEMBER_BYTES + valueBytes(one));
  }
  if (value.M !== undefined) {
    const members = Object.keys(value.M).length;
    return COLLECTION_BYTES + members * MEMBER_BYTES + itemBytes(value.M);
  }
  return 1;
}

function total<T>(members: readonly T[], bytesOf: (member: T) => number): number {
  let bytes = 0;
  for (const member of members) bytes += bytesOf(member);
  return bytes;
}

// eslint-disable-next-line no-control-regex -- every character of one byte, those included
const ASCII = /^[\u0000-\u007f]*$/u;

function textBytes(text: string): number {
  return ASCII.test(text) ? text.length : Buffer.byteLength(text);
}

/** In the order of their UTF-8 bytes, which is that of code points. */
export function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  if (ASCII.test(one) && ASCII.test(other)) return one < other ? -1 : 1;
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** undefined where the two have no order: other types, or types without one. */
export function compareValues(one: Value, other: Value): number | undefined {
  if (one.N !== undefined && other.N !== undefined) return compareNumbers(one.N, other.N);
  if (one.S !== undefined && other.S !== undefined) return compareTexts(one.S, other.S);
  if (one.B !== undefined && other.B !== undefined) return Buffer.compare(one.B, other.B);
  return undefined;
}

/** Of the same type and content; sets in any order. */
export function sameValue(one: Value, other: Value): boolean {
  if (one.S !== undefined) return one.S === other.S;
  if (one.N !== undefined) return one.N === other.N;
  const kind = kindOf(one);
  if (kind !== kindOf(other)) return false;
  if (one.BOOL !== undefined) return one.BOOL === other.BOOL;
  if (one.L !== undefined) return sameList(one.L, other.L ?? []);
  if (one.M !== undefined) return sameMap(one.M, other.M ?? {});
  if (one.B !== undefined) return Buffer.compare(one.B, other.B ?? one.B) === 0;
  if (kind === "NULL") return true;
  const members = new Set(membersOf(one));
  const others = membersOf(other);
  return members.size === others.length && others.every((member) => members.has(member));
}

function sameList(one: readonly Value[], other: readonly Value[]): boolean {
  return (
    one.length === other.length &&
    one.every((value, index) => {
      const counterpart = other[index];
      return counterpart !== undefined && sameValue(value, counterpart);
    })
  );
}

function sameMap(one: Item, other: Item): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => {
      const [value, counterpart] = [one[name], other[name]];
      return value !== undefined && counterpart !== undefined && sameValue(value, counterpart);
    })
  );
}

/** Of a set, as texts that are equal when the members are; of anything else none. */
export function membersOf(value: Value): readonly string[] {
  if (value.SS !== undefined) return value.SS;
  if (value.NS !== undefined) return value.NS;
  return (value.BS ?? []).map((bytes) => Buffer.from(bytes).toString("latin1"));
}

/** What a caller gets: nothing that it changes in it changes what is stored. */
export function handedOut(item: Item): Item {
  const copy: Item = {};
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) copy[name] = value.B === undefined ? value : { B: value.B.slice() };
  }
  return copy;
}
