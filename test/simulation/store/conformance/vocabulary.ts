/** Of what random requests are made: a few keys, attributes that mostly keep their type, odd values. */
import type { Random } from "#test/support/rehearsal-random.ts";
import type { Item, Kind, Value } from "../values.ts";

export function pick<const T>(random: Random, from: readonly [T, ...T[]]): T {
  return from[Math.floor(random() * from.length)] ?? from[0];
}

export function chance(random: Random, share: number): boolean {
  return random() < share;
}

/** From 0 up to, not including, `limit`. */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Attributes and the type they mostly have. */
export const ATTRIBUTES = {
  n1: "N",
  n2: "N",
  t1: "S",
  t2: "S",
  b1: "B",
  f1: "BOOL",
  z1: "NULL",
  ns: "NS",
  ss: "SS",
  bs: "BS",
  l1: "L",
  m1: "M",
} as const satisfies Record<string, Kind>;

export type Attribute = keyof typeof ATTRIBUTES;

const NAMES = Object.keys(ATTRIBUTES) as [Attribute, ...Attribute[]];
const KINDS = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"] as const;
const ODD = 0.06;

export function attribute(random: Random): Attribute {
  return pick(random, NAMES);
}

const TEXTS = ["", "a", "ab", "abc", "b", "B", "é", "zß", "日本", "a😀b", "10", "9"] as const;
const NUMBERS = [
  "0",
  "1",
  "2",
  "3",
  "10",
  "-1",
  "-2.5",
  "0.5",
  "0.001",
  "100",
  "1234567890123456789",
  "1763754187000.25",
] as const;
/** Written in a way that isn't how they come back. */
const ODD_NUMBERS = ["1.0", "007", "1e3", "-0", "+4", "2.50", "1E-3", ".5"] as const;
const BYTES: readonly [readonly number[], ...(readonly number[])[]] = [
  [],
  [0],
  [1, 2],
  [1, 2, 3],
  [255],
  [128, 0],
];

export function text(random: Random): string {
  return pick(random, TEXTS);
}

export function number(random: Random): string {
  return chance(random, ODD) ? pick(random, ODD_NUMBERS) : pick(random, NUMBERS);
}

function bytes(random: Random): Uint8Array {
  return Uint8Array.from(pick(random, BYTES));
}

/** Mostly of the type that the attribute has. */
export function valueFor(random: Random, name: Attribute): Value {
  return valueOf(random, chance(random, ODD) ? pick(random, KINDS) : ATTRIBUTES[name]);
}

export function anyValue(random: Random): Value {
  return valueOf(random, pick(random, KINDS));
}

export function valueOf(random: Random, kind: Kind, depth = 0): Value {
  switch (kind) {
    case "S":
      return { S: text(random) };
    case "N":
      return { N: number(random) };
    case "B":
      return { B: bytes(random) };
    case "BOOL":
      return { BOOL: chance(random, 0.5) };
    case "NULL":
      return { NULL: true };
    case "SS":
      return { SS: someOf(random, ["a", "b", "ab", "é"]) };
    case "NS":
      return { NS: someOf(random, ["1", "2", "2.5", "-1", "30"]) };
    case "BS":
      return { BS: someOf(random, ["a", "b", "ab"]).map((one) => Buffer.from(one)) };
    case "L":
      return { L: times(below(random, 4), () => inner(random, depth)) };
    case "M": {
      const names = someOf(random, ["n1", "t1", "l1", "m1"]);
      return { M: Object.fromEntries(names.map((name) => [name, inner(random, depth)])) };
    }
  }
}

const DEPTH_MAX = 2;

function inner(random: Random, depth: number): Value {
  const kinds = depth < DEPTH_MAX ? KINDS : (["S", "N", "BOOL"] as const);
  return valueOf(random, pick(random, kinds), depth + 1);
}

/** At least one, none twice. */
function someOf(random: Random, from: readonly [string, ...string[]]): string[] {
  const some = from.filter(() => chance(random, 0.5));
  return some.length === 0 ? [pick(random, from)] : some;
}

const UNIT = 1_024;
const NEAR = 48;

/** A text that brings an item close to a border between two sizes that are paid differently. */
export function weight(random: Random): Value {
  const units = pick(random, [1, 1, 1, 2, 2, 3, 4, 4, 8]);
  return { S: "x".repeat(units * UNIT - below(random, 2 * NEAR)) };
}

/** Attributes of an item, without its key. */
export function content(random: Random): Item {
  const names = NAMES.filter(() => chance(random, 0.45));
  const item: Item = Object.fromEntries(names.map((name) => [name, valueFor(random, name)]));
  return chance(random, 0.2) ? { ...item, big: weight(random) } : item;
}
