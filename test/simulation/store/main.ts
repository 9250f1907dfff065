/**
 * Holds the simulated store against the real local engine, sequence by random sequence.
 *
 *     npm run check:store [-- --sequences 50000 --seed 1 --from 0 --workers 2]
 *
 * Prints progress, each difference with the request that shows it, the engine's own differences that
 * the comparison allows for, and a last line with sequences, operations and differences. A difference
 * is replayed with its seed, `--from <its number> --sequences 1`. Exit code 1 when there is one.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Difference } from "./conformance/compare.ts";
import { knownDifferences } from "./conformance/known.ts";
import { compareMany, type Done, type Work } from "./worker.ts";

const TELL_EVERY_MS = 5_000;
const ITEM_CHARS_MAX = 4_000;
const WORKERS_MAX = 16;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    sequences: { type: "string", default: "50000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    workers: { type: "string", default: "2" },
    work: { type: "string" },
  },
});

if (values.work === undefined) process.exitCode = await compareInWorkers();
else await beWorker(JSON.parse(values.work) as Work);

/** A process of its own tells of its work as it goes, and takes its engine with it when it is ended. */
async function beWorker(work: Work): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  process.once("disconnect", () => process.exit(1));
  let toldAt = performance.now();
  const done = await compareMany(work, (soFar) => {
    if (performance.now() - toldAt < TELL_EVERY_MS / 2) return;
    toldAt = performance.now();
    process.send?.(soFar);
  });
  process.removeAllListeners("disconnect");
  process.send?.(done);
  process.disconnect();
}

async function compareInWorkers(): Promise<number> {
  const [sequences, seed, from] = [
    wholeNumber("sequences", values.sequences, 1),
    wholeNumber("seed", values.seed, 0),
    wholeNumber("from", values.from, 0),
  ];
  const asked = wholeNumber("workers", values.workers, 1);
  const workers = Math.min(asked, sequences, WORKERS_MAX);
  const startedAt = performance.now();
  const progress = new Map<number, Done>();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 1_000);
  const teller = setInterval(() => {
    const { sequences: done, operations, differences } = totalOf(progress);
    say(
      `${seconds()} s: ${done} of ${sequences} sequences, ${operations} operations, ${differences.length} differences`,
    );
  }, TELL_EVERY_MS);
  const failed = await Promise.all(
    Array.from({ length: workers }, async (_, index) => {
      const count = Math.floor((sequences - index - 1) / workers) + 1;
      const work: Work = { seed, from: from + index, count, step: workers };
      return await runWorker(work, (done) => {
        done.differences.slice(progress.get(index)?.differences.length ?? 0).forEach(show);
        progress.set(index, done);
      });
    }),
  );
  clearInterval(teller);
  const { sequences: done, operations, differences } = totalOf(progress);
  say("\nallowed for, by the engine's own rule (conformance/known.ts):");
  for (const { what, engine, documented } of knownDifferences) {
    say(`  ${what}: engine: ${engine}; documented: ${documented}`);
  }
  say(
    `\n${done} sequences, ${operations} operations, ${differences.length} differences, seed ${seed}, ${seconds()} s`,
  );
  const isComplete = failed.every((code) => code === 0) && done === sequences;
  if (!isComplete) say(`not complete: ${done} of ${sequences} sequences were compared`);
  return isComplete && differences.length === 0 ? 0 : 1;
}

function show({ kind, sequence, ...rest }: Difference): void {
  say(`\ndifference in sequence ${sequence} (${kind}, seed ${values.seed}):`);
  for (const [name, told] of Object.entries(rest)) {
    say(`  ${name}: ${JSON.stringify(told).slice(0, ITEM_CHARS_MAX)}`);
  }
}

async function runWorker(work: Work, tell: (done: Done) => void): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), ["--work", JSON.stringify(work)]);
  child.on("message", (message) => {
    // Sent by `beWorker` above, nobody else.
    tell(message as Done);
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

function totalOf(progress: ReadonlyMap<number, Done>): Done {
  const all = [...progress.values()];
  return {
    sequences: all.reduce((sum, { sequences }) => sum + sequences, 0),
    operations: all.reduce((sum, { operations }) => sum + operations, 0),
    differences: all.flatMap(({ differences }) => differences),
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  process.stderr.write(
    `--${name}: found ${JSON.stringify(text)}, expected a whole number from ${least}\n`,
  );
  process.exit(2);
}
