/**
 * How long it takes until a bundle is loaded: a fresh process each time, from before the first line
 * to the handler being there. Node's own start isn't in it: on Lambda it lies before the init phase.
 */
import { execFileSync } from "node:child_process";
import * as z from "zod";

export interface Start {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const START_MAX_MS = 30_000;
const measured = z.object({ wallMs: z.number(), cpuMs: z.number() });

const SCRIPT = `
const wall = performance.now(), cpu = process.cpuUsage();
const { handler } = await import(process.argv[1]);
const { user, system } = process.cpuUsage(cpu);
if (typeof handler !== "function") throw new Error("no handler");
console.log(JSON.stringify({ wallMs: performance.now() - wall, cpuMs: (user + system) / 1_000 }));
process.exit();`;

export function startOnce(
  file: string,
  environment: Readonly<Record<string, string>>,
  flags: readonly string[],
): Start {
  const said = execFileSync(
    process.execPath,
    [...flags, "--input-type=module", "--eval", SCRIPT, file],
    { env: environment, encoding: "utf8", timeout: START_MAX_MS },
  );
  return measured.parse(JSON.parse(said));
}
