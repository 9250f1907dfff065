/**
 * One command, from its words to its exit status.
 *
 * Fails: never: whatever is thrown becomes a message on standard error and a status.
 */
import { CommanderError } from "commander";
import { DependencyError, InvalidInputError } from "#domain/errors.ts";
import { exitCodes, type ExitCode } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import { printable } from "./output/display.ts";
import { buildProgram } from "./program.ts";

export async function run(words: readonly string[], io: CliIo): Promise<ExitCode> {
  let answer: ExitCode = exitCodes.ok;
  const settle = (code: ExitCode): void => {
    answer = code;
  };
  try {
    await buildProgram({ io, settle }).parseAsync(words, { from: "user" });
    return answer;
  } catch (error) {
    return await explain(error, io);
  }
}

async function explain(error: unknown, io: CliIo): Promise<ExitCode> {
  // Commander has written its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const title = io.stderr.style("red", "lamplighter:");
  if (error instanceof InvalidInputError) {
    await io.stderr.write(`${title} ${printable(error.message)}\n`);
    return exitCodes.usage;
  }
  if (error instanceof DependencyError) {
    const again = error.retryable ? " (trying again may help)" : "";
    await io.stderr.write(`${title} ${error.message}${again}\n`);
    return exitCodes.unreachable;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  await io.stderr.write(`${title} a bug in lamplighter, please report it:\n${trace}\n`);
  return exitCodes.internal;
}
