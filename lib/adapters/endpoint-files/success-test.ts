/**
 * `success_test`: one test, or a list of which all must hold.
 *
 *     { key: a.b[0].c, value: ok }            { key: load, op: "<", value: 3 }
 *     { key: version, matches: "^2\\." }      { status: [200, 204, "300-399"] }
 *     { latency_ms: "< 500" }                 { body_matches: "welcome" }
 *     { header: content-type, value: text/html }, with op or matches as for a key
 *     { certificate_days: "> 14" }
 *
 * Holds: unless a test is about the status, it must be 200 to 299 as well, and is looked at first:
 *        an error page that happens to say `status: ok` is no success.
 */
import type { Assertion, Comparison } from "#domain/http-settings.ts";
import { parseJsonPath } from "#domain/json-path.ts";
import { limits } from "#domain/limits.ts";
import { compilePattern } from "#domain/pattern.ts";
import { durationMs } from "#domain/units.ts";
import type { Report } from "./problem.ts";
import {
  attempt,
  oneOrList,
  readFields,
  readInteger,
  readScalar,
  readText,
  readWritten,
  type FieldNames,
  type Fields,
} from "./read.ts";
import { show, type SourceEntry, type SourceNode } from "./source-tree.ts";

const COMPARISONS: readonly Comparison[] = ["==", "!=", "<", "<=", ">", ">="];
const SUBJECTS = [
  "key",
  "status",
  "latency_ms",
  "body_matches",
  "header",
  "certificate_days",
] as const;
type Subject = (typeof SUBJECTS)[number];

const TEST: FieldNames = {
  what: "a test",
  known: [...SUBJECTS, "op", "value", "matches"],
  synonyms: new Map([
    ["path", "key"],
    ["json", "key"],
    ["json_path", "key"],
    ["jsonpath", "key"],
    ["equals", "value"],
    ["expected", "value"],
    ["operator", "op"],
    ["regex", "matches"],
    ["pattern", "matches"],
    ["status_code", "status"],
    ["latency", "latency_ms"],
    ["response_time", "latency_ms"],
    ["body", "body_matches"],
    ["contains", "body_matches"],
    ["certificate", "certificate_days"],
  ]),
};

const STATUS_DEFAULT: Assertion = { kind: "status", allowed: [[200, 299]] };
export const ASSERTIONS_DEFAULT: readonly Assertion[] = [STATUS_DEFAULT];

export function readSuccessTest(
  node: SourceNode,
  report: Report,
): readonly Assertion[] | undefined {
  const tests = oneOrList(node);
  if (tests.length === 0 || tests.length > limits.assertionsMax) {
    return report.problem(node.place, show(node), `1 to ${limits.assertionsMax} tests`);
  }
  const read = tests.map((test) => readTest(test, report)).filter((test) => test !== undefined);
  if (read.length < tests.length) return undefined;
  return read.some(({ kind }) => kind === "status") ? read : [STATUS_DEFAULT, ...read];
}

function readTest(node: SourceNode, report: Report): Assertion | undefined {
  const fields = readFields(node, TEST, report);
  if (fields === undefined) return undefined;
  const subjects = SUBJECTS.filter((name) => fields.has(name));
  const [subject] = subjects;
  const field = subject === undefined ? undefined : fields.get(subject);
  if (subject === undefined || field === undefined) {
    // An unknown field has been reported, and is likelier to be the reason.
    if (node.kind === "map" && node.entries.length > fields.size) return undefined;
    return report.problem(node.place, "a test of nothing", `one of ${SUBJECTS.join(", ")}`);
  }
  if (subjects.length > 1) {
    return report.problem(
      node.place,
      `${subjects.join(" and ")} in one test`,
      "one subject a test: write a list of tests",
    );
  }
  return readSubject(subject, field, fields, report);
}

function readSubject(
  subject: Subject,
  field: SourceEntry,
  fields: Fields,
  report: Report,
): Assertion | undefined {
  if (subject !== "key" && subject !== "header") {
    for (const extra of ["op", "value", "matches"]) {
      const entry = fields.get(extra);
      if (entry !== undefined)
        return report.problem(
          entry.keyPlace,
          `${extra} beside ${subject}`,
          `${subject} alone, e.g. ${EXAMPLES[subject]}`,
        );
    }
  }
  switch (subject) {
    case "key":
      return readKeyTest(field, fields, report);
    case "header":
      return readHeaderTest(field, fields, report);
    case "status":
      return readStatus(field.value, report);
    case "body_matches": {
      const pattern = readPattern(field.value, report);
      return pattern === undefined ? undefined : { kind: "body-matches", pattern };
    }
    case "latency_ms": {
      const limit = readLimit(field.value, EXAMPLES.latency_ms, report);
      return limit === undefined
        ? undefined
        : { kind: "latency", op: limit.op, value: durationMs(limit.value) };
    }
    case "certificate_days": {
      const limit = readLimit(field.value, EXAMPLES.certificate_days, report);
      return limit === undefined
        ? undefined
        : { kind: "certificate-days", op: limit.op, value: limit.value };
    }
  }
}

const EXAMPLES = {
  status: 'status: [200, 204, "300-399"]',
  latency_ms: 'latency_ms: "< 500"',
  certificate_days: 'certificate_days: "> 14"',
  body_matches: 'body_matches: "welcome"',
} as const;

