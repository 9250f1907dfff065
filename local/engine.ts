/**
 * The engine of a local cloud, kept running: found, started or adopted, watched, started again.
 *
 *     found --(endpoint)--> remote
 *     found --(binary, survivor answers)--> adopted      (binary, none)--> started
 *     adopted, started --dies--> started on the same port (at most five times a minute) --> failed
 *
 * Holds: its address doesn't change while the cloud runs; what was written survives its death.
 * Fails: InvalidInputError when no engine is found; DependencyError when it doesn't come up.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { DependencyError, InvalidInputError } from "#domain/errors.ts";
import { findEngine, STORE_ENDPOINT_KEY, type EngineSource } from "./engine-binary.ts";
import { engineEndpoint, isLoopback, LOOPBACK, type EngineListen } from "./engine-listen.ts";
import {
  answersInTime,
  endEngine,
  freePort,
  isFree,
  killEngine,
  lockFileOf,
  readEngineLock,
  spawnEngine,
  survivingEngines,
  type EngineProcess,
} from "./engine-process.ts";
import type { CloudListener } from "./events.ts";
import { localLimits } from "./local-limits.ts";
import type { DataPaths } from "./paths.ts";
import { isRunning, signalProcess } from "./process-identity.ts";
import { lockPath, type SupervisorLock } from "./supervisor-lock.ts";

export interface EngineOptions {
  readonly paths: DataPaths;
  readonly lock: SupervisorLock;
  readonly environment: NodeJS.ProcessEnv;
  readonly emit: CloudListener;
  /** Looked for unless given. */
  readonly source?: EngineSource;
  /** A free port of loopback unless given. */
  readonly listen?: EngineListen;
}

export interface Engine {
  readonly endpoint: string;
  /** Of the process; undefined for a remote one. */
  pid(): number | undefined;
  stop(): Promise<void>;
  /** At once, without asking. */
  kill(): void;
}

/** @throws InvalidInputError, DependencyError. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  await mkdir(options.paths.logs, { recursive: true });
  await mkdir(options.paths.locks, { recursive: true });
  const source = options.source ?? findEngine({ environment: options.environment });
  return source.kind === "endpoint"
    ? await remoteEngine(source.endpoint, options)
    : await localEngine(source, options);
}

async function remoteEngine(endpoint: string, { emit, listen }: EngineOptions): Promise<Engine> {
  if (listen !== undefined) {
    const found = `${STORE_ENDPOINT_KEY} and a place to listen`;
    throw new InvalidInputError({ where: "--store-listen", found, expected: "one of them" });
  }
  if (!(await answersInTime(endpoint, () => true))) {
    throw new DependencyError(`the store at ${endpoint} doesn't answer`, { retryable: true });
  }
  emit({ kind: "engine", state: "adopted", message: `store at ${endpoint}` });
  return {
    endpoint,
    pid: () => undefined,
    stop: () => Promise.resolve(),
    kill: () => undefined,
  };
}

type Binary = Extract<EngineSource, { kind: "binary" }>;

async function localEngine(source: Binary, options: EngineOptions): Promise<Engine> {
  const { emit } = options;
  let current = (await adopt(options)) ?? (await startNew(source, options));
  if (!isLoopback(current.host)) emit({ kind: "note", level: "warn", text: exposure(current) });
  let stopping = false;
  let reviving: Promise<void> | undefined;
  const starts: number[] = [];

  async function revive(): Promise<void> {
    emit({ kind: "engine", state: "died", message: `engine ${current.pid} died; it is restarted` });
    while (!stopping) {
      const now = performance.now();
      const recent = starts.filter((at) => at > now - localLimits.engineStartsWindowMs);
      starts.splice(0, starts.length, ...recent, now);
      if (recent.length >= localLimits.engineStartsMax) {
        clearInterval(watch);
        const message = `engine died ${recent.length} times within a minute; see ${logFile(options.paths)}`;
        emit({ kind: "engine", state: "failed", message });
        return;
      }
      const started = await start(source, options, current);
      if (started === undefined) {
        await wait(localLimits.engineWatchEveryMs);
        continue;
      }
      current = started;
      emit({ kind: "engine", state: "started", message: startedMessage(current) });
      return;
    }
  }

  const watch = setInterval(() => {
    if (stopping || reviving !== undefined || isRunning(current)) return;
    reviving = revive().finally(() => {
      reviving = undefined;
    });
  }, localLimits.engineWatchEveryMs);

  return {
    endpoint: endpointOf(current),
    pid: () => current.pid,
    async stop() {
      stopping = true;
      clearInterval(watch);
      await reviving;
      await endEngine(current);
      emit({ kind: "engine", state: "stopped", message: "engine stopped" });
    },
    kill() {
      stopping = true;
      clearInterval(watch);
      if (isRunning(current)) signalProcess(-current.pid, "SIGKILL");
    },
  };
}

/** The survivor of a supervisor that was killed; one that doesn't answer, or listens elsewhere, is ended. */
async function adopt({ paths, emit, listen }: EngineOptions): Promise<EngineProcess | undefined> {
  let adopted: EngineProcess | undefined;
  for (const engine of await survivingEngines(paths)) {
    const isUseful = adopted === undefined && isWhere(engine, listen) && (await comesUp(engine));
    if (isUseful) adopted = engine;
    else await killEngine(engine);
  }
  if (adopted === undefined) return undefined;
  const message = `engine ${adopted.pid} survived and is adopted, ${endpointOf(adopted)}`;
  emit({ kind: "engine", state: "adopted", message });
  return adopted;
}

