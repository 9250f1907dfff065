/** Random expressions: well-formed by grammar, sensible mostly. */
import type { Random } from "#test/support/rehearsal-random.ts";
import type { Item, Value } from "../values.ts";
import {
  anyValue,
  attribute,
  ATTRIBUTES,
  below,
  chance,
  number,
  pick,
  text,
  times,
  valueFor,
  valueOf,
  weight,
  type Attribute,
} from "./vocabulary.ts";

/** Collects what an expression's placeholders stand for. */
export interface Writer {
  readonly random: Random;
  /** Without what is refused before any item is looked at. */
  readonly isSound: boolean;
  name(attributeName: string): string;
  value(value: Value): string;
  placeholders(): Placeholders;
}

interface Placeholders {
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
}

/** Of the names in use: words that an expression can't have as they are. */
const RESERVED = new Set(["key", "pool"]);

export function writer(random: Random, { isSound = false } = {}): Writer {
  const names: Record<string, string> = {};
  const values: Item = {};
  return {
    random,
    isSound,
    name(attributeName) {
      if (!RESERVED.has(attributeName) && chance(random, 0.7)) return attributeName;
      names[`#${attributeName}`] = attributeName;
      return `#${attributeName}`;
    },
    value(value) {
      const name = `:v${Object.keys(values).length}`;
      values[name] = value;
      return name;
    },
    placeholders: () => ({
      ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    }),
  };
}

/** A top-level attribute, now and then something inside one. */
export function path(w: Writer): string {
  const { random } = w;
  if (chance(random, 0.75)) return w.name(attribute(random));
  return pick(random, [
    () => `${w.name("m1")}.${w.name("n1")}`,
    () => `${w.name("m1")}.${w.name("t1")}`,
    () => `${w.name("m1")}.${w.name("l1")}[0]`,
    () => `${w.name("l1")}[0]`,
    () => `${w.name("l1")}[1]`,
    () => `${w.name("l1")}[0].${w.name("n1")}`,
    () => `${w.name("m1")}.${w.name("m1")}.${w.name("n1")}`,
  ])();
}

const DEPTH_MAX = 3;

/** Never a parenthesis around a parenthesis: the service takes that for a mistake. */
export function condition(w: Writer, depth = 0): string {
  const { random } = w;
  if (depth >= DEPTH_MAX || chance(random, 0.5)) return term(w);
  const [one, other] = [condition(w, depth + 1), condition(w, depth + 1)];
  return pick(random, [
    () => `${one} AND ${other}`,
    () => `${one} OR ${other}`,
    () => `${grouped(one)} AND ${grouped(other)}`,
    () => `${grouped(one)} or ${other}`,
    () => `NOT ${grouped(one)} AND ${other}`,
    () => `${one} AND NOT ${grouped(other)}`,
  ])();
}

function grouped(expression: string): string {
  return /\b(?:AND|OR|NOT)\b/iu.test(expression) && !expression.startsWith("(")
    ? `(${expression})`
    : expression;
}

function term(w: Writer): string {
  const { random } = w;
  return pick(random, [
    () => `attribute_exists(${path(w)})`,
    () => `attribute_not_exists(${path(w)})`,
    () => `attribute_not_exists(${path(w)})`,
    () => compared(w),
    () => compared(w),
    () => ordered(w),
    () => ordered(w),
    () => `${path(w)} ${pick(random, ["=", "<>", "<", ">="])} ${w.name("n2")}`,
    () => `${path(w)} ${pick(random, ["=", "<>"])} ${w.value(anyValue(random))}`,
    () => sized(w),
    () => between(w),
    () =>
      `${path(w)} IN (${times(1 + below(random, 3), () => w.value(anyValue(random))).join(", ")})`,
    () => `begins_with(${path(w)}, ${w.value({ S: text(random) })})`,
    () => contained(w),
    () => `attribute_type(${path(w)}, ${w.value({ S: pick(random, ["S", "N", "NS", "L", "M"]) })})`,
  ])();
}

function compared(w: Writer): string {
  const name = attribute(w.random);
  const value = w.value(valueFor(w.random, name));
  return chance(w.random, 0.8)
    ? `${w.name(name)} ${pick(w.random, ["=", "<>"])} ${value}`
    : `${value} = ${w.name(name)}`;
}

/** Only texts, numbers and bytes have an order; anything else the service refuses to compare. */
function ordered(w: Writer): string {
  const kind = pick(w.random, ["N", "N", "N", "S", "B"] as const);
  const operator = pick(w.random, ["<", "<=", ">", ">="]);
  const subject = chance(w.random, 0.7) ? w.name(attributeOf(w.random, kind)) : path(w);
  return `${subject} ${operator} ${w.value(valueOf(w.random, kind))}`;
}

function attributeOf(random: Random, kind: "N" | "S" | "B"): Attribute {
  const [first, ...others] = (Object.keys(ATTRIBUTES) as Attribute[]).filter(
    (name) => ATTRIBUTES[name] === kind,
  );
  return first === undefined ? "n1" : pick(random, [first, ...others]);
}

function sized(w: Writer): string {
  const { random } = w;
  const operator = pick(random, ["=", "<>", "<", "<=", ">", ">="]);
  return `size(${path(w)}) ${operator} ${w.value({ N: String(below(random, 4)) })}`;
}

