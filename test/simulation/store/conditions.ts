/**
 * Conditions and filters: parsed once, then asked of many items.
 *
 * Source: "Condition and filter expressions, operators, and functions", Amazon DynamoDB Developer
 *         Guide (read 2026-11).
 */
import { validation } from "./failures.ts";
import { parsePath, valueAt, type Path, type Placeholders } from "./paths.ts";
import { syntax, type Cursor } from "./tokens.ts";
import {
  compareValues,
  kindOf,
  membersOf,
  sameValue,
  type Item,
  type Kind,
  type Value,
} from "./values.ts";

export interface Condition {
  readonly holds: (item: Item | undefined, values: Item) => boolean;
  /** What can be refused without an item. @throws ValidationException */
  readonly check: (values: Item) => void;
  /** Top-level attributes it reads. */
  readonly attributes: ReadonlySet<string>;
}

type Holds = Condition["holds"];

interface Operand {
  readonly of: (item: Item | undefined, values: Item) => Value | undefined;
  /** Its type as far as it is known without an item. */
  readonly kind: (values: Item) => Kind | undefined;
}

interface Parsing {
  readonly cursor: Cursor;
  readonly holders: Placeholders;
  readonly checks: ((values: Item) => void)[];
  readonly attributes: Set<string>;
}

export function parseCondition(cursor: Cursor, holders: Placeholders): Condition {
  const checks: Parsing["checks"] = [];
  const attributes = new Set<string>();
  const holds = parseOr({ cursor, holders, checks, attributes });
  cursor.end();
  return {
    holds,
    attributes,
    check(values) {
      for (const check of checks) check(values);
    },
  };
}

function parseOr(parsing: Parsing): Holds {
  let left = parseAnd(parsing);
  while (parsing.cursor.takes("OR")) {
    const [one, other] = [left, parseAnd(parsing)];
    left = (item, values) => one(item, values) || other(item, values);
  }
  return left;
}

function parseAnd(parsing: Parsing): Holds {
  let left = parseNot(parsing);
  while (parsing.cursor.takes("AND")) {
    const [one, other] = [left, parseNot(parsing)];
    left = (item, values) => one(item, values) && other(item, values);
  }
  return left;
}

function parseNot(parsing: Parsing): Holds {
  if (!parsing.cursor.takes("NOT")) return parsePrimary(parsing);
  const inner = parseNot(parsing);
  return (item, values) => !inner(item, values);
}

function parsePrimary(parsing: Parsing): Holds {
  const { cursor } = parsing;
  if (cursor.takes("(")) {
    const inner = parseOr(parsing);
    cursor.expect(")");
    return inner;
  }
  return cursor.peek(1) === "(" && cursor.peek() !== "size"
    ? parseFunction(parsing)
    : parseComparison(parsing);
}

function parseFunction(parsing: Parsing): Holds {
  const { cursor } = parsing;
  const name = cursor.next();
  cursor.expect("(");
  const holds = functionNamed(name, parsing);
  cursor.expect(")");
  return holds;
}

function functionNamed(name: string, parsing: Parsing): Holds {
  switch (name) {
    case "attribute_exists": {
      const path = parseOwnPath(parsing);
      return (item) => valueAt(item, path) !== undefined;
    }
    case "attribute_not_exists": {
      const path = parseOwnPath(parsing);
      return (item) => valueAt(item, path) === undefined;
    }
    case "attribute_type":
      return parseAttributeType(parsing);
    case "begins_with":
      return parseBeginsWith(parsing);
    case "contains":
      return parseContains(parsing);
    default:
      throw validation(`Invalid ${parsing.holders.what}: Invalid function name; function: ${name}`);
  }
}

const KINDS = new Set(["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"]);

