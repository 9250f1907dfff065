/**
 * Running a check with a mutant in it, and reading what came of it.
 *
 * Killed is what a check says in so many words: its last line on stdout names what doesn't hold. A
 * process that ends otherwise with an error has shown nothing.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EXIT_NOT_APPLICABLE, EXIT_NOT_LOADED } from "./exit-codes.ts";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly secondsMax: number;
}

export type Run =
  | { readonly kind: "killed"; readonly how: Killed }
  | { readonly kind: "holds" }
  /** Not a result: why. */
  | { readonly kind: "failed"; readonly why: string };

export interface Killed {
  /** A world, a seed, or a file of tests. */
  readonly where: string;
  readonly what: string;
  readonly steps?: number;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const APPLY = "./test/mutants/apply.ts";
/** A simulated system whose process has ended by itself shows nothing of what was simulated. */
const OWN_FAILURE = /^the run its process ended/u;
const OUTPUT_MAX = 4_000_000;
const STDERR_SHOWN = 300;

export async function runWith(id: string, { program, args, secondsMax }: Command): Promise<Run> {
  const ended = await ends(
    [process.execPath, "--import", APPLY, program, ...args],
    id,
    secondsMax * 1_000,
  );
  if (ended.code === EXIT_NOT_APPLICABLE) return { kind: "failed", why: ended.stderr.trim() };
  if (ended.code === EXIT_NOT_LOADED)
    return { kind: "failed", why: "nothing has loaded the changed file" };
  if (ended.isOutOfTime) return { kind: "holds" };
  const how = ended.code === 1 ? killedBy(ended.stdout) : undefined;
  if (how !== undefined) return { kind: "killed", how };
  if (ended.code === 0) return { kind: "holds" };
  const tail = ended.stderr.trim().slice(-STDERR_SHOWN);
  return { kind: "failed", why: `${program} ended with ${ended.code ?? "a signal"}: ${tail}` };
}

/** The last line on stdout, if it is what a check ends with: `{"world":…,"what":…,"steps":…}`, a seed's, a test's. */
export function killedBy(stdout: string): Killed | undefined {
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof read !== "object" || read === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(read));
  const [world, seed, test, what, steps] = ["world", "seed", "test", "what", "steps"].map((name) =>
    fields.get(name),
  );
  const named = [world, test].find((name) => typeof name === "string");
  const where = named ?? (typeof seed === "number" ? `seed ${seed}` : "");
  if (where === "" || typeof what !== "string" || OWN_FAILURE.test(what)) return undefined;
  return { where, what, ...(typeof steps === "number" && { steps }) };
}

interface Ended {
  readonly code: number | null;
  readonly isOutOfTime: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

function ends(command: readonly string[], id: string, msMax: number): Promise<Ended> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    // A process group of its own: what it has started ends with it.
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, MUTANT: id },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    let isOutOfTime = false;
    child.stdout.on("data", (piece: Buffer) => {
      stdout = (stdout + piece.toString("utf8")).slice(-OUTPUT_MAX);
    });
    child.stderr.on("data", (piece: Buffer) => {
      stderr = (stderr + piece.toString("utf8")).slice(-OUTPUT_MAX);
    });
    const end = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // Gone already.
      }
    };
    const timer = setTimeout(() => {
      isOutOfTime = true;
      end();
    }, msMax);
    process.once("exit", end);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      process.off("exit", end);
      resolve({ code, isOutOfTime, stdout, stderr });
    });
  });
}
