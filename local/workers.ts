/**
 * The function processes of a local cloud: reused while they live, ended when nobody needs them.
 *
 * Holds: at most `processesMax` at once; a process has one invocation at a time.
 */
import type { FunctionManifest, FunctionName } from "#functions/manifest.ts";
import type { CloudListener } from "./events.ts";
import {
  startFunctionProcess,
  type FunctionProcess,
  type Outcome,
  type ProcessState,
} from "./function-process.ts";
import { localLimits } from "./local-limits.ts";
import type { LogFiles } from "./log-files.ts";
import { readLogLine } from "./log-line.ts";
import type { Warden } from "./warden.ts";

export interface WorkerOptions {
  readonly manifest: Readonly<Record<FunctionName, FunctionManifest>>;
  readonly environment: (name: FunctionName) => Readonly<Record<string, string>>;
  readonly logs: LogFiles;
  readonly warden: Warden;
  readonly emit: CloudListener;
  readonly processesMax?: number;
  readonly idleMaxMs?: number;
}

export interface ProcessView {
  readonly name: FunctionName;
  readonly pid: number;
  readonly state: ProcessState;
}

/** A process that is reserved for whoever took it, until `run` has settled. */
export interface Worker {
  readonly name: FunctionName;
  readonly process: FunctionProcess;
  isTaken: boolean;
}

export interface Work {
  readonly event: string;
  readonly requestId: string;
  readonly attempt: number;
}

export interface Workers {
  /** A frozen process of that function, else a new one while there is room. */
  take(name: FunctionName): Worker | undefined;
  run(worker: Worker, work: Work): Promise<Outcome>;
  all(): readonly Worker[];
  /** Called whenever there may be room again. */
  onRoom(listener: () => void): void;
  /** No process is ended for idleness any more. */
  close(): void;
}

export function functionWorkers(options: WorkerOptions): Workers {
  const { emit } = options;
  const { processesMax = localLimits.processesMax, idleMaxMs = localLimits.idleMaxMs } = options;
  const workers = new Set<Worker>();
  let tellRoom = (): void => undefined;

  function start(name: FunctionName): Worker {
    const process = startFunctionProcess({
      description: options.manifest[name],
      environment: options.environment(name),
      onLine: (pid, line) => {
        options.logs.write(name, line);
        emit({ kind: "function-log", name, pid, ...readLogLine(line) });
      },
      onEnd: ({ pid }, why) => {
        workers.delete(worker);
        options.warden.drop(pid);
        emit({ kind: "process", state: "ended", name, pid, why });
        tellRoom();
      },
    });
    const worker: Worker = { name, process, isTaken: false };
    workers.add(worker);
    options.warden.add(process.pid);
    emit({ kind: "process", state: "started", name, pid: process.pid, why: "" });
    return worker;
  }

  /** Room for this function: a frozen process of another one goes. */
  function endIdleOfOther(name: FunctionName): void {
    const idle = [...workers].find((worker) => worker.name !== name && isFree(worker));
    if (idle === undefined) return;
    workers.delete(idle);
    idle.process.kill("stopped", "room for another function");
  }

  const idleTimer = setInterval(() => {
    const longAgo = Date.now() - idleMaxMs;
    for (const worker of workers) {
      if (!isFree(worker) || worker.process.idleSince() > longAgo) continue;
      worker.process.kill("stopped", "idle for long");
    }
    tellRoom();
  }, localLimits.idleCheckEveryMs);

  return {
    take(name) {
      const frozen = [...workers].find((worker) => worker.name === name && isFree(worker));
      if (frozen === undefined && workers.size >= processesMax) endIdleOfOther(name);
      const taken = frozen ?? (workers.size < processesMax ? start(name) : undefined);
      if (taken !== undefined) taken.isTaken = true;
      return taken;
    },
    run: (worker, work) => runOn(worker, work, emit),
    all: () => [...workers],
    onRoom(listener) {
      tellRoom = listener;
    },
    close: () => clearInterval(idleTimer),
  };
}

async function runOn(worker: Worker, work: Work, emit: CloudListener): Promise<Outcome> {
  const { name, process } = worker;
  const { pid } = process;
  const { event, requestId, attempt } = work;
  if (process.state() === "idle") {
    emit({ kind: "process", state: "thawed", name, pid, why: requestId });
  } else {
    await process.ready;
  }
  const invoked = process.invoke(event, requestId);
  emit({ kind: "invocation-started", name, requestId, pid, attempt });
  const settled = await invoked;
  worker.isTaken = false;
  const { kind: outcome, durationMs, error } = settled;
  const ended = { name, requestId, pid, attempt, outcome, durationMs };
  emit({ kind: "invocation-ended", ...ended, ...(error !== undefined && { error }) });
  if (process.state() !== "idle") return settled;
  emit({ kind: "process", state: "frozen", name, pid, why: requestId });
  const isOld = Date.now() - process.startedAt > localLimits.processAgeMaxMs;
  if (isOld) process.kill("stopped", "old enough");
  return settled;
}

function isFree(worker: Worker): boolean {
  return !worker.isTaken && worker.process.state() === "idle";
}
