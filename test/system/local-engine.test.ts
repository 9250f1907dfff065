/** The engine as a process: started, adopted, refused, killed, hung. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { DependencyError } from "#domain/errors.ts";
import { parseEngineListen, type EngineListen } from "#local/engine-listen.ts";
import { answers, becomes, freePort, killEngine, survivingEngines } from "#local/engine-process.ts"; // prettier-ignore
import { startEngine, type Engine } from "#local/engine.ts";
import type { CloudEvent } from "#local/events.ts";
import { dataPaths } from "#local/paths.ts";
import { findProcess } from "#local/process-identity.ts";
import { takeSupervisorLock } from "#local/supervisor-lock.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const WITHIN_MS = 30_000;
const newFolder = temporaryFolders();

const running: Engine[] = [];
const abandonedIn: string[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((engine) => engine.stop()));
  // Where a test failed halfway, nobody has adopted the abandoned one.
  for (const folder of abandonedIn.splice(0)) {
    for (const engine of await survivingEngines(dataPaths(folder))) await killEngine(engine);
  }
});

interface Supervised {
  readonly engine: Engine;
  readonly told: readonly string[];
}

async function supervise(folder: string, listen?: EngineListen): Promise<Supervised> {
  const paths = dataPaths(folder);
  const lock = await takeSupervisorLock(paths);
  const told: string[] = [];
  const emit = (event: CloudEvent): void => {
    if (event.kind === "engine") told.push(event.state);
    if (event.kind === "note") told.push(`${event.level}: ${event.text}`);
  };
  const engine = await startEngine({
    paths,
    lock,
    environment: {},
    emit,
    ...(listen !== undefined && { listen }),
  });
  running.push(engine);
  return { engine, told };
}

const ABANDON = fileURLToPath(new URL("../local/fixtures/abandon-engine.ts", import.meta.url));

/** An engine whose supervisor was killed with -9. */
async function abandoned(
  folder: string,
  listen = "",
): Promise<{ readonly pid: number; readonly endpoint: string }> {
  abandonedIn.push(folder);
  const child = spawn(process.execPath, [ABANDON, folder, listen], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  await once(child, "close");
  expect(child.signalCode).toBe("SIGKILL");
  return z.object({ pid: z.number(), endpoint: z.string() }).parse(JSON.parse(text));
}

describe("where an engine listens", () => {
  it.each([
    ["8000", { host: "127.0.0.1", port: 8000 }],
    ["0.0.0.0:8000", { host: "0.0.0.0", port: 8000 }],
    ["172.17.0.1:65535", { host: "172.17.0.1", port: 65535 }],
  ])("is read from %s", (text, listen) => {
    expect(parseEngineListen(text)).toEqual(listen);
  });

  it.each(["", "0", "65536", "localhost:8000", "0.0.0.0", "1.2.3:8000", "[::]:8000", "8000 "])(
    "is not read from %j",
    (text) => {
      expect(() => parseEngineListen(text)).toThrow("an address and a port of this machine");
    },
  );
});

describe("the engine", () => {
  it("starts in a process group of its own, answers, and leaves nothing when stopped", async () => {
    const { engine, told } = await supervise(await newFolder());
    const pid = engine.pid() ?? 0;
    expect(await answers(engine.endpoint, 1_000)).toBe(true);
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const group = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2];
    expect(group).toBe(String(pid));
    await engine.stop();
    expect(findProcess(pid)).toBeUndefined();
    expect(told).toEqual(["started", "stopped"]);
  });

  it("that survived its supervisor is adopted, at the same address", async () => {
    const folder = await newFolder();
    const { pid, endpoint } = await abandoned(folder);
    const { told, engine } = await supervise(folder);
    expect(told).toEqual(["adopted"]);
    expect([engine.pid(), engine.endpoint]).toEqual([pid, endpoint]);
  });

  it("that survived but hangs is ended, and another one starts", async () => {
    const folder = await newFolder();
    const { pid } = await abandoned(folder);
    process.kill(pid, "SIGSTOP");
    const { told } = await supervise(folder);
    expect(told).toEqual(["started"]);
    expect(findProcess(pid)).toBeUndefined();
  });

  it("that is killed is started again at the same address", async () => {
    const { engine, told } = await supervise(await newFolder());
    const pid = engine.pid() ?? 0;
    process.kill(pid, "SIGKILL");
    expect(await becomes(() => told.length === 3, WITHIN_MS)).toBe(true);
    expect(told).toEqual(["started", "died", "started"]);
    expect(engine.pid()).not.toBe(pid);
    expect(await answers(engine.endpoint, 1_000)).toBe(true);
  });

  it("listens where it is told to, and keeps that address", async () => {
    const port = await freePort();
    const { engine, told } = await supervise(await newFolder(), { host: "0.0.0.0", port });
    // What runs here needs no other way than before.
    expect(engine.endpoint).toBe(`http://127.0.0.1:${port}`);
    expect(told[0]).toBe("started");
    expect(told[1]).toContain("warn: the store listens on 0.0.0.0");
    const sockets = await readFile("/proc/net/tcp", "utf8");
    const portInHex = port.toString(16).toUpperCase().padStart(4, "0");
    expect(sockets).toMatch(new RegExp(` 00000000:${portInHex} `, "u"));
    process.kill(engine.pid() ?? 0, "SIGKILL");
    expect(await becomes(() => told.includes("died") && told.at(-1) === "started", WITHIN_MS)).toBe(true); // prettier-ignore
    expect(await answers(engine.endpoint, 1_000)).toBe(true);
  });

  it("listens on loopback unless told otherwise, also after one that didn't", async () => {
    const folder = await newFolder();
    const port = await freePort();
    const { pid } = await abandoned(folder, `0.0.0.0:${port}`);
    const { told, engine } = await supervise(folder);
    expect(told).toEqual(["started"]);
    expect(findProcess(pid)).toBeUndefined();
    expect(engine.endpoint).not.toContain(String(port));
  });

  it("that survived where it is to listen is adopted", async () => {
    const folder = await newFolder();
    const port = await freePort();
    const { pid } = await abandoned(folder, `127.0.0.1:${port}`);
    const { told, engine } = await supervise(folder, { host: "127.0.0.1", port });
    expect(told).toEqual(["adopted"]);
    expect([engine.pid(), engine.endpoint]).toEqual([pid, `http://127.0.0.1:${port}`]);
  });

  it("is refused a port that another has, whoever answers there", async () => {
    const { engine } = await supervise(await newFolder());
    const port = Number(new URL(engine.endpoint).port);
    const second = supervise(await newFolder(), { host: "127.0.0.1", port });
    await expect(second).rejects.toThrow(`found 127.0.0.1:${port}, which another process has`);
  });

  it("that is somebody else's can't be told where to listen", async () => {
    const paths = dataPaths(await newFolder());
    const lock = await takeSupervisorLock(paths);
    const started = startEngine({
      paths,
      lock,
      environment: { LAMPLIGHTER_STORE_ENDPOINT: "http://127.0.0.1:1" },
      emit: () => undefined,
      listen: { host: "127.0.0.1", port: 8000 },
    });
    await expect(started).rejects.toThrow("LAMPLIGHTER_STORE_ENDPOINT");
  });

  it("that was never ours is not taken for one: a lock of a recycled process id is ignored", async () => {
    const folder = await newFolder();
    const paths = dataPaths(folder);
    await mkdir(paths.locks, { recursive: true });
    const lockFile = join(paths.locks, "engine-000001");
    await writeFile(lockFile, `${process.pid}\n1\nsome other start\n`);
    const { told } = await supervise(folder);
    expect(told).toEqual(["started"]);
  });

  it("that doesn't start is an error with its last words", async () => {
    const folder = await newFolder();
    const bin = await newFolder();
    await writeFile(join(bin, "dynoxide"), '#!/bin/sh\necho "cannot open the store" >&2\nexit 1\n');
    await chmod(join(bin, "dynoxide"), 0o755);
    const paths = dataPaths(folder);
    const lock = await takeSupervisorLock(paths);
    const source = { kind: "binary", path: join(bin, "dynoxide") } as const;
    const started = startEngine({ paths, lock, environment: {}, emit: () => undefined, source });
    await expect(started).rejects.toThrow(DependencyError);
    await expect(started).rejects.toThrow("cannot open the store");
  });
});