/** Nobody is to reach a store from elsewhere who wasn't let in this time. */
function isWhere({ host, port }: EngineProcess, listen: EngineListen | undefined): boolean {
  return listen === undefined ? host === LOOPBACK : host === listen.host && port === listen.port;
}

function comesUp(engine: EngineProcess): Promise<boolean> {
  return answersInTime(endpointOf(engine), () => isRunning(engine));
}

async function startNew(source: Binary, options: EngineOptions): Promise<EngineProcess> {
  if (options.listen !== undefined) await assertFree(options.listen);
  for (let tries = 0; tries < localLimits.enginePortTriesMax; tries += 1) {
    // Somebody else may take the port before the engine does.
    const listen = options.listen ?? { host: LOOPBACK, port: await freePort() };
    const started = await start(source, options, listen);
    if (started === undefined) continue;
    options.emit({ kind: "engine", state: "started", message: startedMessage(started) });
    return started;
  }
  const log = logFile(options.paths);
  const text = await readFile(log, "utf8").catch(() => "");
  const last = text.trim().split("\n").at(-1) ?? "";
  throw new DependencyError(`the engine ${source.path} doesn't start: ${last} (see ${log})`, {
    retryable: false,
  });
}

/** Whoever listens there already would answer in the engine's place. */
async function assertFree(listen: EngineListen): Promise<void> {
  const where = "--store-listen";
  const place = `${listen.host}:${listen.port}`;
  const isOurs = await isFree(listen).catch((cause: unknown) => {
    const found = `${place} (${cause instanceof Error ? cause.message : String(cause)})`;
    const expected = "an address of this machine, and a port that may be used";
    throw new InvalidInputError({ where, found, expected }, { cause });
  });
  if (isOurs) return;
  const found = `${place}, which another process has`;
  throw new InvalidInputError({ where, found, expected: "a port that is free" });
}

function endpointOf({ port, host }: EngineListen): string {
  return engineEndpoint(port, host);
}

function exposure({ host, port }: EngineListen): string {
  return `the store listens on ${host}:${port} and asks for no password: whoever reaches it there can read and change everything`;
}

function startedMessage(engine: EngineProcess): string {
  return `engine ${engine.pid} runs, ${endpointOf(engine)}`;
}

function logFile(paths: DataPaths): string {
  return join(paths.logs, "engine.log");
}

/** undefined when it ended, or was ended because it did not answer. */
async function start(
  source: Binary,
  { paths, lock }: EngineOptions,
  listen: EngineListen,
): Promise<EngineProcess | undefined> {
  const { generation } = lock;
  await mkdir(paths.logs, { recursive: true });
  const child = spawnEngine({
    binary: source.path,
    listen,
    generation,
    supervisorLock: lockPath(paths, generation),
    paths,
  });
  const hasEnded = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const answered = await answersInTime(endpointOf(listen), isAlive);
  const engine = await readEngineLock(lockFileOf(paths, generation));
  if (answered && engine?.pid === child.pid && isAlive()) return engine;
  if (isAlive()) child.kill("SIGKILL");
  await hasEnded;
  return undefined;
}
