/**
 * What the command's exit status means: for scripts, in one table. `lamplighter --help` prints it.
 */
export const exitCodes = {
  ok: 0,
  /** The command did its work, and the answer is no: a target is down, a file has problems. */
  negative: 1,
  /** A bad option, argument or file: run it again differently. */
  usage: 2,
  /** The system or its store can't be reached: start it, or try again. */
  unreachable: 3,
  /** A bug of ours. */
  internal: 70,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodesHelp = `
Exit status:
  0   done; nothing is wrong
  1   the answer is no: a target is down, a file has problems, something asked for isn't there
  2   a bad option, argument or input
  3   the system or its store can't be reached
  70  a bug in lamplighter`;
