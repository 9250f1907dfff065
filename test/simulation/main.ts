/**
 * `npm run simulate`: plays seeds in two processes, or as many as are asked for, and says what didn't hold.
 *
 *     --seeds N         so many seeds (default 5,000)        --from SEED      the first (default 1)
 *     --minutes M       simulated, each (default 20)         --until-broken   ends at the first violation
 *     --seed S          only this one; with --trace, all that happens in it
 *     --workers W       so many processes (default 2)
 *
 * Ends with 1 when something doesn't hold; the last line on stdout then is JSON: seed, what.
 */
import { parseArgs } from "node:util";
import { playOrders } from "./crew.ts";
import { playSeed } from "./play.ts";
import { summary } from "./summary.ts";
import type { Told } from "./worker.ts";

const SEEDS = 5_000;
const MINUTES = 20;
const WORKERS = 2;
/** Wall time between two lines that say how far it is. */
const TELL_EVERY_MS = 10_000;
const VIOLATIONS_TOLD_MAX = 10;

const write = (text: string): void => void process.stdout.write(`${text}\n`);

function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`--${name}: found ${text}, expected a whole number from 1`);
}

function told({ played, timeline }: Told, minutes: number): void {
  const { seed, violations } = played;
  write("");
  for (const line of timeline) write(`  ${line}`);
  write(`seed ${seed} is broken:`);
  for (const { what } of violations.slice(0, VIOLATIONS_TOLD_MAX)) write(`  ${what}`);
  write(
    `again, with all that happens: npm run simulate -- --seed ${seed} --minutes ${minutes} --trace`,
  );
  write("");
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string" },
      from: { type: "string" },
      minutes: { type: "string" },
      seed: { type: "string" },
      workers: { type: "string" },
      "until-broken": { type: "boolean", default: false },
      trace: { type: "boolean", default: false },
    },
  });
  const minutes = wholeNumber("minutes", values.minutes, MINUTES);
  if (values.trace) {
    const seed = wholeNumber("seed", values.seed, 1);
    const played = await playSeed(seed, minutes, { onLine: write });
    for (const { what } of played.violations) write(`broken: ${what}`);
    write(`seed ${seed}: ${played.entries} entries, hash ${played.hash}`);
    return played.violations.length === 0 ? 0 : 1;
  }
  const from = wholeNumber("seed", values.seed, wholeNumber("from", values.from, 1));
  const count = values.seed === undefined ? wholeNumber("seeds", values.seeds, SEEDS) : 1;
  const sum = summary(minutes);
  const broken: Told[] = [];
  let toldAt = performance.now();
  await playOrders({
    orders: Array.from({ length: count }, (_, index) => ({ seed: from + index, minutes })),
    workers: Math.min(wholeNumber("workers", values.workers, WORKERS), count),
    onTold(one) {
      sum.add(one);
      if (one.played.violations.length > 0) {
        broken.push(one);
        told(one, minutes);
        if (values["until-broken"]) return "stop";
      }
      if (performance.now() - toldAt > TELL_EVERY_MS) {
        toldAt = performance.now();
        write(sum.line(count));
      }
      return "go on";
    },
  });
  for (const line of sum.lines()) write(line);
  const [first] = broken;
  if (first === undefined) return 0;
  const what = first.played.violations[0]?.what;
  write(JSON.stringify({ seed: first.played.seed, what }));
  return 1;
}

process.exitCode = await main();
