/** Whole local systems, as `lamplighter up` starts them: killed, interrupted, started twice. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { becomes, freePort, killEngine, survivingEngines } from "#local/engine-process.ts";
import { findProcess, signalProcess, type ProcessIdentity } from "#local/process-identity.ts";
import { dataPaths } from "#local/paths.ts";
import { findRunningCloud, readCloudState } from "#local/state-file.ts";
import { runCli } from "#test/cli/run-cli.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const WITHIN_MS = 60_000;
const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const newFolder = temporaryFolders();

interface Up {
  readonly data: string;
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves when the output holds this text. */
  says(text: string): Promise<void>;
  /** Exit status. */
  ended: Promise<number | null>;
}

const started: Up[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const { child, ended, data } of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGINT");
      await ended;
    }
    // Where a test failed halfway, an engine may be left without anyone who adopts it.
    for (const engine of await survivingEngines(dataPaths(data))) await killEngine(engine);
  }
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

function up(data: string, ...options: string[]): Up {
  const child = spawn(process.execPath, [MAIN, "--data", data, "up", "--no-view", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  }
  const ended = once(child, "close").then(([code]: unknown[]) => code as number | null);
  const made: Up = {
    data,
    child,
    output: () => text,
    async says(wanted) {
      await becomes(() => text.includes(wanted) || child.exitCode !== null, WITHIN_MS);
      expect(text).toContain(wanted);
    },
    ended,
  };
  started.push(made);
  return made;
}

/** Function processes of this data folder that run now. */
async function runtimes(data: string): Promise<readonly ProcessIdentity[]> {
  const state = await readCloudState(data);
  return (state?.runtimes ?? []).filter(({ pid }) => findProcess(pid) !== undefined);
}

/** A function's name stands in the command line of its processes. */
function runs(pid: number, name: string): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(name);
}

async function enginePid(data: string): Promise<number> {
  return (await survivingEngines(dataPaths(data)))[0]?.pid ?? 0;
}

async function endpoint(): Promise<{ readonly port: number; readonly asked: () => number }> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end('{"status":"ok"}');
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { port: typeof address === "object" ? (address?.port ?? 0) : 0, asked: () => asked };
}

describe("lamplighter up", () => {
  it("captures the built-in endpoints, says which are down, and stops in order on Ctrl-C", async () => {
    const data = await newFolder();
    const system = up(data);
    await system.says("demo/failing is down: status 200-299: found 503");
    expect(await findRunningCloud(data)).toMatchObject({ pool: "default" });
    const [engine, functions] = [await enginePid(data), await runtimes(data)];
    expect(functions.length).toBeGreaterThanOrEqual(3);
    system.child.kill("SIGINT");
    expect(await system.ended).toBe(0);
    expect(system.output()).toContain("leases released; samples kept, engine stopped");
    expect([engine, ...functions.map(({ pid }) => pid)].map(findProcess).filter(Boolean)).toEqual(
      [],
    );
    expect(await findRunningCloud(data)).toBeUndefined();
  });

  it("refuses a second one on the same data, which goes on", async () => {
    const data = await newFolder();
    const first = up(data);
    await first.says("pool default runs");
    const second = up(data);
    expect(await second.ended).toBe(2);
    expect(second.output()).toContain(`process ${first.child.pid ?? 0}`);
    expect(findProcess(first.child.pid ?? 0)).toBeDefined();
  });

  it("killed with -9 leaves no function running; the next one adopts the engine and goes on", async () => {
    const data = await newFolder();
    const first = up(data, "--lease-ttl", "3s");
    await first.says("has lease 0002");
    const [engine, functions] = [await enginePid(data), await runtimes(data)];
    expect(functions.length).toBeGreaterThanOrEqual(3);
    first.child.kill("SIGKILL");
    await first.ended;
    const gone = (): boolean => functions.every(({ pid }) => findProcess(pid) === undefined);
    expect(await becomes(gone, WITHIN_MS)).toBe(true);
    expect(findProcess(engine)).toBeDefined();
    const second = up(data, "--lease-ttl", "3s");
    await second.says(`engine ${engine} survived and is adopted`);
    await second.says("has lease 0001");
    await second.says("has lease 0002");
  });

  it("ends at once on a second Ctrl-C, and leaves nothing running", async () => {
    const data = await newFolder();
    const system = up(data, "--demo", "50");
    await system.says("has lease 0001");
    const [engine, functions] = [await enginePid(data), await runtimes(data)];
    system.child.kill("SIGINT");
    await system.says("stopping");
    system.child.kill("SIGINT");
    expect([0, 130]).toContain(await system.ended);
    const all = [engine, ...functions.map(({ pid }) => pid)];
    expect(await becomes(() => all.every((pid) => findProcess(pid) === undefined), WITHIN_MS)).toBe(true); // prettier-ignore
  });

  it("goes on when a collector is killed: another one takes its lease", async () => {
    const data = await newFolder();
    const system = up(data, "--lease-ttl", "3s");
    await system.says("has lease 0002");
    const before = system.output().split("has lease").length;
    const collectors = (await runtimes(data)).filter(({ pid }) => runs(pid, "collect"));
    expect(collectors.length).toBeGreaterThanOrEqual(2);
    for (const { pid } of collectors) signalProcess(pid, "SIGKILL");
    expect(await becomes(() => system.output().split("has lease").length >= before + 2, WITHIN_MS)).toBe(true); // prettier-ignore
  });

  it("without functions registers and runs nothing but what is invoked, on a store where it is told to be", async () => {
    const data = await newFolder();
    const files = await newFolder();
    const { port, asked } = await endpoint();
    await writeFile(join(files, "web.yml"), `127.0.0.1:${port}/health:\n  scheme: http\n`);
    const listen = await freePort();
    const system = up(data, "--endpoints", files, "--no-functions", "--store-listen", String(listen)); // prettier-ignore
    await system.says("1 target added");
    expect((await readCloudState(data))?.storeEndpoint).toBe(`http://127.0.0.1:${listen}`);
    const invoked = await runCli(["--data", data, "invoke", "health-check"]);
    expect(invoked.code).toBe(0);
    const added = await runCli(["--data", data, "targets", "add", `http://127.0.0.1:${port}/b`]);
    expect(added.out).toContain("captured when the system's functions run");
    expect(await runtimes(data)).toHaveLength(1);
    expect(existsSync(join(dataPaths(data).logs, "rebalance.log"))).toBe(false);
    expect(asked()).toBe(0);
    system.child.kill("SIGINT");
    expect(await system.ended).toBe(0);
  });

  it("watches endpoint files: new targets are captured, removed ones no more, bad files are named", async () => {
    const data = await newFolder();
    const files = await newFolder();
    await mkdir(files, { recursive: true });
    const { port, asked } = await endpoint();
    const entry = `127.0.0.1:${port}/health:\n  scheme: http\n  cadence: every 1s\n`;
    const system = up(data, "--endpoints", files);
    await system.says("pool default runs");
    await writeFile(join(files, "web.yml"), entry);
    await system.says("1 target added");
    expect(await becomes(() => asked() >= 2, WITHIN_MS)).toBe(true);
    await writeFile(join(files, "bad.yml"), "a: [\n");
    await system.says("bad.yml:");
    await rm(join(files, "web.yml"));
    await system.says("1 target removed");
  });
});
