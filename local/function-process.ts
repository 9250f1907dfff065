/**
 * One process that runs one function, one invocation at a time.
 *
 * States:  starting --ready--> idle (frozen) --invoke--> busy --result--> idle (frozen)
 *          busy --deadline, memory--> ended (killed)      any --exit--> ended
 *
 * Holds: an invocation settles exactly once, whatever happens to the process.
 * Source: AWS Lambda, "Lambda execution environment lifecycle" (2026-11): frozen between
 *         invocations, killed at its time-out, init apart.
 */
import type { ChildProcess } from "node:child_process";
import type { FunctionManifest } from "#functions/manifest.ts";
import type { InvocationOutcome } from "./events.ts";
import { localLimits } from "./local-limits.ts";
import { watchMemory } from "./memory-watch.ts";
import { fromRuntimeSchema, type FromRuntime, type FunctionError } from "./messages.ts";
import { signalProcess } from "./process-identity.ts";
import { readLines, spawnRuntime, tellRuntime } from "./runtime-child.ts";

export interface ProcessOptions {
  readonly description: FunctionManifest;
  readonly environment: Readonly<Record<string, string>>;
  /** Each line the function writes. */
  readonly onLine: (pid: number, line: string) => void;
  readonly onEnd: (process: FunctionProcess, why: string) => void;
}

export interface Outcome {
  readonly kind: InvocationOutcome;
  /** JSON text: the result, or the error as Lambda answers with. */
  readonly payload: string;
  readonly durationMs: number;
  readonly error?: string;
}

export type ProcessState = "starting" | "idle" | "busy" | "ended";

export interface FunctionProcess {
  readonly pid: number;
  readonly startedAt: number;
  /** `ended` from the moment it is killed: nothing new is given to it. */
  state(): ProcessState;
  /** When it was frozen last. */
  idleSince(): number;
  /** Resolves when the handler is loaded; false when it can't be. */
  readonly ready: Promise<boolean>;
  /** One at a time, on an idle process. */
  invoke(event: string, requestId: string): Promise<Outcome>;
  /** Tells the handler to let go. */
  askToStop(): void;
  /** Why it ends is told to whoever waits for an invocation. */
  kill(why: InvocationOutcome, message: string): void;
  readonly ended: Promise<void>;
}

/** What changes in the life of a process. */
interface Life {
  readonly child: ChildProcess;
  readonly pid: number;
  state: ProcessState;
  idleSince: number;
  current?: Current;
  ending?: { readonly kind: InvocationOutcome; readonly message: string };
  initError?: FunctionError;
}

interface Current {
  readonly requestId: string;
  readonly since: number;
  readonly settle: (outcome: Outcome) => void;
  readonly timer: NodeJS.Timeout;
}

const OUT_OF_HEAP = /heap out of memory|Reached heap limit/u;

export function startFunctionProcess(options: ProcessOptions): FunctionProcess {
  const { description } = options;
  const child = spawnRuntime(description, options.environment);
  const life: Life = { child, pid: child.pid ?? 0, state: "starting", idleSince: Date.now() };
  const ready = Promise.withResolvers<boolean>();
  const ended = Promise.withResolvers<undefined>();
  const stopWatching = watchLimits(life, description, ready.promise);
  const lastLine = readLines(child, (line) => {
    if (OUT_OF_HEAP.test(line))
      life.ending ??= { kind: "killed", message: memoryMessage(description) };
    options.onLine(life.pid, line);
  });

  child.on("message", (message) => {
    const isReady = receive(life, fromRuntimeSchema.parse(message));
    if (isReady) ready.resolve(true);
  });
  // A message that could not be handed over; the process's end is what counts.
  child.on("error", () => undefined);
  // `close` comes after the last line was read, `exit` may not.
  child.once("close", (code, signal) => {
    stopWatching();
    const message = `ended with ${signal ?? `status ${code ?? "unknown"}`}: ${lastLine()}`;
    buryWith(life, message);
    ready.resolve(false);
    ended.resolve(undefined);
    options.onEnd(self, life.ending?.message ?? message);
  });

  const self: FunctionProcess = {
    pid: life.pid,
    startedAt: Date.now(),
    state: () => (life.ending === undefined ? life.state : "ended"),
    idleSince: () => life.idleSince,
    ready: ready.promise,
    ended: ended.promise,
    invoke: (event, requestId) => invoke(life, { event, requestId, description }),
    askToStop: () => tellRuntime(child, { kind: "stop" }),
    kill: (kind, message) => end(life, kind, message),
  };
  return self;
}

