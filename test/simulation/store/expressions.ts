/**
 * A request's expressions, parsed once for each text and each set of names.
 *
 * Not checked: reserved words (the local engine refuses them, and the stores' own suites run there).
 */
import { parseCondition, type Condition } from "./conditions.ts";
import { validation } from "./failures.ts";
import {
  parsePath,
  projection,
  refuseOverlaps,
  type Placeholders,
  type Projection,
} from "./paths.ts";
import { cursorOver, type Cursor } from "./tokens.ts";
import { parseUpdate, type Update } from "./updates.ts";
import { canonical, type Item } from "./values.ts";

interface Parsed<T> {
  readonly value: T;
  readonly usedNames: readonly string[];
  readonly usedValues: readonly string[];
}

type Names = Readonly<Record<string, string>>;

/** Programs use few expressions; a check that makes up thousands starts over. */
const CACHED_MAX = 20_000;

function cached<T>(what: string, parse: (cursor: Cursor, holders: Placeholders) => T) {
  const known = new Map<string, Parsed<T>>();
  return (expression: string, names: Names | undefined): Parsed<T> => {
    const key = names === undefined ? expression : expression + keyOf(names);
    let parsed = known.get(key);
    if (parsed === undefined) {
      const holders: Placeholders = {
        what,
        names: names ?? {},
        usedNames: new Set(),
        usedValues: new Set(),
      };
      const value = parse(cursorOver(expression, what), holders);
      parsed = { value, usedNames: [...holders.usedNames], usedValues: [...holders.usedValues] };
      if (known.size >= CACHED_MAX) known.clear();
      known.set(key, parsed);
    }
    return parsed;
  };
}

function keyOf(names: Names): string {
  let key = "";
  for (const name in names) key += `\n${name}\t${names[name] ?? ""}`;
  return key;
}

const conditions = cached("ConditionExpression", parseCondition);
const filters = cached("FilterExpression", parseCondition);
const updates = cached("UpdateExpression", parseUpdate);
const projections = cached("ProjectionExpression", (cursor, holders): Projection => {
  const paths = [parsePath(cursor, holders)];
  while (cursor.takes(",")) paths.push(parsePath(cursor, holders));
  cursor.end();
  refuseOverlaps(paths, holders.what);
  return projection(paths);
});

export interface KeyCondition {
  readonly partition: string;
  readonly sort?: {
    readonly name: string;
    readonly operator: "=" | "<" | "<=" | ">" | ">=" | "BETWEEN" | "begins_with";
    readonly bounds: readonly string[];
  };
  readonly partitionValue: string;
}

const keyConditions = cached("KeyConditionExpression", parseKeyCondition);

/** `a = :a`, alone or with one condition on the sort key, in any order and in parentheses. */
function parseKeyCondition(cursor: Cursor, holders: Placeholders): KeyCondition {
  const whole = cursor.takes("(");
  const terms = [parseKeyTerm(cursor, holders)];
  if (cursor.takes("AND")) terms.push(parseKeyTerm(cursor, holders));
  if (whole) cursor.expect(")");
  if (whole && cursor.takes("AND")) terms.push(parseKeyTerm(cursor, holders));
  cursor.end();
  const equal = terms.filter((term) => term.operator === "=");
  const [partition] = equal;
  const sort = terms.find((term) => term !== partition);
  const value = partition?.bounds[0];
  if (partition === undefined || value === undefined) {
    throw validation("Query key condition not supported");
  }
  return {
    partition: partition.name,
    partitionValue: value,
    ...(sort !== undefined && { sort }),
  };
}

type KeyTerm = NonNullable<KeyCondition["sort"]>;

