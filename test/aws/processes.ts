/**
 * Processes with time limits, that end when we do.
 *
 * Each is the head of a process group of its own, unless it is to be in ours, so that what it
 * started ends with it. All that run are ended by `endAll`, in order first, by force after a moment.
 *
 * Holds: no process outlives its limit, nor `endAll`.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { signalProcess } from "#local/process-identity.ts";
import { StepFailure } from "./report.ts";

const END_WITHIN_MS = 5_000;
const OUTPUT_MAX_CHARACTERS = 400_000;

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Ends when whoever ends us ends our group: for what tests start. Else it heads its own. */
  readonly isInOurGroup?: boolean;
}

export interface Ran {
  /** undefined when it was ended by a signal, or never started. */
  readonly code: number | undefined;
  readonly isOverTime: boolean;
  /** What it said, both ways, the last part of it when it is long. */
  readonly output: string;
}

export interface Running {
  isRunning(): boolean;
  /** @param patienceMs before force is used. */
  end(patienceMs?: number): Promise<void>;
}

interface Owned {
  readonly child: ChildProcess;
  /** Whom signals go to: a group when negative. */
  readonly address: number | undefined;
}

const running = new Set<Owned>();
let isOver = false;

/** Runs it to its end. @param onOutput what it says, as it says it. */
export async function run(
  line: CommandLine & { readonly input?: string },
  withinMs: number,
  onOutput?: (text: string) => void,
): Promise<Ran> {
  const owned = start(line, ["pipe", "pipe", "pipe"]);
  const { child } = owned;
  let output = "";
  const take = (part: Buffer): void => {
    const text = part.toString();
    output = (output + text).slice(-OUTPUT_MAX_CHARACTERS);
    onOutput?.(text);
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  // One that ends without reading what it is given has its own way to say so.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(line.input ?? "");
  let isOverTime = false;
  const limit = setTimeout(() => {
    isOverTime = true;
    void end(owned);
  }, withinMs);
  try {
    await once(child, "close");
  } catch (error) {
    output += String(error);
  } finally {
    clearTimeout(limit);
  }
  // What can't be started has a number below zero there.
  const code = child.exitCode === null || child.exitCode < 0 ? undefined : child.exitCode;
  return { code, isOverTime, output };
}

/** Starts it, and lets it run. @param log what it says goes to the end of this file. */
export function keepRunning(line: CommandLine, log: string): Running {
  const file = openSync(log, "a");
  const owned = start(line, ["ignore", file, file]);
  closeSync(file);
  return { isRunning: () => isAlive(owned), end: (patienceMs) => end(owned, patienceMs) };
}

/** For good: nothing is started from now on. */
export async function endAll(): Promise<void> {
  isOver = true;
  await Promise.all([...running].map((owned) => end(owned)));
}

function start(
  { command, args, environment, cwd, isInOurGroup = false }: CommandLine,
  stdio: ("pipe" | "ignore" | number)[],
): Owned {
  if (isOver) throw new StepFailure(`${command} is not started: we are ending`);
  const child = spawn(command, args, { cwd, env: environment, stdio, detached: !isInOurGroup });
  const address = child.pid === undefined || isInOurGroup ? child.pid : -child.pid;
  const owned = { child, address };
  running.add(owned);
  child.once("exit", () => {
    running.delete(owned);
    // What it started may outlive it.
    if (!isInOurGroup) signal(owned, "SIGKILL");
  });
  child.once("error", () => running.delete(owned));
  return owned;
}

function isAlive({ child }: Owned): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function end(owned: Owned, patienceMs = END_WITHIN_MS): Promise<void> {
  if (!isAlive(owned)) return;
  const gone = once(owned.child, "exit").catch(() => undefined);
  signal(owned, "SIGTERM");
  const force = setTimeout(() => signal(owned, "SIGKILL"), patienceMs);
  await gone;
  clearTimeout(force);
}

function signal({ address }: Owned, name: NodeJS.Signals): void {
  if (address !== undefined) signalProcess(address, name);
}
