/**
 * What an answer must be like, and what to say when it is not.
 *
 * An assertion is compiled once per target and asked once per capture; what was found is put into
 * words only when someone will read it.
 *
 * In:    Assertion (as configured), Answer               Out: holds, found and expected in words
 * Holds: pure and total: no answer makes an assertion throw. What is absent (no such path, no such
 *        header, no certificate) satisfies no assertion, `!=` included: an answer that lost the
 *        value must not pass unseen.
 * Fails: compileAssertion: InvalidInputError for a bad path or pattern.
 */
import { formatDuration } from "./duration.ts";
import { InvalidInputError } from "./errors.ts";
import type { Assertion, Comparison, Scalar } from "./http-settings.ts";
import { findAt, parseJsonPath } from "./json-path.ts";
import { compilePattern } from "./pattern.ts";
import type { Failure } from "./sample.ts";

/** A body, read as JSON. */
export type JsonBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "not-json"; readonly found: string };

/** What came back, as far as assertions may look at it. */
export interface Answer {
  readonly status: number;
  /** Lower-case name; several values joined by ", ". */
  header(name: string): string | undefined;
  /** Whole time of the capture so far, in ms. */
  latencyMs(): number;
  /** Whole days until the certificate expires, negative afterwards. */
  certificateDays(): number | undefined;
  text(): string;
  json(): JsonBody;
  /** Takes secrets out of a text that is about to be shown. */
  redact(text: string): string;
}

/** What an assertion has to see: parts of the head, or the body too. */
export type AssertionNeed = "head" | "body";

export interface CompiledAssertion {
  readonly assertion: Assertion;
  readonly needs: AssertionNeed;
  /** `json status == "ok"`: what is looked at, and what it must be. */
  readonly expected: string;
  holds(answer: Answer): boolean;
  /** In words, secrets taken out, shortened. */
  found(answer: Answer): string;
}

/** undefined when the assertion holds. */
export function evaluate(compiled: CompiledAssertion, answer: Answer): Failure | undefined {
  if (compiled.holds(answer)) return undefined;
  const { kind } = compiled.assertion;
  const onJson = kind === "json" || kind === "json-matches";
  const code = onJson && answer.json().kind === "not-json" ? "not-json" : "assertion";
  return { code, message: `${compiled.expected}: found ${compiled.found(answer)}` };
}

/**
 * @param where named in the error: the place of the assertion in its file.
 * @throws InvalidInputError when its path, pattern or list can't be used.
 */
export function compileAssertion(assertion: Assertion, where = "assertion"): CompiledAssertion {
  switch (assertion.kind) {
    case "status":
      return compileStatus(assertion, where);
    case "json":
      return compileJson(assertion, where);
    case "json-matches":
      return compileJsonMatches(assertion, where);
    case "body-matches":
      return compileBodyMatches(assertion, where);
    case "header":
      return compileHeader(assertion);
    case "header-matches":
      return compileHeaderMatches(assertion, where);
    case "latency":
      return {
        assertion,
        needs: "head",
        expected: `latency ${assertion.op} ${formatDuration(assertion.value)}`,
        holds: (answer) => compare(answer.latencyMs(), assertion.op, assertion.value),
        found: (answer) => formatDuration(Math.ceil(answer.latencyMs())),
      };
    case "certificate-days":
      return {
        assertion,
        needs: "head",
        expected: `certificate_days ${assertion.op} ${assertion.value}`,
        holds: (answer) => compare(answer.certificateDays(), assertion.op, assertion.value),
        found: (answer) => String(answer.certificateDays() ?? "no certificate"),
      };
  }
}

type Of<K extends Assertion["kind"]> = Extract<Assertion, { kind: K }>;

function compileStatus(assertion: Of<"status">, where: string): CompiledAssertion {
  if (assertion.allowed.length === 0) {
    throw new InvalidInputError({ where, found: "no status", expected: "at least one code" });
  }
  const ranges = assertion.allowed.map((entry) =>
    typeof entry === "number" ? ([entry, entry] as const) : entry,
  );
  const words = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  const [first] = ranges;
  const only = ranges.length === 1 ? first : undefined;
  return {
    assertion,
    needs: "head",
    expected: `status ${words.join(" or ")}`,
    holds: ({ status }) =>
      only === undefined
        ? ranges.some(([from, to]) => status >= from && status <= to)
        : status >= only[0] && status <= only[1],
    found: ({ status }) => String(status),
  };
}

