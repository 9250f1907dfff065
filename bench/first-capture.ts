/**
 * From nothing to the first capture that is kept: a clean clone, `npm ci`, `npm start`, with npm's
 * cache as it is. `npm run bench:first-capture` (needs git, npm and the registry or its cache)
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { say } from "./support/bench-world.ts";

const GOAL_S = 60;
const POLL_MS = 50;
const WAIT_MAX_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), "lamplighter-first-"));
const clone = join(folder, "clone");
const data = join(folder, "data");
try {
  const source = fileURLToPath(new URL("..", import.meta.url));
  execFileSync("git", ["clone", "--quiet", source, clone]);
  const startedAt = performance.now();
  execFileSync("npm", ["ci"], { cwd: clone, stdio: ["ignore", "inherit", "inherit"] });
  const installed = performance.now();
  const system = spawn("npm", ["start", "--", "--no-view", "--data", data], {
    cwd: clone,
    stdio: "ignore",
    detached: true,
  });
  while (!hasChunk() && performance.now() - startedAt < WAIT_MAX_MS) await wait(POLL_MS);
  const seconds = (performance.now() - startedAt) / 1_000;
  const kept = hasChunk();
  if (system.pid !== undefined) process.kill(-system.pid, "SIGINT");
  await new Promise((resolve) => system.once("exit", resolve));
  console.log(
    `npm ci ${((installed - startedAt) / 1_000).toFixed(1)} s, then ${(seconds - (installed - startedAt) / 1_000).toFixed(1)} s to the first capture kept`,
  );
  say(
    "npm ci && npm start to the first capture kept",
    kept ? `${seconds.toFixed(1)} s` : "none came",
    `<= ${GOAL_S} s`,
    kept && seconds <= GOAL_S,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Whether a chunk of samples is on disk. */
function hasChunk(): boolean {
  const samples = join(data, "samples");
  return (
    existsSync(samples) &&
    readdirSync(samples, { recursive: true }).some((name) => String(name).endsWith(".jsonl.zst"))
  );
}
