/** Which checks a mutant is put to, in which order: what has found it before, then what is small. */
import type { Area, Mutant } from "./catalogue/index.ts";
import type { Command } from "./runs.ts";

export type CheckedBy = "model" | "simulation" | "directed";

export interface Check {
  readonly by: CheckedBy;
  readonly command: Command;
}

export interface CheckOptions {
  /** Seconds that a world, and a run of the simulation, get at most. */
  readonly secondsMax: number;
  readonly seedsMax: number;
  /** Only these; undefined for all. */
  readonly by?: CheckedBy;
}

const MODEL = "test/model/main.ts";
const SIMULATION = "test/simulation/main.ts";
const DIRECTED = "test/mutants/directed.ts";
/** States a world gets at first: most of what is broken shows in few. */
const FEW_STATES = 30_000;
const FEW_SEEDS = 6;
/** What refutes a proof of equivalence is near. */
const STATES_AGAINST_PROOF = 4_000;
const SEEDS_AGAINST_PROOF = 3;
/** A run of several worlds, each with its own limit, and one of many seeds. */
const LIMITS_AT_MOST = 6;

/** Beginnings of the names of the worlds that an area's mutants show in. */
const WORLDS: Readonly<Record<Area, readonly string[]>> = {
  leases: ["leases"],
  "hand-over": ["hand-over"],
  requests: ["requests"],
  stores: [],
  collector: ["requests", "hand-over"],
};

/** Empty for a mutant that nothing which was asked for can see. */
export function checksFor(mutant: Mutant, area: Area, options: CheckOptions): readonly Check[] {
  const checks =
    mutant.expected.by === "none"
      ? againstProof(mutant, area, options)
      : [...known(mutant, options), ...wider(mutant, area, options)];
  return checks.filter(({ by }) => options.by === undefined || options.by === by);
}

/** What has found it before. */
function known({ expected }: Mutant, { secondsMax }: CheckOptions): Check[] {
  const { world, seed, test } = expected;
  return [
    ...(world === undefined ? [] : inWorlds([world], [FEW_STATES, undefined], secondsMax)),
    ...(seed === undefined ? [] : [simulatedSeed(seed, secondsMax)]),
    ...(test === undefined ? [] : [directed(test, secondsMax)]),
  ];
}

/** What looks at more, and takes longer. */
function wider({ expected }: Mutant, area: Area, options: CheckOptions): Check[] {
  const { by } = expected;
  const { secondsMax } = options;
  if (by === "directed") return [];
  return [
    ...(by === "simulation" ? [] : inWorlds(WORLDS[area], [FEW_STATES, undefined], secondsMax)),
    ...(by === "model" ? [] : seeds([FEW_SEEDS, options.seedsMax], options)),
  ];
}

/** What the model can see of it, in small, and a few seeds. */
function againstProof({ file }: Mutant, area: Area, options: CheckOptions): Check[] {
  const isModelled = !file.startsWith("lib/adapters/");
  return [...(isModelled ? inSmall(area, options) : []), ...seeds([SEEDS_AGAINST_PROOF], options)];
}

/** The area's worlds without the wide ones, each in small. */
function inSmall(area: Area, { secondsMax }: CheckOptions): Check[] {
  const worlds = WORLDS[area].flatMap((world) => ["--world", world]);
  if (worlds.length === 0) return [];
  return [modelled([...worlds, "--small", "--states", String(STATES_AGAINST_PROOF)], secondsMax)];
}

/** These worlds, with each of these limits in turn: what is stuck is looked for when a limit is reached. */
function inWorlds(
  names: readonly string[],
  limits: readonly (number | undefined)[],
  secondsMax: number,
): Check[] {
  if (names.length === 0) return [];
  const worlds = names.flatMap((world) => ["--world", world]);
  return limits.map((states) => {
    const limit = states === undefined ? [] : ["--states", String(states)];
    return modelled([...worlds, ...limit], secondsMax);
  });
}

function seeds(counts: readonly number[], { secondsMax }: CheckOptions): Check[] {
  return counts.map((count) => ({
    by: "simulation",
    command: {
      program: SIMULATION,
      args: ["--seeds", String(count), "--until-broken"],
      secondsMax: LIMITS_AT_MOST * secondsMax,
    },
  }));
}

function modelled(args: readonly string[], secondsMax: number): Check {
  return {
    by: "model",
    command: {
      program: MODEL,
      args: ["--until-broken", ...args, "--seconds", String(secondsMax)],
      secondsMax: LIMITS_AT_MOST * secondsMax,
    },
  };
}

function simulatedSeed(seed: number, secondsMax: number): Check {
  const args = ["--seed", String(seed)];
  return { by: "simulation", command: { program: SIMULATION, args, secondsMax } };
}

function directed(test: string, secondsMax: number): Check {
  return { by: "directed", command: { program: DIRECTED, args: [test], secondsMax } };
}

/** The same without a mutant, in small: the world, or the very seed or tests, that found something. */
export function asShipped({ by, command }: Check, where: string): Command {
  const { secondsMax } = command;
  switch (by) {
    case "model": {
      const args = ["--world", where, "--states", String(STATES_AGAINST_PROOF)];
      return modelled(args, secondsMax).command;
    }
    case "simulation":
      return simulatedSeed(Number(where.replace("seed ", "")), secondsMax).command;
    case "directed":
      return command;
  }
}
