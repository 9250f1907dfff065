/**
 * Updates: parsed once, then made to many items. All operands are those of the item as it was.
 *
 * Source: "Update expressions", Amazon DynamoDB Developer Guide (read 2026-11).
 */
import { validation } from "./failures.ts";
import { addNumbers } from "./numbers.ts";
import {
  parsePath,
  refuseOverlaps,
  valueAt,
  isReachable,
  withoutValueAt,
  withValueAt,
  type Path,
  type Placeholders,
} from "./paths.ts";
import type { Rules } from "./rules.ts";
import { syntax, type Cursor } from "./tokens.ts";
import { kindOf, membersOf, type Item, type Kind, type Value } from "./values.ts";

export interface Update {
  /** A copy of `before` with everything changed. @throws ValidationException */
  readonly made: (before: Item, values: Item, rules: Rules) => Item;
  /** What can be refused without an item. @throws ValidationException */
  readonly check: (values: Item) => void;
  readonly paths: readonly Path[];
  /** Without SET and ADD: it makes no item that isn't there. */
  readonly onlyTakes: boolean;
}

/** What an action makes of `after`, which is its own to change, by what `before` says. */
type Action = (after: Item, before: Item, values: Item, rules: Rules) => Item;

interface Operand {
  readonly of: (before: Item, values: Item) => Value;
  readonly kind: (values: Item) => Kind | undefined;
}

interface Parsing {
  readonly cursor: Cursor;
  readonly holders: Placeholders;
  readonly checks: ((values: Item) => void)[];
  readonly paths: Path[];
  readonly sets: Action[];
  readonly removed: Path[];
  readonly others: Action[];
}

const CLAUSES = { SET: parseSet, REMOVE: parseRemove, ADD: parseAdd, DELETE: parseDelete } as const;
type Clause = keyof typeof CLAUSES;

const isClause = (word: string): word is Clause => word in CLAUSES;

export function parseUpdate(cursor: Cursor, holders: Placeholders): Update {
  const parsing: Parsing = {
    cursor,
    holders,
    checks: [],
    paths: [],
    sets: [],
    removed: [],
    others: [],
  };
  const seen = new Set<string>();
  while (cursor.peek() !== "") {
    const clause = cursor.next().toUpperCase();
    if (!isClause(clause)) throw syntax(holders.what, clause, "SET, REMOVE, ADD or DELETE");
    if (seen.has(clause)) {
      throw validation(`Invalid ${holders.what}: The "${clause}" section can only be used once`);
    }
    seen.add(clause);
    do CLAUSES[clause](parsing);
    while (cursor.takes(","));
  }
  refuseOverlaps(parsing.paths, holders.what);
  const removals = lastFirst(parsing.removed);
  const actions = [...parsing.sets, ...parsing.others];
  return {
    paths: parsing.paths,
    onlyTakes: !seen.has("SET") && !seen.has("ADD"),
    check(values) {
      for (const check of parsing.checks) check(values);
    },
    made(before, values, rules) {
      let after = { ...before };
      for (const action of actions) after = action(after, before, values, rules);
      for (const path of removals) {
        if (rules.removeUnreachable === "ignored" && !isReachable(after, path)) continue;
        after = withoutValueAt(after, path);
      }
      return after;
    },
  };
}

/** So that removing from a list moves none of those still to be removed. */
function lastFirst(paths: readonly Path[]): Path[] {
  return [...paths].sort((a, b) => Number(b.at(-1)) - Number(a.at(-1)) || 0);
}

function parseTarget({ cursor, holders, paths }: Parsing): Path {
  const path = parsePath(cursor, holders);
  paths.push(path);
  return path;
}

function parseSet(parsing: Parsing): void {
  const path = parseTarget(parsing);
  parsing.cursor.expect("=");
  const value = parseSum(parsing);
  const [name] = path;
  parsing.sets.push(
    path.length === 1
      ? (after, before, values) => {
          after[name] = value.of(before, values);
          return after;
        }
      : (after, before, values, rules) => withValueAt(after, path, value.of(before, values), rules),
  );
}

function parseSum(parsing: Parsing): Operand {
  const left = parseOperand(parsing);
  const operator = parsing.cursor.peek();
  if (operator !== "+" && operator !== "-") return left;
  parsing.cursor.next();
  const right = parseOperand(parsing);
  onlyOf(parsing, operator, [left, right], ["N"]);
  const sign = operator === "+" ? 1 : -1;
  return {
    kind: () => "N",
    of(before, values) {
      const [one, other] = [left.of(before, values).N, right.of(before, values).N];
      if (one === undefined || other === undefined) throw wrongType();
      return { N: addNumbers(one, other, sign) };
    },
  };
}

