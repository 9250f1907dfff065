/**
 * Which deployed stack a command works on, and who said so: the option, or the environment where
 * no folder of a local system is named either.
 */
import { InvalidInputError } from "#domain/errors.ts";

export const STACK_KEY = "LAMPLIGHTER_STACK";

export interface StackChoice {
  /** As CloudFormation knows it, or its ARN. */
  readonly name: string;
  /** For messages: where the name is from. */
  readonly from: "--stack" | typeof STACK_KEY;
}

export interface StackOptions {
  readonly stack: string | undefined;
  /** Whether --data was typed. */
  readonly hasData: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** @throws InvalidInputError for both, and for what can't be a stack's name. */
export function chosenStack({
  stack,
  hasData,
  environment,
}: StackOptions): StackChoice | undefined {
  if (stack !== undefined && hasData) {
    const [found, expected] = ["both --stack and --data", "one of them"];
    throw new InvalidInputError({ where: "lamplighter", found, expected });
  }
  if (stack !== undefined) return { name: stack, from: "--stack" };
  const named = environment[STACK_KEY] ?? "";
  if (named === "" || hasData) return undefined;
  return { name: parseStackName(named, STACK_KEY), from: STACK_KEY };
}

/** A name, or the ARN of a stack: `arn:aws:cloudformation:eu-central-1:123456789012:stack/Name/…`. */
const STACK_NAME = /^(?:[A-Za-z][A-Za-z0-9-]{0,127}|arn:[\w:/-]{1,1024})$/u;

/** @throws InvalidInputError unless CloudFormation could have given it. */
export function parseStackName(text: string, where = "--stack"): string {
  if (STACK_NAME.test(text)) return text;
  throw new InvalidInputError({
    where,
    found: JSON.stringify(text),
    expected: "a stack's name: a letter, then letters, digits and hyphens, e.g. Lamplighter",
  });
}
