/** The words of an expression, and a cursor over them. */
import { validation } from "./failures.ts";

const WORD = /\s*([A-Za-z_][\w]*|#\w+|:\w+|\d+|<>|<=|>=|[=<>()[\].,+-])/uy;
const WORDS_MAX = 4_096;

export interface Cursor {
  /** The next word as written; "" at the end. */
  peek(ahead?: number): string;
  next(): string;
  /** Takes the next word when it is this one; keywords in any case. */
  takes(word: string): boolean;
  expect(word: string): void;
  end(): void;
}

/** @param what names the expression in errors, e.g. `ConditionExpression`. */
export function cursorOver(expression: string, what: string): Cursor {
  const words = wordsOf(expression, what);
  let at = 0;
  const is = (word: string): boolean => words[at]?.toUpperCase() === word.toUpperCase();
  const cursor: Cursor = {
    peek: (ahead = 0) => words[at + ahead] ?? "",
    next() {
      at += 1;
      return words[at - 1] ?? "";
    },
    takes(word) {
      if (!is(word)) return false;
      at += 1;
      return true;
    },
    expect(word) {
      if (!cursor.takes(word)) throw syntax(what, cursor.peek(), word);
    },
    end() {
      if (at < words.length) throw syntax(what, cursor.peek(), "the end");
    },
  };
  return cursor;
}

export function syntax(what: string, found: string, expected: string): Error {
  return validation(
    `Invalid ${what}: Syntax error; found ${found === "" ? "the end" : found}, expected ${expected}`,
  );
}

function wordsOf(expression: string, what: string): string[] {
  if (expression.trim() === "") {
    throw validation(`Invalid ${what}: The expression can not be empty;`);
  }
  const words: string[] = [];
  const source = expression.trimEnd();
  WORD.lastIndex = 0;
  while (WORD.lastIndex < source.length) {
    const from = WORD.lastIndex;
    const word = WORD.exec(source)?.[1];
    if (word === undefined) throw syntax(what, source.slice(from, from + 10), "a word");
    words.push(word);
    if (words.length > WORDS_MAX) throw validation(`Invalid ${what}: too many words`);
  }
  return words;
}