function parseOperand(parsing: Parsing): Operand {
  const { cursor, holders } = parsing;
  const word = cursor.peek();
  if (word.startsWith(":")) return parseValue(parsing);
  if (cursor.peek(1) === "(") {
    cursor.next();
    cursor.expect("(");
    const operand = functionNamed(word, parsing);
    cursor.expect(")");
    return operand;
  }
  const path = parsePath(cursor, holders);
  return { of: (before) => present(valueAt(before, path)), kind: () => undefined };
}

function functionNamed(name: string, parsing: Parsing): Operand {
  const { cursor, holders } = parsing;
  if (name === "if_not_exists") {
    const path = parsePath(cursor, holders);
    cursor.expect(",");
    const otherwise = parseOperand(parsing);
    return {
      of: (before, values) => valueAt(before, path) ?? otherwise.of(before, values),
      kind: otherwise.kind,
    };
  }
  if (name === "list_append") {
    const left = parseOperand(parsing);
    cursor.expect(",");
    const right = parseOperand(parsing);
    onlyOf(parsing, name, [left, right], ["L"]);
    return {
      kind: () => "L",
      of(before, values) {
        const [one, other] = [left.of(before, values).L, right.of(before, values).L];
        if (one === undefined || other === undefined) throw wrongType();
        return { L: [...one, ...other] };
      },
    };
  }
  throw validation(`Invalid ${holders.what}: Invalid function name; function: ${name}`);
}

function parseValue({ cursor, holders }: Parsing): Operand {
  const word = cursor.next();
  if (!word.startsWith(":")) throw syntax(holders.what, word, "a value");
  holders.usedValues.add(word);
  return {
    of: (_, values) => present(values[word]),
    kind: (values) => {
      const value = values[word];
      return value === undefined ? undefined : kindOf(value);
    },
  };
}

function parseRemove(parsing: Parsing): void {
  parsing.removed.push(parseTarget(parsing));
}

function parseAdd(parsing: Parsing): void {
  const [path, operand] = [parseTarget(parsing), parseValue(parsing)];
  onlyOf(parsing, "ADD", [operand], ["N", "SS", "NS", "BS"]);
  parsing.others.push((after, before, values, rules) =>
    withValueAt(after, path, sum(valueAt(before, path), operand.of(before, values)), rules),
  );
}

function sum(stored: Value | undefined, added: Value): Value {
  if (stored === undefined) return added;
  if (stored.N !== undefined && added.N !== undefined) {
    return { N: addNumbers(stored.N, added.N) };
  }
  const kind = kindOf(stored);
  if (kind !== kindOf(added)) throw wrongType();
  const known = new Set(membersOf(stored));
  if (stored.SS !== undefined) {
    return { SS: [...new Set([...stored.SS, ...(added.SS ?? [])])] };
  }
  if (stored.NS !== undefined) {
    return { NS: [...new Set([...stored.NS, ...(added.NS ?? [])])] };
  }
  if (stored.BS === undefined) throw wrongType();
  const fresh = (added.BS ?? []).filter((bytes) => !known.has(latin(bytes)));
  return { BS: [...stored.BS, ...fresh] };
}

function parseDelete(parsing: Parsing): void {
  const [path, operand] = [parseTarget(parsing), parseValue(parsing)];
  onlyOf(parsing, "DELETE", [operand], ["SS", "NS", "BS"]);
  parsing.others.push((after, before, values, rules) => {
    const stored = valueAt(before, path);
    if (stored === undefined) return after;
    const left = difference(stored, operand.of(before, values));
    return left === undefined ? withoutValueAt(after, path) : withValueAt(after, path, left, rules);
  });
}

/** undefined for the empty set, which doesn't exist. */
function difference(stored: Value, taken: Value): Value | undefined {
  if (kindOf(stored) !== kindOf(taken)) throw wrongType();
  const gone = new Set(membersOf(taken));
  const left = membersOf(stored).filter((member) => !gone.has(member));
  if (left.length === 0) return undefined;
  if (stored.SS !== undefined) return { SS: left };
  if (stored.NS !== undefined) return { NS: left };
  return { BS: left.map((member) => Buffer.from(member, "latin1")) };
}

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function present(value: Value | undefined): Value {
  if (value === undefined) {
    throw validation(
      "The provided expression refers to an attribute that does not exist in the item",
    );
  }
  return value;
}

function wrongType(): Error {
  return validation("An operand in the update expression has an incorrect data type");
}

function onlyOf(
  { checks, holders }: Parsing,
  operator: string,
  operands: readonly Operand[],
  allowed: readonly Kind[],
): void {
  checks.push((values) => {
    for (const operand of operands) {
      const kind = operand.kind(values);
      if (kind === undefined || allowed.includes(kind)) continue;
      throw validation(
        `Invalid ${holders.what}: Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${kind}`,
      );
    }
  });
}
