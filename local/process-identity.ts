/**
 * Which process a number means: a process id alone may have been given to another one since.
 *
 * In:    a process id                                    Out: when it started, in the system's own words
 * Holds: two processes that have had the same id differ in `startToken`, over restarts of the machine too.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Compared by equality only: boot and clock ticks on Linux, the text of `ps -o lstart` elsewhere. */
  readonly startToken: string;
}

const PS_WITHIN_MS = 2_000;

/** undefined when no such process runs (a zombie has ended). */
export function findProcess(pid: number): ProcessIdentity | undefined {
  const startToken = process.platform === "linux" ? linuxStart(pid) : psStart(pid);
  return startToken === undefined ? undefined : { pid, startToken };
}

export function isRunning(identity: ProcessIdentity): boolean {
  return findProcess(identity.pid)?.startToken === identity.startToken;
}

/** @throws Error when the system doesn't show us to ourselves: then no lock would mean anything. */
export function ownIdentity(): ProcessIdentity {
  const found = findProcess(process.pid);
  if (found === undefined) throw new Error(`cannot read when process ${process.pid} started`);
  return found;
}

/**
 * A shell's command that prints the same token for the shell itself, `$$`.
 * Two seconds that differ by rounding would not be equal, so both sides read the same source.
 */
export const OWN_TOKEN_IN_SHELL =
  process.platform === "linux"
    ? `printf '%s:%s' "$(cat /proc/sys/kernel/random/boot_id)" "$(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f20)"`
    : `ps -o lstart= -p $$`;

/** Index of `starttime` (field 22) after the command's closing bracket. */
const START_FIELD = 19;

function linuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}:${fields[START_FIELD] ?? ""}`;
  } catch {
    return undefined;
  }
}

function psStart(pid: number): string | undefined {
  try {
    const options = { encoding: "utf8", timeout: PS_WITHIN_MS } as const;
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], options).trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Sends a signal to a process or, with a negative number, to its group; false when it is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  // To the system, 0 is our own group.
  if (pid === 0) return false;
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
