/** Which checks a mutant is put to, in which order: what knows most about it, and small, first. */
import type { Area, Mutant } from "./catalogue/index.ts";
import type { Command } from "./runs.ts";

export interface Check {
  readonly by: "model" | "simulation";
  readonly command: Command;
}

export interface CheckOptions {
  /** Seconds that a model run and a simulation run get at most, each. */
  readonly secondsMax: number;
  readonly seedsMax: number;
  /** Only these; undefined for all. */
  readonly by?: Check["by"];
}

const MODEL = "test/model/main.ts";
const SIMULATION = "test/simulation/main.ts";
/** States a world gets at first: most of what is broken shows in few. */
const FEW_STATES = 30_000;
const FEW_SEEDS = 6;

/** Beginnings of the names of the worlds that an area's mutants show in. */
const WORLDS: Readonly<Record<Area, readonly string[]>> = {
  leases: ["leases"],
  "hand-over": ["hand-over"],
  requests: ["requests"],
  stores: [],
  collector: ["requests", "hand-over"],
};

export function checksFor(mutant: Mutant, area: Area, options: CheckOptions): readonly Check[] {
  const all = allFor(mutant, area, options);
  return all.filter(({ by }) => options.by === undefined || options.by === by);
}

function allFor(
  { file, expected }: Mutant,
  area: Area,
  { secondsMax, seedsMax }: CheckOptions,
): readonly Check[] {
  // The model drives the shipped transitions, not the stores' requests nor what runs on timers.
  const isInModel = expected.by !== "simulation" && !file.startsWith("lib/adapters/dynamodb/l");
  const own = expected.world === undefined ? WORLDS[area] : [expected.world];
  const model = isInModel ? modelChecks(own, secondsMax) : [];
  const simulation = [FEW_SEEDS, seedsMax].map((seeds) => simulated(seeds, secondsMax));
  return expected.by === "simulation" ? simulation : [...model, ...simulation];
}

function modelChecks(worlds: readonly string[], secondsMax: number): Check[] {
  const own = worlds.flatMap((world) => ["--world", world]);
  const few = ["--states", String(FEW_STATES)];
  return [
    ...(own.length > 0 ? [modelled([...own, ...few], secondsMax)] : []),
    ...(own.length > 0 ? [modelled(own, secondsMax)] : []),
    modelled(few, secondsMax),
  ];
}

export function modelled(args: readonly string[], secondsMax: number): Check {
  const limit = ["--seconds", String(secondsMax)];
  return {
    by: "model",
    command: {
      program: MODEL,
      args: ["--until-broken", ...args, ...limit],
      // Several worlds, each with its own limit.
      secondsMax: 4 * secondsMax,
    },
  };
}

export function simulated(seeds: number, secondsMax: number): Check {
  return {
    by: "simulation",
    command: {
      program: SIMULATION,
      args: ["--seeds", String(seeds), "--until-broken"],
      secondsMax,
    },
  };
}