function parseAttributeType(parsing: Parsing): Holds {
  const [path, kind] = [parseOwnPath(parsing), parseSecond(parsing)];
  parsing.checks.push((values) => {
    const asked = kind.of(undefined, values)?.S;
    if (asked === undefined) throw wrongOperand(parsing, "attribute_type", kind.kind(values));
    if (!KINDS.has(asked)) {
      throw validation(`Invalid ${parsing.holders.what}: Invalid attribute type name: ${asked}`);
    }
  });
  return (item, values) => {
    const value = valueAt(item, path);
    return value !== undefined && kindOf(value) === kind.of(item, values)?.S;
  };
}

function parseBeginsWith(parsing: Parsing): Holds {
  const [whole, start] = [parseOperand(parsing), parseSecond(parsing)];
  onlyOf(parsing, "begins_with", [whole, start], ["S", "B"]);
  return (item, values) => {
    const [value, prefix] = [whole.of(item, values), start.of(item, values)];
    if (value?.S !== undefined && prefix?.S !== undefined) return value.S.startsWith(prefix.S);
    if (value?.B === undefined || prefix?.B === undefined) return false;
    return Buffer.compare(value.B.subarray(0, prefix.B.length), prefix.B) === 0;
  };
}

function parseContains(parsing: Parsing): Holds {
  const [whole, part] = [parseOperand(parsing), parseSecond(parsing)];
  return (item, values) => {
    const [value, sought] = [whole.of(item, values), part.of(item, values)];
    return value !== undefined && sought !== undefined && contains(value, sought);
  };
}

function contains(value: Value, sought: Value): boolean {
  if (value.L !== undefined) return value.L.some((one) => sameValue(one, sought));
  if (value.S !== undefined && sought.S !== undefined) return value.S.includes(sought.S);
  if (value.B !== undefined && sought.B !== undefined) {
    return Buffer.from(value.B).includes(Buffer.from(sought.B));
  }
  if (value.SS !== undefined) return sought.S !== undefined && value.SS.includes(sought.S);
  if (value.NS !== undefined) return sought.N !== undefined && value.NS.includes(sought.N);
  return sought.B !== undefined && membersOf(value).includes(latin(sought.B));
}

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

const ORDERS = {
  "<": (order: number) => order < 0,
  "<=": (order: number) => order <= 0,
  ">": (order: number) => order > 0,
  ">=": (order: number) => order >= 0,
} as const;

const isOrder = (word: string): word is keyof typeof ORDERS => word in ORDERS;

function parseComparison(parsing: Parsing): Holds {
  const { cursor, holders } = parsing;
  const left = parseOperand(parsing);
  if (cursor.takes("BETWEEN")) return parseBetween(parsing, left);
  if (cursor.takes("IN")) return parseIn(parsing, left);
  const operator = cursor.next();
  const right = parseOperand(parsing);
  if (operator === "=") {
    return (item, values) => {
      const [one, other] = [left.of(item, values), right.of(item, values)];
      return one !== undefined && other !== undefined && sameValue(one, other);
    };
  }
  if (operator === "<>") {
    // What is missing differs from everything.
    return (item, values) => {
      const [one, other] = [left.of(item, values), right.of(item, values)];
      return one === undefined || other === undefined || !sameValue(one, other);
    };
  }
  if (!isOrder(operator)) throw syntax(holders.what, operator, "a comparator");
  const fits = ORDERS[operator];
  onlyOf(parsing, operator, [left, right], ["S", "N", "B"]);
  return (item, values) => {
    const [one, other] = [left.of(item, values), right.of(item, values)];
    if (one === undefined || other === undefined) return false;
    const order = compareValues(one, other);
    return order !== undefined && fits(order);
  };
}