function parseKeyTerm(cursor: Cursor, holders: Placeholders): KeyTerm {
  if (cursor.takes("(")) {
    const term = parseKeyTerm(cursor, holders);
    cursor.expect(")");
    return term;
  }
  if (cursor.takes("begins_with")) {
    cursor.expect("(");
    const [name] = parsePath(cursor, holders);
    cursor.expect(",");
    const bounds = [valueName(cursor, holders)];
    cursor.expect(")");
    return { name, operator: "begins_with", bounds };
  }
  const [name] = parsePath(cursor, holders);
  if (cursor.takes("BETWEEN")) {
    const low = valueName(cursor, holders);
    cursor.expect("AND");
    return { name, operator: "BETWEEN", bounds: [low, valueName(cursor, holders)] };
  }
  const operator = cursor.next();
  switch (operator) {
    case "=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return { name, operator, bounds: [valueName(cursor, holders)] };
    default:
      throw validation(`Invalid operator used in KeyConditionExpression: ${operator}`);
  }
}

function valueName(cursor: Cursor, holders: Placeholders): string {
  const word = cursor.next();
  if (!word.startsWith(":")) {
    throw validation(`Invalid KeyConditionExpression: found ${word}, expected a value`);
  }
  holders.usedValues.add(word);
  return word;
}

export interface Expressions {
  readonly condition?: Condition;
  readonly filter?: Condition;
  readonly update?: Update;
  readonly projection?: Projection;
  readonly keyCondition?: KeyCondition;
  /** Canonical. */
  readonly values: Item;
}

export interface ExpressionInput {
  readonly ConditionExpression?: string | undefined;
  readonly FilterExpression?: string | undefined;
  readonly UpdateExpression?: string | undefined;
  readonly ProjectionExpression?: string | undefined;
  readonly KeyConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Names | undefined;
  readonly ExpressionAttributeValues?: Item | undefined;
}

const NO_VALUES: Item = {};

/** @throws ValidationException, also for placeholders that are missing or that nobody uses. */
export function readExpressions(input: ExpressionInput): Expressions {
  const names = input.ExpressionAttributeNames;
  const condition = read(conditions, input.ConditionExpression, names);
  const filter = read(filters, input.FilterExpression, names);
  const update = read(updates, input.UpdateExpression, names);
  const picked = read(projections, input.ProjectionExpression, names);
  const keys = read(keyConditions, input.KeyConditionExpression, names);
  const all = [condition, filter, update, picked, keys];
  const values = usedValues(input.ExpressionAttributeValues, all);
  if (names !== undefined) refuseUnusedNames(names, all);
  condition?.value.check(values);
  filter?.value.check(values);
  update?.value.check(values);
  return {
    values,
    ...(condition !== undefined && { condition: condition.value }),
    ...(filter !== undefined && { filter: filter.value }),
    ...(update !== undefined && { update: update.value }),
    ...(picked !== undefined && { projection: picked.value }),
    ...(keys !== undefined && { keyCondition: keys.value }),
  };
}

function read<T>(
  parse: (expression: string, names: Names | undefined) => Parsed<T>,
  expression: string | undefined,
  names: Names | undefined,
): Parsed<T> | undefined {
  return expression === undefined ? undefined : parse(expression, names);
}

type AnyParsed = Parsed<unknown> | undefined;

function usedValues(given: Item | undefined, all: readonly AnyParsed[]): Item {
  const values: Item = given === undefined ? NO_VALUES : {};
  let used = 0;
  for (const parsed of all) {
    if (parsed === undefined) continue;
    for (const name of parsed.usedValues) {
      if (values[name] !== undefined) continue;
      const value = given?.[name];
      if (value === undefined) {
        throw validation(
          `An expression attribute value used in expression is not defined: ${name}`,
        );
      }
      values[name] = canonical(value);
      used += 1;
    }
  }
  if (given !== undefined) refuseUnusedValues(given, used);
  return values;
}

function refuseUnusedValues(given: Item, used: number): void {
  let count = 0;
  for (const _ in given) count += 1;
  if (count === 0) throw validation("ExpressionAttributeValues must not be empty");
  if (count > used) {
    throw validation("Value provided in ExpressionAttributeValues unused in expressions");
  }
}

function refuseUnusedNames(names: Names, all: readonly AnyParsed[]): void {
  const given = Object.keys(names);
  if (given.length === 0) throw validation("ExpressionAttributeNames must not be empty");
  for (const name of given) {
    if (!all.some((parsed) => parsed?.usedNames.includes(name) === true)) {
      throw validation("Value provided in ExpressionAttributeNames unused in expressions");
    }
  }
}
