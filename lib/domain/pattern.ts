/**
 * Regular expressions that can't be turned against us: matched in linear time by RE2, and not
 * over more text than their size allows.
 *
 * In:    a pattern (RE2 syntax), texts                   Out: found, and how much was searched
 * Holds: pattern size × text length is bounded, and with it the time of one search.
 * Fails: InvalidInputError for a pattern that RE2 refuses or that is too big.
 * Source: https://github.com/google/re2/wiki/Syntax
 */
import { RE2JS } from "re2js";
import { InvalidInputError } from "./errors.ts";

export interface Pattern {
  readonly source: string;
  /** Searches `text` from its start, as far as the budget goes. */
  isIn(text: string): boolean;
  /** How many characters of a text are searched at most. */
  readonly charactersMax: number;
}

const SOURCE_MAX = 1_000;
const SIZE_MAX = 1_000;
/**
 * Instructions × characters. The worst pattern found costs 15 ns for each (re2js 2.10, November
 * 2026: `a(?:[ab]{0,1000}[x-z])` over 64 KiB took 1.25 s), so 120 ms at most; usual ones run
 * through their automaton at 10 ns a character.
 */
const WORK_MAX = 8_000_000;

/**
 * @param where named in the error: the field that carries the pattern.
 * @throws InvalidInputError when the pattern can't be used.
 */
export function compilePattern(source: string, where = "pattern"): Pattern {
  const compiled = compile(source, where);
  const size = Math.max(1, compiled.programSize());
  if (size > SIZE_MAX) throw refusal(source, where, `which compiles to ${size} steps`);
  const charactersMax = Math.floor(WORK_MAX / size);
  return {
    source,
    charactersMax,
    isIn: (text) =>
      compiled.test(text.length > charactersMax ? text.slice(0, charactersMax) : text),
  };
}

function compile(source: string, where: string): RE2JS {
  if (source.length > SOURCE_MAX) throw refusal(source, where, `${source.length} characters`);
  try {
    return RE2JS.compile(source);
  } catch (cause) {
    throw refusal(source, where, cause instanceof Error ? cause.message : String(cause));
  }
}

function refusal(source: string, where: string, reason: string): InvalidInputError {
  return new InvalidInputError({
    where,
    found: `${JSON.stringify(source.slice(0, 80))} (${reason})`,
    expected:
      `a regular expression in RE2 syntax (no look-around, no back-references), ` +
      `of at most ${SOURCE_MAX} characters and ${SIZE_MAX} steps`,
  });
}
