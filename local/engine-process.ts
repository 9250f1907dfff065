/**
 * One engine process: started, found again, asked, ended.
 *
 * The shell that becomes the engine writes its own process id, port, start and address into a lock file
 * before it does, so there is no moment at which an engine runs that no file tells of. Then it
 * looks whether its supervisor's lock is still there: a later supervisor removes it before it looks
 * for survivors, so one of the two sees the other.
 *
 * Holds: at most one engine on a data folder's store.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LOOPBACK, type EngineListen } from "./engine-listen.ts";
import { localLimits } from "./local-limits.ts";
import type { DataPaths } from "./paths.ts";
import {
  isRunning,
  OWN_TOKEN_IN_SHELL,
  signalProcess,
  type ProcessIdentity,
} from "./process-identity.ts";

const PREFIX = "engine-";

/** $0 binary, $1 port, $2 store, $3 lock file, $4 the supervisor's lock file, $5 address. */
const BECOME_ENGINE = `
token=$(${OWN_TOKEN_IN_SHELL})
printf '%s\\n%s\\n%s\\n%s\\n' "$$" "$1" "$token" "$5" > "$3.tmp" && mv "$3.tmp" "$3" || exit 1
[ -e "$4" ] || exit 1
exec "$0" serve --host "$5" --port "$1" --db-path "$2"
`;

export interface EngineProcess extends ProcessIdentity {
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  readonly lockFile: string;
}

export interface EngineStart {
  readonly binary: string;
  readonly listen: EngineListen;
  readonly generation: number;
  readonly supervisorLock: string;
  readonly paths: DataPaths;
}

/** In a session of its own: what a terminal sends to its foreground doesn't reach it. */
export function spawnEngine(start: EngineStart): ChildProcess {
  const log = openSync(join(start.paths.logs, "engine.log"), "a");
  try {
    const child = spawn(
      "/bin/sh",
      [
        "-c",
        BECOME_ENGINE,
        start.binary,
        String(start.listen.port),
        start.paths.store,
        lockFileOf(start.paths, start.generation),
        start.supervisorLock,
        start.listen.host,
      ],
      { detached: true, stdio: ["ignore", log, log], cwd: start.paths.root },
    );
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

export function lockFileOf(paths: DataPaths, generation: number): string {
  return join(paths.locks, `${PREFIX}${String(generation).padStart(6, "0")}`);
}

/** Engines that this folder's lock files tell of and that run; files of those gone are removed. */
export async function survivingEngines(paths: DataPaths): Promise<EngineProcess[]> {
  const names = (await readdir(paths.locks)).filter(
    (name) => name.startsWith(PREFIX) && !name.endsWith(".tmp"),
  );
  const survivors: EngineProcess[] = [];
  for (const name of names) {
    const lockFile = join(paths.locks, name);
    const engine = await readEngineLock(lockFile);
    if (engine !== undefined && isRunning(engine)) survivors.push(engine);
    else await rm(lockFile, { force: true });
  }
  return survivors;
}

export async function readEngineLock(lockFile: string): Promise<EngineProcess | undefined> {
  const text = await readFile(lockFile, "utf8").catch(() => "");
  const [pid, port, startToken = "", written = ""] = text.split("\n");
  // An engine of an earlier version wrote no address.
  const host = written === "" ? LOOPBACK : written;
  const engine = { pid: Number(pid), host, port: Number(port), startToken, lockFile };
  return engine.pid > 0 && engine.port > 0 && startToken !== "" ? engine : undefined;
}

/** Any answer to any question shows that it listens. */
export async function answers(endpoint: string, withinMs: number): Promise<boolean> {
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.ListTables",
      },
      body: "{}",
      signal: AbortSignal.timeout(withinMs),
    });
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** @param isAlive whether it is still worth waiting. */
export async function answersInTime(endpoint: string, isAlive: () => boolean): Promise<boolean> {
  const giveUpAt = performance.now() + localLimits.engineAnswerWithinMs;
  while (performance.now() < giveUpAt) {
    if (await answers(endpoint, 1_000)) return true;
    if (!isAlive()) return false;
    await wait(localLimits.engineAnswerPollMs);
  }
  return false;
}

/** Asks it to end, then ends it; resolves when it is gone. */
export async function endEngine(engine: EngineProcess): Promise<void> {
  const isGone = (): boolean => !isRunning(engine);
  if (!isGone()) signalProcess(engine.pid, "SIGTERM");
  if (!(await becomes(isGone, localLimits.engineStopWithinMs))) await killEngine(engine);
  await rm(engine.lockFile, { force: true });
}

/** One that doesn't answer wouldn't hear the question. What it acknowledged is in its file. */
export async function killEngine(engine: EngineProcess): Promise<void> {
  signalProcess(engine.pid, "SIGKILL");
  await becomes(() => !isRunning(engine), localLimits.killedWithinMs);
  await rm(engine.lockFile, { force: true });
}

/** Whether `condition` came true within `withinMs`. */
export async function becomes(condition: () => boolean, withinMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() >= giveUpAt) return false;
    await wait(20);
  }
  return true;
}

/** A loopback port that was free a moment ago. */
export function freePort(): Promise<number> {
  return portAt(0, LOOPBACK);
}

/** Whether nobody listens there; @throws whatever else the system says about the address. */
export async function isFree({ host, port }: EngineListen): Promise<boolean> {
  try {
    await portAt(port, host);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
    throw error;
  }
}

function portAt(wanted: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(wanted, host, () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("the system gave no port"));
      });
    });
  });
}
