/**
 * `npm run check:mutants`: each single change of the catalogue against what found it before, then
 * against all worlds of its area and many seeds.
 *
 *     --only ID       this mutant (may be repeated)      --area AREA    only this part of the catalogue
 *     --seconds N     a world or a seed gets N seconds   --seeds N      a mutant gets N seeds (100)
 *     --by WHAT       only model, simulation, directed   --list         names them and runs nothing
 *     --at-once N     so many mutants at once (2)
 *
 * Ends with 1 when one survives: a hole in model or simulation, or a proof that is missing.
 */
import { parseArgs } from "node:util";
import { CATALOGUE, type Area, type Mutant } from "./catalogue/index.ts";
import { checksFor, type Check, type CheckOptions } from "./checks.ts";
import { runWith } from "./runs.ts";
import { count, header, lastLine, row } from "./table.ts";
import { judge, remembering, type Judged } from "./verdict.ts";

const AT_ONCE = 2;
const SECONDS = 90;
const SEEDS = 100;

interface Chosen {
  readonly area: Area;
  readonly mutant: Mutant;
}

const write = (text: string): void => void process.stdout.write(`${text}\n`);

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    area: { type: "string", multiple: true },
    seconds: { type: "string" },
    seeds: { type: "string" },
    by: { type: "string" },
    "at-once": { type: "string" },
    list: { type: "boolean", default: false },
  },
});

function chosen(): readonly Chosen[] {
  const all = AREAS.flatMap((area) => CATALOGUE[area].map((mutant) => ({ area, mutant })));
  const ids = values.only;
  const areas = values.area;
  const found = all.filter(
    ({ area, mutant }) =>
      (ids === undefined || ids.includes(mutant.id)) &&
      (areas === undefined || areas.includes(area)),
  );
  if (found.length > 0) return found;
  const expected = ids === undefined ? AREAS : all.map(({ mutant }) => mutant.id);
  throw new RangeError(
    `no mutant for ${[...(ids ?? []), ...(areas ?? [])].join(", ")}; expected one of: ${expected.join(", ")}`,
  );
}

const AREAS: readonly Area[] = ["leases", "hand-over", "requests", "stores", "collector"];

function numberOf(name: "seconds" | "seeds" | "at-once", otherwise: number): number {
  const text = values[name];
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`--${name}: found ${text ?? ""}, expected a whole number above 0`);
}

function checkedBy(): Pick<CheckOptions, "by"> {
  const { by } = values;
  if (by === undefined) return {};
  if (by === "model" || by === "simulation" || by === "directed") return { by };
  throw new RangeError(`--by: found ${by}, expected model, simulation or directed`);
}

interface Waiting extends Chosen {
  readonly checks: readonly Check[];
}

const run = remembering(runWith);

async function judgeAll(waiting: Waiting[], judged: Judged[]): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { area, mutant, checks } = next;
    const startedAt = performance.now();
    const verdict = await judge(mutant, checks, run);
    const one = { mutant, area, verdict, seconds: (performance.now() - startedAt) / 1_000 };
    judged.push(one);
    write(row(one));
  }
}

async function main(): Promise<void> {
  const all = chosen();
  if (values.list) {
    for (const { area, mutant } of all) write(`${area}/${mutant.id}  ${mutant.why}`);
    return;
  }
  const options = {
    secondsMax: numberOf("seconds", SECONDS),
    seedsMax: numberOf("seeds", SEEDS),
    ...checkedBy(),
  };
  const waiting = all
    .map(({ area, mutant }) => ({ area, mutant, checks: checksFor(mutant, area, options) }))
    .filter(({ checks }) => checks.length > 0);
  const leftOut = all.length - waiting.length;
  const judged: Judged[] = [];
  const startedAt = performance.now();
  write(header());
  const atOnce = numberOf("at-once", AT_ONCE);
  await Promise.all(Array.from({ length: atOnce }, () => judgeAll(waiting, judged)));
  if (leftOut > 0)
    write(`${leftOut} more are not for the ${options.by ?? "checks"} to find: left out`);
  write(`${lastLine(judged)}, in ${((performance.now() - startedAt) / 60_000).toFixed(1)} min`);
  if (count(judged, "survived") > 0) process.exitCode = 1;
}

await main();
