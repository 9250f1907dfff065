/** The command line without its actions: whether a command that a document names is one, and its options too. */
import type { Command } from "commander";
import { buildProgram } from "#cli/program.ts";

export function program(): Command {
  const silent = {
    write: () => Promise.resolve(),
    style: (_: unknown, text: string) => text,
    isTerminal: false,
    columns: 80,
  };
  return buildProgram({
    io: {
      stdout: silent,
      stderr: silent,
      stdin: (async function* () {})(),
      environment: {},
      progressStream: process.stderr,
      signals: { interrupted: () => new AbortController().signal, atEnd: () => () => undefined },
    },
    settle: () => undefined,
  });
}

/** Commands that do something by themselves as well. */
const ALSO_ALONE = new Set(["leases"]);

/** Every command only tells its name. */
export function withActions(command: Command, tell: (name: string) => void): Command {
  for (const sub of command.commands) {
    if (sub.commands.length === 0 || ALSO_ALONE.has(sub.name())) sub.action(() => tell(sub.name()));
    withActions(sub, tell);
  }
  return command;
}