function compileJson(assertion: Of<"json">, where: string): CompiledAssertion {
  const path = parseJsonPath(assertion.path, where);
  return {
    assertion,
    needs: "body",
    expected: `json ${assertion.path} ${assertion.op} ${JSON.stringify(assertion.value)}`,
    holds: (answer) => compare(jsonAt(answer, path), assertion.op, assertion.value),
    found: (answer) => foundJson(answer, path),
  };
}

function compileJsonMatches(assertion: Of<"json-matches">, where: string): CompiledAssertion {
  const path = parseJsonPath(assertion.path, where);
  const pattern = compilePattern(assertion.pattern, where);
  return {
    assertion,
    needs: "body",
    expected: `json ${assertion.path} matches /${assertion.pattern}/`,
    holds: (answer) => {
      const value = jsonAt(answer, path);
      return isScalar(value) && pattern.isIn(String(value));
    },
    found: (answer) => foundJson(answer, path),
  };
}

function compileBodyMatches(assertion: Of<"body-matches">, where: string): CompiledAssertion {
  const pattern = compilePattern(assertion.pattern, where);
  return {
    assertion,
    needs: "body",
    expected: `body matches /${assertion.pattern}/`,
    holds: (answer) => pattern.isIn(answer.text()),
    found: (answer) => {
      const { length } = answer.text();
      if (length === 0) return "an empty body";
      if (pattern.isIn(answer.text())) return "a match";
      const searched = Math.min(length, pattern.charactersMax);
      return searched === length
        ? `no match in ${length} characters`
        : `no match in the first ${searched} of ${length} characters (a simpler pattern is searched further)`;
    },
  };
}

function compileHeader(assertion: Of<"header">): CompiledAssertion {
  const name = assertion.name.toLowerCase();
  const { op, value } = assertion;
  const number = isEquality(op) ? Number.NaN : numberOf(value);
  return {
    assertion,
    needs: "head",
    expected: `header ${name} ${op} ${JSON.stringify(value)}`,
    holds: (answer) => {
      const found = answer.header(name);
      if (found === undefined || Number.isNaN(number)) return compare(found, op, value);
      return compare(numberOf(found), op, number);
    },
    found: (answer) => describe(answer.header(name), answer),
  };
}

function compileHeaderMatches(assertion: Of<"header-matches">, where: string): CompiledAssertion {
  const name = assertion.name.toLowerCase();
  const pattern = compilePattern(assertion.pattern, where);
  return {
    assertion,
    needs: "head",
    expected: `header ${name} matches /${assertion.pattern}/`,
    holds: (answer) => {
      const value = answer.header(name);
      return value !== undefined && pattern.isIn(value);
    },
    found: (answer) => describe(answer.header(name), answer),
  };
}

function isEquality(op: Comparison): boolean {
  return op === "==" || op === "!=";
}

function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/**
 * Values of different types are different, and in no order. Texts are ordered by code unit, which
 * is right for dates in ISO form and wrong for versions.
 */
function compare(found: unknown, op: Comparison, expected: Scalar): boolean {
  if (!isScalar(found)) return false;
  if (op === "==") return found === expected;
  if (op === "!=") return found !== expected;
  if (typeof found === "number" && typeof expected === "number") {
    return inOrder(found - expected, op);
  }
  if (typeof found === "string" && typeof expected === "string") {
    return inOrder(found < expected ? -1 : Number(found > expected), op);
  }
  return false;
}

/** `difference` is NaN when there is no order: nothing holds then. */
function inOrder(difference: number, op: "<" | "<=" | ">" | ">="): boolean {
  switch (op) {
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
  }
}

export function isScalar(value: unknown): value is Scalar {
  return (
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean"
  );
}

function jsonAt(answer: Answer, path: readonly (string | number)[]): unknown {
  const body = answer.json();
  return body.kind === "json" ? findAt(body.value, path) : undefined;
}

function foundJson(answer: Answer, path: readonly (string | number)[]): string {
  const body = answer.json();
  return body.kind === "json" ? describe(findAt(body.value, path), answer) : body.found;
}

const SHOWN_MAX = 120;

/** Never walks into arrays and objects: they may be nested deeper than the stack is. */
function describe(value: unknown, answer: Answer): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (!isScalar(value)) return "an object";
  if (typeof value !== "string") return String(value);
  const shown = answer.redact(value);
  return shown.length > SHOWN_MAX
    ? `${JSON.stringify(shown.slice(0, SHOWN_MAX))}… (${shown.length} characters)`
    : JSON.stringify(shown);
}
