/** Starts the operating system's process for a function: its limits, its environment, its output. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { FunctionManifest } from "#functions/manifest.ts";
import { localLimits } from "./local-limits.ts";
import type { ToRuntime } from "./messages.ts";

const RUNTIME = fileURLToPath(new URL("./runtime.ts", import.meta.url));
// `exec` keeps the process id: what is signalled is Node itself.
const UNDER_LIMITS = `ulimit -n ${localLimits.descriptorsMax}; exec "$0" "$@"`;

/** A session of its own: a terminal's Ctrl-C reaches the supervisor only, which then asks. */
export function spawnRuntime(
  description: FunctionManifest,
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  const flags = [
    `--max-old-space-size=${Math.floor(description.memoryMb * localLimits.heapShare)}`,
    "--disable-warning=ExperimentalWarning",
    ...description.nodeOptions,
  ];
  return spawn(
    "/bin/sh",
    ["-c", UNDER_LIMITS, process.execPath, ...flags, RUNTIME, description.name],
    {
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...environment,
        LAMPLIGHTER_FUNCTION_FOLDER: description.folder,
        AWS_LAMBDA_FUNCTION_NAME: description.name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(description.memoryMb),
      },
    },
  );
}

/** A process that has just ended hears nothing, and that is no error: its end is told elsewhere. */
export function tellRuntime(child: ChildProcess, message: ToRuntime): void {
  if (child.connected) child.send(message, () => undefined);
}

/** Returns what gives the last line that was read. */
export function readLines(child: ChildProcess, onLine: (line: string) => void): () => string {
  let last = "";
  const read = (stream: Readable | null): void => {
    if (stream === null) return;
    createInterface({ input: stream, crlfDelay: Infinity }).on("line", (line) => {
      const shown = line.slice(0, localLimits.logLineCharsMax);
      if (shown.trim() !== "") last = shown;
      onLine(shown);
    });
  };
  read(child.stdout);
  read(child.stderr);
  return () => last;
}
