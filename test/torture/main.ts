/**
 * Runs the local system and breaks it for half an hour, in every way that machines, networks and
 * disks have; then heals it and audits what it did.
 *
 *     npm run torture [-- --minutes 30] [-- --seed 7] [-- --collectors 24]
 *
 * Exit code 0: everything held. 1: something didn't, and the evidence is kept. 2: bad options.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidInputError } from "#domain/errors.ts";
import { parseOptions, type TortureOptions } from "./options.ts";
import { torture } from "./torture.ts";
import type { Row } from "./verdict.ts";

const SHOWN_MAX = 5;
/** Start, first captures, stop and audit: beyond it something hangs. */
const AROUND_MS = 10 * 60_000;

const out = (line: string): void => void process.stdout.write(`${line}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: TortureOptions;
  try {
    options = parseOptions(args, Date.now() % 0xffff_ffff);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "lamplighter-torture-"));
  const ending = new AbortController();
  const interrupt = (): void => ending.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const limitMs = options.minutes * 60_000 + options.settleMs + AROUND_MS;
  const watchdog = setTimeout(() => {
    out(`the run has not ended after ${limitMs} ms; what is there of it: ${folder}`);
    // Whatever it started watches for our end, and ends as well.
    process.exit(1);
  }, limitMs);
  try {
    const rows = await torture(options, { folder, out, signal: ending.signal });
    return tellAll(rows, folder, options);
  } catch (error) {
    out(`the run failed: ${String(error)}\nwhat is there of it: ${folder}`);
    return 1;
  } finally {
    clearTimeout(watchdog);
  }
}

function tellAll(rows: readonly Row[], folder: string, { seed, keep }: TortureOptions): number {
  for (const row of rows) out(line(row));
  const broken = rows.filter(({ holds }) => holds === false);
  for (const { what, evidence = [] } of broken) {
    out(`\n${what}:`);
    for (const text of evidence.slice(0, SHOWN_MAX)) out(`  ${text}`);
    if (evidence.length > SHOWN_MAX) out(`  and ${evidence.length - SHOWN_MAX} more`);
  }
  writeFileSync(join(folder, "verdict.json"), JSON.stringify(rows, undefined, 1));
  if (broken.length > 0) {
    out(`\nseed ${seed}: ${broken.length} things don't hold; the evidence: ${folder}`);
    return 1;
  }
  out(`\nseed ${seed}: everything held`);
  if (keep) out(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
  return 0;
}

function line({ what, found, goal, holds }: Row): string {
  const mark = holds === undefined ? "      " : holds ? "holds " : "BROKEN";
  return `${mark}  ${what.padEnd(66)} ${found.padStart(34)}   goal ${goal}`;
}
