/**
 * `npm run check:model`: every world, explored to its end, two at once in processes of their own.
 *
 *     --world NAME      only worlds whose name begins so      --states N    at most N states a world
 *     --seconds N       at most N seconds a world             --small       as `npm test` does it
 *     --in-all N       at most N seconds for all (570): what one doesn't need is the others'
 *     --until-broken   one after the other, and ends at the first that is broken
 *
 * Ends with 1 when something doesn't hold; the last line on stdout then is JSON: world, what, steps.
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { summary, told, type WorldReport } from "./report.ts";
import { WORLDS } from "./worlds.ts";

const STATES_MAX = 20_000_000;
const SECONDS_MAX = 600;
const IN_ALL_SECONDS = 570;
const WORKERS = 2;
/** Most worlds need less than their share: one may take so many. */
const GENEROSITY = 3;

interface Options {
  readonly names: readonly string[];
  readonly statesMax: number;
  readonly secondsMax: number;
  readonly inAllSeconds: number;
  readonly isUntilBroken: boolean;
}

const write = (text: string): void => void process.stdout.write(`${text}\n`);

function options(): Options {
  const { values } = parseArgs({
    options: {
      world: { type: "string", multiple: true },
      states: { type: "string" },
      seconds: { type: "string" },
      "in-all": { type: "string" },
      small: { type: "boolean", default: false },
      "until-broken": { type: "boolean", default: false },
    },
  });
  const wanted = values.world ?? [""];
  const worlds = WORLDS.filter(({ name }) => wanted.some((start) => name.startsWith(start)));
  if (worlds.length === 0) {
    const names = WORLDS.map(({ name }) => name).join(", ");
    throw new RangeError(`--world: no world begins with ${wanted.join(", ")}; expected: ${names}`);
  }
  const isSmall = values.small;
  return {
    names: worlds
      .filter(({ small }) => !isSmall || small !== 0)
      .toSorted((a, b) => Number(isWide(a.name)) - Number(isWide(b.name)))
      .map(({ name }) => name),
    statesMax: count("states", values.states, isSmall ? 0 : STATES_MAX),
    secondsMax: count("seconds", values.seconds, SECONDS_MAX),
    inAllSeconds: count("in-all", values["in-all"], IN_ALL_SECONDS),
    isUntilBroken: values["until-broken"],
  };
}

/** Without an end that is worth waiting for: they get what time the others leave. */
function isWide(name: string): boolean {
  return name.endsWith("-wide");
}

function count(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`--${name}: found ${text}, expected a number above 0`);
}

/** One world in a process of its own, so that its memory goes with it. */
function explored(name: string, statesMax: number, secondsMax: number): Promise<WorldReport> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), [
      name,
      String(statesMax),
      String(secondsMax),
    ]);
    let report: WorldReport | undefined;
    child.on("message", (message) => {
      // Written by worker.ts, in this very version.
      report = message as WorldReport;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (report === undefined) reject(new Error(`${name}: ended with ${code} and no report`));
      else resolve(report);
    });
  });
}

async function main(): Promise<void> {
  const asked = options();
  const waiting = [...asked.names];
  const reports: WorldReport[] = [];
  const startedAt = performance.now();
  const isOver = (): boolean =>
    waiting.length === 0 || (asked.isUntilBroken && reports.some(({ broken }) => broken));
  const workers = asked.isUntilBroken ? 1 : Math.min(WORKERS, availableParallelism());
  function share(): number {
    if (asked.isUntilBroken) return asked.secondsMax;
    const left = asked.inAllSeconds - (performance.now() - startedAt) / 1_000;
    const most = Math.min(left, (GENEROSITY * left * workers) / waiting.length);
    return Math.max(1, Math.min(asked.secondsMax, most));
  }
  async function work(): Promise<void> {
    while (!isOver()) {
      const secondsMax = share();
      const name = waiting.shift();
      if (name === undefined) return;
      const report = await explored(name, asked.statesMax, secondsMax);
      reports.push(report);
      write(told(report));
    }
  }
  await Promise.all(Array.from({ length: workers }, work));
  write(summary(reports, (performance.now() - startedAt) / 1_000));
  const broken = reports.find((report) => report.broken !== undefined);
  if (broken?.broken === undefined) return;
  process.exitCode = 1;
  const { what, trace } = broken.broken;
  write(JSON.stringify({ world: broken.world, what, steps: trace.length }));
}

await main();
