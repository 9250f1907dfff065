import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { findProcess } from "#local/process-identity.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";
import { endAll, keepRunning, run, type CommandLine } from "./processes.ts";

const folders = temporaryFolders();
const ENOUGH_MS = 20_000;

function shell(script: string, cwd = "/"): CommandLine {
  return { command: "/bin/sh", args: ["-c", script], environment: { PATH: "/usr/bin:/bin" }, cwd };
}

/** One that has ended and that nobody has asked for yet isn't there. */
function isThere(pid: number): boolean {
  return findProcess(pid) !== undefined;
}

it("tells how it ended and what it said, and hands it what it is given", async () => {
  const ran = await run({ ...shell("cat; echo b >&2; exit 3"), input: "a\n" }, ENOUGH_MS);
  expect(ran).toEqual({ code: 3, isOverTime: false, output: "a\nb\n" });
});

it("says that a command isn't there", async () => {
  const ran = await run({ ...shell(""), command: "/no/such/command" }, ENOUGH_MS);
  expect(ran.code).toBeUndefined();
  expect(ran.output).toContain("ENOENT");
});

it("ends what takes too long, and what that started", async () => {
  const ran = await run(shell("sleep 600 & echo $!; wait"), 300);
  expect(ran.isOverTime).toBe(true);
  const child = Number(ran.output);
  expect(child).toBeGreaterThan(0);
  await expect.poll(() => isThere(child), { timeout: ENOUGH_MS }).toBe(false);
});

it("ends what runs, though it doesn't want to end", async () => {
  const folder = await folders();
  const running = keepRunning(
    shell("trap '' TERM; sleep 600 & echo $! > pid.tmp; mv pid.tmp pid; wait", folder),
    join(folder, "log"),
  );
  const pid = async (): Promise<number> => Number(await readFile(join(folder, "pid"), "utf8"));
  await expect.poll(pid, { timeout: ENOUGH_MS }).toBeGreaterThan(0);
  const child = await pid();
  expect(running.isRunning()).toBe(true);
  await running.end(200);
  expect(running.isRunning()).toBe(false);
  await expect.poll(() => isThere(child), { timeout: ENOUGH_MS }).toBe(false);
});

it("ends all that runs, and starts nothing from then on", async () => {
  const slow = run(shell("sleep 600"), ENOUGH_MS);
  await endAll();
  expect((await slow).code).toBeUndefined();
  await expect(run(shell("true"), ENOUGH_MS)).rejects.toThrow("not started");
});
