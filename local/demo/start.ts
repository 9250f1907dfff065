/** Starts the demo's server in a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { DependencyError } from "#domain/errors.ts";

const SERVER = fileURLToPath(new URL("./server.ts", import.meta.url));
const STARTS_WITHIN_MS = 15_000;

const portSchema = z.object({ port: z.int().positive() });

export interface DemoServer {
  readonly origin: string;
  readonly pid: number;
  stop(): void;
}

/** @throws DependencyError when it doesn't come up. */
export async function startDemoServer(): Promise<DemoServer> {
  // A session of its own: it serves until the last capture of the drain has ended.
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", SERVER], {
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { PATH: process.env["PATH"] },
  });
  const stop = (): void => {
    if (child.connected) child.disconnect();
    child.kill("SIGKILL");
  };
  try {
    const signal = AbortSignal.timeout(STARTS_WITHIN_MS);
    const messages: unknown[] = await once(child, "message", { signal });
    const { port } = portSchema.parse(messages[0]);
    return { origin: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop };
  } catch (cause) {
    stop();
    throw new DependencyError("the demo's server doesn't start", { retryable: false, cause });
  }
}
