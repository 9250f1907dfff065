/**
 * The unknown becomes ours: environment and events, with an error that names the place.
 *
 * Holds: for every input a value or an InvalidInputError that says where, found and expected.
 */
import type * as z from "zod";
import { InvalidInputError } from "#domain/errors.ts";

/** @throws InvalidInputError naming the first variable that is missing or wrong, and how many more. */
export function parseEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<Schema> {
  return parseAs(schema, environment, "environment");
}

/** @throws InvalidInputError naming the first field that is missing or wrong, and how many more. */
export function parseEvent<Schema extends z.ZodType>(
  schema: Schema,
  event: unknown,
): z.output<Schema> {
  return parseAs(schema, event, "event");
}

function parseAs<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [first, ...more] = parsed.error.issues;
  const count = more.length === 0 ? "" : ` (and ${more.length} more)`;
  if (first?.code === "unrecognized_keys") {
    const found = first.keys.map((key) => JSON.stringify(key)).join(", ");
    throw new InvalidInputError({
      where: what,
      found: `unknown ${found}`,
      expected: `only known fields${count}`,
    });
  }
  const path = first?.path.map(String) ?? [];
  throw new InvalidInputError({
    where: [what, path.join(".")].filter((part) => part !== "").join(" "),
    found: describe(valueAt(input, path)),
    expected: `${expectation(first)}${count}`,
  });
}

/** What zod says by itself; anything else was written for this field, and says more. */
const BY_ZOD = /^(?:Invalid|Too |Unrecognized)/u;

function expectation(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "something else";
  if (!BY_ZOD.test(issue.message)) return issue.message;
  if (issue.code === "invalid_type") {
    return `${/^[aeiou]/u.test(issue.expected) ? "an" : "a"} ${issue.expected}`;
  }
  if (issue.code === "invalid_value") {
    return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  }
  if (issue.code === "too_small" && issue.origin === "string") return "a text that is not empty";
  return issue.message;
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value;
}

const SHOWN_MAX = 120;

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  try {
    return JSON.stringify(value).slice(0, SHOWN_MAX);
  } catch {
    // It refers to itself, or JSON has no form for it.
    return `a ${typeof value}`;
  }
}