function between(w: Writer): string {
  const { random } = w;
  if (chance(random, 0.5)) {
    const from = below(random, 4);
    const to = from + below(random, 100);
    return `${w.name("n1")} BETWEEN ${w.value({ N: String(from) })} AND ${w.value({ N: String(to) })}`;
  }
  return `${w.name("t1")} BETWEEN ${w.value({ S: "a" })} AND ${w.value({ S: pick(random, ["a", "b", "é"]) })}`;
}

function contained(w: Writer): string {
  const { random } = w;
  return pick(random, [
    () => `contains(${w.name("t1")}, ${w.value({ S: text(random) })})`,
    () => `contains(${w.name("ss")}, ${w.value({ S: text(random) })})`,
    () => `contains(${w.name("ns")}, ${w.value({ N: pick(random, ["1", "2", "2.5", "7"]) })})`,
    () => `contains(${w.name("l1")}, ${w.value(anyValue(random))})`,
    () => `contains(${w.name("bs")}, ${w.value({ B: Buffer.from("a") })})`,
  ])();
}

/** Clauses in any order; now and then two that are about the same thing. */
export function update(w: Writer): string {
  const { random } = w;
  const targets = targetsOf(w);
  const clauses = new Map<string, string[]>();
  for (const name of targets) {
    const [clause, action] = actionOn(w, name);
    clauses.set(clause, [...(clauses.get(clause) ?? []), action]);
  }
  const written = [...clauses].map(([clause, actions]) => `${clause} ${actions.join(", ")}`);
  return chance(random, 0.5) ? written.join(" ") : written.reverse().join(" ");
}

function targetsOf({ random, isSound }: Writer): Attribute[] {
  const targets = times(1 + below(random, 4), () => attribute(random));
  return !isSound && chance(random, 0.03) ? targets : [...new Set(targets)];
}

function actionOn(w: Writer, name: Attribute): [string, string] {
  const { random } = w;
  const kind = ATTRIBUTES[name];
  if (chance(random, 0.12)) return ["REMOVE", removed(w, name)];
  if (kind === "N" && chance(random, 0.4)) {
    return ["ADD", `${w.name(name)} ${w.value({ N: number(random) })}`];
  }
  if ((kind === "NS" || kind === "SS" || kind === "BS") && chance(random, 0.7)) {
    const clause = pick(random, ["ADD", "DELETE"]);
    const value = w.isSound ? valueOf(random, kind) : valueFor(random, name);
    return [clause, `${w.name(name)} ${w.value(value)}`];
  }
  return ["SET", set(w, name)];
}

function removed(w: Writer, name: Attribute): string {
  if (name === "l1" && chance(w.random, 0.5)) return `${w.name(name)}[${below(w.random, 3)}]`;
  if (name === "m1" && chance(w.random, 0.3)) return `${w.name(name)}.${w.name("n1")}`;
  return w.name(name);
}

function set(w: Writer, name: Attribute): string {
  const { random } = w;
  const target = w.name(name);
  switch (ATTRIBUTES[name]) {
    case "N":
      return `${target} = ${sum(w, name)}`;
    case "L":
      return pick(random, [
        () => `${target} = list_append(${target}, ${w.value(valueOf(random, "L"))})`,
        () =>
          `${target} = list_append(if_not_exists(${target}, ${w.value({ L: [] })}), ${w.value(valueOf(random, "L"))})`,
        () => `${target}[${below(random, 6)}] = ${w.value(anyValue(random))}`,
        () => `${target} = ${w.value(valueOf(random, "L"))}`,
      ])();
    case "M":
      return pick(random, [
        () => `${target}.${w.name("n1")} = ${w.value({ N: number(random) })}`,
        () => `${target}.${w.name("m1")}.${w.name("n1")} = ${w.value({ N: number(random) })}`,
        () => `${target} = ${w.value(valueOf(random, "M"))}`,
        () => `${target} = ${w.value(valueOf(random, "M"))}`,
      ])();
    case "S":
      if (chance(random, 0.15)) return `${target} = ${w.value(weight(random))}`;
      return plain(w, name, target);
    case "B":
    case "BOOL":
    case "NULL":
    case "SS":
    case "NS":
    case "BS":
      return plain(w, name, target);
  }
}

function plain(w: Writer, name: Attribute, target: string): string {
  const { random } = w;
  return pick(random, [
    () => `${target} = ${w.value(valueFor(random, name))}`,
    () => `${target} = ${w.value(valueFor(random, name))}`,
    () => `${target} = if_not_exists(${target}, ${w.value(valueFor(random, name))})`,
    () => `${target} = ${w.name("t2")}`,
  ])();
}

function sum(w: Writer, name: Attribute): string {
  const { random } = w;
  const one = (): string => w.value({ N: number(random) });
  return pick(random, [
    one,
    one,
    () => `${w.name(name)} + ${one()}`,
    () => `${w.name("n2")} - ${one()}`,
    () => `if_not_exists(${w.name(name)}, ${one()}) + ${one()}`,
    () => `${one()} - ${w.name("n1")}`,
  ])();
}

/** Top-level attributes, the key now and then, something inside one. */
export function projected(w: Writer): string {
  const { random } = w;
  const names = [...new Set(times(1 + below(random, 4), () => attribute(random)))];
  const paths = names.map((name) => {
    if (name === "m1" && chance(random, 0.4)) return `${w.name("m1")}.${w.name("n1")}`;
    if (name === "l1" && chance(random, 0.4)) return `${w.name("l1")}[${below(random, 3)}]`;
    return w.name(name);
  });
  return (chance(random, 0.5) ? [...paths, w.name("key")] : paths).join(", ");
}