function readKeyTest(field: SourceEntry, fields: Fields, report: Report): Assertion | undefined {
  const path = readJsonPath(field.value, report);
  const condition = readCondition(field, fields, report);
  if (path === undefined || condition === undefined) return undefined;
  if (condition.kind === "matches")
    return { kind: "json-matches", path, pattern: condition.pattern };
  const { op } = condition;
  const value = readScalar(condition.value, report);
  if (value === undefined) return undefined;
  const ordered = typeof value === "number" || typeof value === "string";
  if (op === "==" || op === "!=" || ordered) return { kind: "json", path, op, value };
  return report.problem(
    condition.value.place,
    show(condition.value),
    `a number or a text, which ${op} can put in order`,
  );
}

function readHeaderTest(field: SourceEntry, fields: Fields, report: Report): Assertion | undefined {
  const name = readText(field.value, "the name of a header", report);
  const condition = readCondition(field, fields, report);
  if (name === undefined || condition === undefined) return undefined;
  if (!isHeaderName(name))
    return report.problem(field.value.place, show(field.value), "the name of a header");
  if (condition.kind === "matches")
    return { kind: "header-matches", name: name.toLowerCase(), pattern: condition.pattern };
  const value = readWritten(condition.value, "a text", report);
  return value === undefined
    ? undefined
    : { kind: "header", name: name.toLowerCase(), op: condition.op, value };
}

type Condition =
  | { readonly kind: "compare"; readonly op: Comparison; readonly value: SourceNode }
  | { readonly kind: "matches"; readonly pattern: string };

/** `value`, `op` and `value`, or `matches`. */
function readCondition(
  subject: SourceEntry,
  fields: Fields,
  report: Report,
): Condition | undefined {
  const [op, value, matches] = [fields.get("op"), fields.get("value"), fields.get("matches")];
  if (matches !== undefined) {
    const extra = op ?? value;
    if (extra !== undefined)
      return report.problem(
        extra.keyPlace,
        `${extra.key} beside matches`,
        "matches, or value (with op or without)",
      );
    const pattern = readPattern(matches.value, report);
    return pattern === undefined ? undefined : { kind: "matches", pattern };
  }
  if (value === undefined)
    return report.problem(
      subject.keyPlace,
      `${subject.key} without value`,
      "value (with op or without), or matches",
    );
  const comparison = op === undefined ? "==" : readComparison(op.value, report);
  return comparison === undefined
    ? undefined
    : { kind: "compare", op: comparison, value: value.value };
}

function readComparison(node: SourceNode, report: Report): Comparison | undefined {
  const found = node.kind === "scalar" ? COMPARISONS.find((op) => op === node.value) : undefined;
  return (
    found ??
    report.problem(
      node.place,
      show(node),
      `one of ${COMPARISONS.map((op) => `"${op}"`).join(", ")}`,
    )
  );
}

/** `"< 500"`. */
function readLimit(
  node: SourceNode,
  example: string,
  report: Report,
): { readonly op: Comparison; readonly value: number } | undefined {
  const text = node.kind === "scalar" && typeof node.value === "string" ? node.value : "";
  const parts = /^\s*(==|!=|<=|>=|<|>)\s*(\d{1,9}(?:\.\d{1,6})?)\s*$/u.exec(text);
  const op = COMPARISONS.find((known) => known === parts?.[1]);
  if (op !== undefined && parts?.[2] !== undefined) return { op, value: Number(parts[2]) };
  return report.problem(
    node.place,
    show(node),
    `a comparison with a number, in quotes: ${example}`,
  );
}

function readStatus(node: SourceNode, report: Report): Assertion | undefined {
  const items = oneOrList(node);
  if (items.length === 0 || items.length > limits.assertionsMax)
    return report.problem(node.place, show(node), `1 to ${limits.assertionsMax} status codes`);
  const allowed = items
    .map((item) => readStatusItem(item, report))
    .filter((item) => item !== undefined);
  return allowed.length < items.length ? undefined : { kind: "status", allowed };
}

/** `204`, `"200-299"` or `2xx`. */
function readStatusItem(
  node: SourceNode,
  report: Report,
): number | readonly [number, number] | undefined {
  const text =
    node.kind === "scalar" && typeof node.value === "string" ? node.value.trim() : undefined;
  if (text === undefined) return readInteger(node, { min: 100, max: 599 }, report);
  if (/^[1-5]\d\d$/u.test(text)) return Number(text);
  const hundred = /^([1-5])xx$/iu.exec(text)?.[1];
  if (hundred !== undefined) return [Number(hundred) * 100, Number(hundred) * 100 + 99];
  const bounds = /^([1-5]\d\d)\s*-\s*([1-5]\d\d)$/u.exec(text);
  const [from, to] = [Number(bounds?.[1]), Number(bounds?.[2])];
  if (from <= to) return [from, to];
  return report.problem(
    node.place,
    show(node),
    'a status from 100 to 599, or a range such as "200-299"',
  );
}

export function readJsonPath(node: SourceNode, report: Report): string | undefined {
  const path = readText(node, "a path such as status or a.b[0].c", report);
  if (path === undefined) return undefined;
  return attempt(node.place, () => parseJsonPath(path), report) === undefined ? undefined : path;
}

function readPattern(node: SourceNode, report: Report): string | undefined {
  const pattern = readText(node, "a regular expression", report);
  if (pattern === undefined) return undefined;
  return attempt(node.place, () => compilePattern(pattern), report) === undefined
    ? undefined
    : pattern;
}

/** A token, as RFC 9110 has it. */
export function isHeaderName(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/u.test(text);
}