function parseBetween(parsing: Parsing, value: Operand): Holds {
  const low = parseOperand(parsing);
  parsing.cursor.expect("AND");
  const high = parseOperand(parsing);
  onlyOf(parsing, "BETWEEN", [value, low, high], ["S", "N", "B"]);
  parsing.checks.push((values) => checkBounds(parsing.holders.what, low, high, values));
  return (item, values) => {
    const [one, from, to] = [value.of(item, values), low.of(item, values), high.of(item, values)];
    if (one === undefined || from === undefined || to === undefined) return false;
    const [above, below] = [compareValues(one, from), compareValues(one, to)];
    return above !== undefined && above >= 0 && below !== undefined && below <= 0;
  };
}

function checkBounds(what: string, low: Operand, high: Operand, values: Item): void {
  if (low.kind(values) === undefined || high.kind(values) === undefined) return;
  const [from, to] = [low.of(undefined, values), high.of(undefined, values)];
  // The size of something is a number that only the item knows.
  if (from === undefined || to === undefined) return;
  const order = compareValues(from, to);
  if (order === undefined || order > 0) {
    throw validation(
      `Invalid ${what}: The BETWEEN operator requires bounds of one type, the upper one not below the lower one`,
    );
  }
}

const IN_MAX = 100;

function parseIn(parsing: Parsing, value: Operand): Holds {
  const { cursor, holders } = parsing;
  cursor.expect("(");
  const members = [parseOperand(parsing)];
  while (cursor.takes(",")) members.push(parseOperand(parsing));
  cursor.expect(")");
  if (members.length > IN_MAX) throw validation(`Invalid ${holders.what}: too many operands of IN`);
  return (item, values) => {
    const one = value.of(item, values);
    if (one === undefined) return false;
    return members.some((member) => {
      const other = member.of(item, values);
      return other !== undefined && sameValue(one, other);
    });
  };
}

function parseSecond(parsing: Parsing): Operand {
  parsing.cursor.expect(",");
  return parseOperand(parsing);
}

function parseOperand(parsing: Parsing): Operand {
  const { cursor, holders } = parsing;
  const word = cursor.peek();
  if (word.startsWith(":")) {
    cursor.next();
    holders.usedValues.add(word);
    return { of: (_, values) => values[word], kind: (values) => kindIn(values, word) };
  }
  if (word === "size" && cursor.peek(1) === "(") {
    cursor.next();
    cursor.expect("(");
    const path = parseOwnPath(parsing);
    cursor.expect(")");
    return { of: (item) => sizeOf(valueAt(item, path)), kind: () => "N" };
  }
  const path = parseOwnPath(parsing);
  const [name] = path;
  // Nearly all paths have one step.
  const of: Operand["of"] =
    path.length === 1 ? (item) => item?.[name] : (item) => valueAt(item, path);
  return { of, kind: () => undefined };
}

function kindIn(values: Item, name: string): Kind | undefined {
  const value = values[name];
  return value === undefined ? undefined : kindOf(value);
}

/** UTF-16 units of a text, bytes, or members; of what has none of these, none. */
function sizeOf(value: Value | undefined): Value | undefined {
  if (value === undefined) return undefined;
  if (value.S !== undefined) return { N: String(value.S.length) };
  const counted =
    value.B ?? value.SS ?? value.NS ?? value.BS ?? value.L ?? (value.M && Object.keys(value.M));
  return counted === undefined ? undefined : { N: String(counted.length) };
}

function parseOwnPath({ cursor, holders, attributes }: Parsing): Path {
  const path = parsePath(cursor, holders);
  attributes.add(path[0]);
  return path;
}

function onlyOf(
  parsing: Parsing,
  operator: string,
  operands: readonly Operand[],
  allowed: readonly Kind[],
): void {
  parsing.checks.push((values) => {
    for (const operand of operands) {
      const kind = operand.kind(values);
      if (kind !== undefined && !allowed.includes(kind)) {
        throw wrongOperand(parsing, operator, kind);
      }
    }
  });
}

function wrongOperand(parsing: Parsing, operator: string, kind: Kind | undefined): Error {
  return validation(
    `Invalid ${parsing.holders.what}: Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${kind ?? "none"}`,
  );
}
