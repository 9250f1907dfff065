/**
 * `npm run check:mutants`: each single change of the catalogue against model check and simulation.
 *
 *     --only ID       this mutant (may be repeated)      --area AREA    only this part of the catalogue
 *     --seconds N     a run gets N seconds (60)          --seeds N      the simulation gets N seeds (100)
 *     --by WHAT       only the model, or the simulation  --list         names them and runs nothing
 *
 * Ends with 1 when one survives: a hole in model or simulation, or a proof that is missing.
 */
import { parseArgs } from "node:util";
import { brokenAsShipped } from "./baseline.ts";
import { CATALOGUE, type Area, type Mutant } from "./catalogue/index.ts";
import { checksFor, type Check, type CheckOptions } from "./checks.ts";
import { count, lastLine, row } from "./table.ts";
import { judge, type Judged } from "./verdict.ts";

const AT_ONCE = 2;
const SECONDS = 60;
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

function numberOf(name: "seconds" | "seeds", otherwise: number): number {
  const text = values[name];
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`--${name}: found ${text ?? ""}, expected a whole number above 0`);
}

function checkedBy(): Pick<CheckOptions, "by"> {
  const { by } = values;
  if (by === undefined) return {};
  if (by === "model" || by === "simulation") return { by };
  throw new RangeError(`--by: found ${by}, expected model or simulation`);
}

async function judgeAll(
  waiting: Chosen[],
  judged: Judged[],
  checksOf: (chosen: Chosen) => readonly Check[],
): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { area, mutant } = next;
    const startedAt = performance.now();
    const verdict = await judge(mutant, checksOf(next));
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
  const broken = await brokenAsShipped(options);
  for (const { by, why } of broken)
    write(`the ${by} doesn't hold for the code as it is, and shows nothing: ${why}`);
  const useless = new Set(broken.map(({ by }) => by));
  const waiting = [...all];
  const judged: Judged[] = [];
  const checksOf = ({ mutant, area }: Chosen): readonly Check[] =>
    checksFor(mutant, area, options).filter(({ by }) => !useless.has(by));
  await Promise.all(Array.from({ length: AT_ONCE }, () => judgeAll(waiting, judged, checksOf)));
  write(lastLine(judged));
  if (broken.length > 0 || count(judged, "survived") > 0) process.exitCode = 1;
}

await main();