interface Request {
  readonly event: string;
  readonly requestId: string;
  readonly description: FunctionManifest;
}

function invoke(life: Life, { event, requestId, description }: Request): Promise<Outcome> {
  if (life.state !== "idle" || life.ending !== undefined) {
    return Promise.resolve(gone(life.ending));
  }
  const { timeoutMs } = description;
  life.state = "busy";
  signalProcess(life.pid, "SIGCONT");
  return new Promise((settle) => {
    const spent = (): void => end(life, "timed-out", `timed out after ${timeoutMs} ms`);
    const timer = setTimeout(spent, timeoutMs);
    life.current = { requestId, since: performance.now(), settle, timer };
    const deadlineAt = Date.now() + timeoutMs;
    tellRuntime(life.child, { kind: "invoke", requestId, event, deadlineAt });
  });
}

/** Whether the process has just become ready. */
function receive(life: Life, message: FromRuntime): boolean {
  switch (message.kind) {
    case "ready":
      freeze(life);
      return true;
    case "init-failed":
      life.initError = message.error;
      end(life, "failed", describe(message.error));
      return false;
    case "result":
      if (message.requestId !== life.current?.requestId) return false;
      freeze(life);
      settle(life, "succeeded", message.payload);
      return false;
    case "error":
      if (message.requestId !== life.current?.requestId) return false;
      freeze(life);
      settle(life, "failed", JSON.stringify(message.error), describe(message.error));
      return false;
  }
}

function freeze(life: Life): void {
  life.state = "idle";
  life.idleSince = Date.now();
  signalProcess(life.pid, "SIGSTOP");
}

/** The whole group goes, so that nothing it started is left. */
function end(life: Life, kind: InvocationOutcome, message: string): void {
  if (life.state === "ended") return;
  life.ending ??= { kind, message };
  signalProcess(-life.pid, "SIGKILL");
}

function buryWith(life: Life, message: string): void {
  life.state = "ended";
  const { kind, message: why } = life.ending ?? { kind: "killed", message };
  const error: FunctionError = life.initError ?? {
    errorType: kind === "timed-out" ? "Sandbox.Timedout" : "Runtime.ExitError",
    errorMessage: why,
  };
  settle(life, kind, JSON.stringify(error), why);
}

function settle(life: Life, kind: InvocationOutcome, payload: string, error?: string): void {
  const { current } = life;
  if (current === undefined) return;
  delete life.current;
  clearTimeout(current.timer);
  const durationMs = performance.now() - current.since;
  current.settle({ kind, payload, durationMs, ...(error !== undefined && { error }) });
}

/** Ends it when it isn't ready in time, or holds too much memory; the returned function stops that. */
function watchLimits(
  life: Life,
  description: FunctionManifest,
  ready: Promise<boolean>,
): () => void {
  const { initWithinMs } = localLimits;
  const late = `${description.name} was not ready within ${initWithinMs} ms`;
  const timer = setTimeout(() => end(life, "timed-out", late), initWithinMs);
  void ready.then(() => clearTimeout(timer));
  const stopWatching = watchMemory(life.pid, description.memoryMb, (usedMb) =>
    end(life, "killed", `${memoryMessage(description)}, ${usedMb} MB used`),
  );
  return () => {
    clearTimeout(timer);
    stopWatching();
  };
}

function memoryMessage({ memoryMb }: FunctionManifest): string {
  return `out of memory: limit ${memoryMb} MB`;
}

function gone(ending: Life["ending"]): Outcome {
  const { kind, message } = ending ?? { kind: "killed", message: "the process has ended" };
  const error: FunctionError = { errorType: "Runtime.ExitError", errorMessage: message };
  return { kind, payload: JSON.stringify(error), durationMs: 0, error: message };
}

function describe(error: FunctionError): string {
  return `${error.errorType}: ${error.errorMessage}`;
}
