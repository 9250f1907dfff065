/**
 * What every command knows: where it reads and writes, and the options that all commands share.
 */
import { InvalidArgumentError, type Command } from "commander";
import { InvalidInputError } from "#domain/errors.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import { chosenStack, type StackChoice } from "./stack-choice.ts";

export const DATA_DEFAULT = ".lamplighter";
export const POOL_DEFAULT = "default";

export interface GlobalOptions {
  /** Folder of a local system. */
  readonly data: string;
  /** A deployed stack instead. */
  readonly stack?: StackChoice;
  /** undefined: the one that the system runs. */
  readonly pool?: string;
  /** JSON, or JSON Lines, instead of tables. */
  readonly json: boolean;
}

/** How a command hands its answer back. */
export interface Cli {
  readonly io: CliIo;
  readonly settle: (code: ExitCode) => void;
}

export interface Context {
  readonly io: CliIo;
  readonly options: GlobalOptions;
  now(): EpochMs;
  /** Writes one JSON value as a line. */
  json(value: unknown): Promise<void>;
  /** Writes a line for people, on standard output. */
  say(line: string): Promise<void>;
  /** Writes a line on standard error. */
  warn(line: string): Promise<void>;
}

export function contextOf(cli: Cli, command: Command): Context {
  const { io } = cli;
  return {
    io,
    options: globalOptions(io, command),
    now: () => epochMs(Date.now()),
    json: (value) => io.stdout.write(`${JSON.stringify(value)}\n`),
    say: (line) => io.stdout.write(`${line}\n`),
    warn: (line) => io.stderr.write(`${line}\n`),
  };
}

/** As commander has them. */
interface GlobalWords {
  readonly data: string;
  readonly stack?: string;
  readonly pool?: string;
  readonly json: boolean;
}

/** @throws InvalidInputError when two systems are named. */
function globalOptions({ environment }: CliIo, command: Command): GlobalOptions {
  const { data, pool, json, ...words } = command.optsWithGlobals<GlobalWords>();
  const hasData = command.getOptionValueSourceWithGlobals("data") === "cli";
  const stack = chosenStack({ stack: words.stack, hasData, environment });
  return { data, json, ...(pool !== undefined && { pool }), ...(stack !== undefined && { stack }) };
}

/** An option's parser from one of ours: what it refuses is a usage error with found and expected. */
export function parsedBy<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      const { found, expected } = error.place;
      throw new InvalidArgumentError(`Found ${found}, expected ${expected}.`);
    }
  };
}

/** The same for an option that may be given several times. */
export function eachParsedBy<T>(
  parse: (text: string) => T,
): (text: string, previous: readonly T[] | undefined) => readonly T[] {
  const one = parsedBy(parse);
  return (text, previous = []) => [...previous, one(text)];
}

export interface Tag {
  readonly name: string;
  readonly value: string;
}

/** @throws InvalidInputError unless it is `name=value`. */
export function parseTag(text: string): Tag {
  const parts = /^(?<name>[^=]+)=(?<value>.*)$/u.exec(text)?.groups;
  if (parts?.["name"] !== undefined && parts["value"] !== undefined) {
    return { name: parts["name"], value: parts["value"] };
  }
  throw new InvalidInputError({
    where: "tag",
    found: JSON.stringify(text),
    expected: "name=value, e.g. team=web",
  });
}

/** @throws InvalidInputError unless it is a whole number from `min` to `max`. */
export function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/u.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidInputError({
      where: "number",
      found: JSON.stringify(text),
      expected: `a whole number from ${min} to ${max}`,
    });
  };
}
