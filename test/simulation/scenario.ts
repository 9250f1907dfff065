/**
 * What happens in a run, from its seed: the pool, its targets, and everything that is done to it.
 * Plain values: a run can be printed, and played again with some of it left out.
 *
 * Holds: the last part of every run is quiet: nothing goes wrong and clocks are right again.
 */
import { cron, every, type Cadence } from "#domain/cadence.ts";
import { seededRandom, type Random } from "#test/support/rehearsal-random.ts";

export const CADENCES: readonly Cadence[] = [
  every(5_000),
  every(10_000),
  every(20_000),
  every(30_000),
  every(60_000),
  cron("* * * * *"),
  cron("*/2 * * * *"),
];

export type Happening =
  | { readonly kind: "register"; readonly count: number; readonly cadence: number }
  | { readonly kind: "change"; readonly count: number; readonly cadence: number }
  | { readonly kind: "remove"; readonly count: number }
  | { readonly kind: "ask"; readonly count: number }
  | { readonly kind: "scale"; readonly desired: number }
  | { readonly kind: "deploy" }
  | { readonly kind: "replace"; readonly graceMs: number }
  | { readonly kind: "kill"; readonly which: number; readonly of: Victim }
  | { readonly kind: "kill all" }
  | { readonly kind: "pause"; readonly which: number; readonly of: Victim; readonly ms: number }
  | { readonly kind: "cut off"; readonly which: number; readonly of: Victim; readonly ms: number }
  | { readonly kind: "jump"; readonly which: number; readonly of: Victim; readonly ms: number }
  | {
      readonly kind: "storm";
      readonly ms: number;
      readonly share: number;
      readonly lateMsMax: number;
    }
  | { readonly kind: "slow"; readonly ms: number; readonly oneWayMs: number }
  | { readonly kind: "outage"; readonly ms: number }
  | { readonly kind: "chunks"; readonly ms: number; readonly how: "refused" | "full" | "slow" }
  | { readonly kind: "invocations"; readonly ms: number; readonly share: number }
  | { readonly kind: "missed"; readonly ms: number; readonly share: number };

export type Victim = "collect" | "rebalance" | "any";

export interface Happens {
  /** Milliseconds since the run began. */
  readonly at: number;
  readonly what: Happening;
}

export interface Scenario {
  readonly seed: number;
  /** planned: nothing goes wrong, and nothing may be late, twice or missed. */
  readonly kind: "planned" | "troubled";
  readonly slotsLog2: number;
  readonly collectors: number;
  readonly targets: number;
  /** Indexes into CADENCES that this pool has. */
  readonly cadences: readonly number[];
  readonly hangingShare: number;
  readonly latencyMaxMs: number;
  readonly timeoutMs: number;
  readonly lifeMs: number;
  readonly clocks: { readonly skewMaxMs: number; readonly driftMax: number };
  readonly lastsMs: number;
  /** From here on nothing goes wrong. */
  readonly quietFromMs: number;
  readonly events: readonly Happens[];
}

interface Size {
  readonly weight: number;
  readonly slotsLog2: readonly [number, number];
  readonly collectors: readonly [number, number];
  readonly targets: readonly [number, number];
}

const SIZES: readonly Size[] = [
  { weight: 50, slotsLog2: [2, 4], collectors: [1, 3], targets: [1, 40] },
  { weight: 35, slotsLog2: [3, 6], collectors: [2, 8], targets: [10, 120] },
  { weight: 11.5, slotsLog2: [5, 8], collectors: [6, 24], targets: [40, 250] },
  { weight: 3, slotsLog2: [6, 9], collectors: [32, 64], targets: [100, 400] },
  { weight: 0.5, slotsLog2: [14, 14], collectors: [4, 16], targets: [500, 2_000] },
];

/** What the end needs to settle and then be looked at. */
const QUIET_MS = 300_000;

export function scenarioOf(seed: number, minutes: number): Scenario {
  const random = seededRandom(seed * 7_919 + 13);
  const size = sizeOf(random);
  const slotsLog2 = whole(random, size.slotsLog2);
  const collectors = Math.min(whole(random, size.collectors), 2 ** slotsLog2);
  const lastsMs = minutes * 60_000;
  const quietFromMs = Math.max(lastsMs / 3, lastsMs - QUIET_MS);
  const kind: Scenario["kind"] = random() < 0.15 ? "planned" : "troubled";
  const pool = { slotsLog2, collectors, kind, quietFromMs };
  return {
    seed,
    kind,
    slotsLog2,
    collectors,
    targets: whole(random, size.targets),
    cadences: cadencesOf(random),
    hangingShare: pick(random, [0, 0, 0.05, 0.2]),
    latencyMaxMs: pick(random, [1, 50, 300, 2_000]),
    timeoutMs: pick(random, [1_000, 3_000, 5_000]),
    lifeMs: pick(random, [60_000, 120_000, 300_000, 900_000]),
    clocks: clocksOf(random, kind),
    lastsMs,
    quietFromMs,
    events: eventsOf(random, pool),
  };
}

function clocksOf(random: Random, kind: Scenario["kind"]): Scenario["clocks"] {
  // Within what skewMax allows for: half of it to each side.
  if (kind === "planned" || random() < 0.5) return { skewMaxMs: 50, driftMax: 0.000_1 };
  return { skewMaxMs: pick(random, [500, 2_000, 5_000]), driftMax: 0.01 };
}

function cadencesOf(random: Random): readonly number[] {
  const all = CADENCES.map((_, index) => index);
  const count = 1 + Math.floor(random() * 4);
  return Array.from({ length: count }, () => pick(random, all));
}

interface Pool {
  readonly slotsLog2: number;
  readonly collectors: number;
  readonly kind: Scenario["kind"];
  readonly quietFromMs: number;
}

/** Troubles come together: one in the middle of another's consequences. */
function eventsOf(random: Random, pool: Pool): readonly Happens[] {
  const events: Happens[] = [];
  const bursts = 3 + Math.floor(random() * 9);
  for (let burst = 0; burst < bursts; burst += 1) {
    let at = random() * pool.quietFromMs;
    const count = 1 + Math.floor(random() * 5);
    for (let index = 0; index < count; index += 1) {
      at += random() * 6_000;
      const isFault = pool.kind === "troubled" && random() < 0.65;
      const what = isFault ? fault(random, pool.quietFromMs - at) : planned(random, pool);
      if (what !== undefined && at < pool.quietFromMs) events.push({ at, what });
    }
  }
  return events.toSorted((a, b) => a.at - b.at);
}

function planned(random: Random, { collectors, slotsLog2, kind }: Pool): Happening | undefined {
  const count = 1 + Math.floor(random() * 12);
  const cadence = Math.floor(random() * CADENCES.length);
  switch (Math.floor(random() * 8)) {
    case 0:
    case 1:
      return { kind: "register", count, cadence };
    case 2:
      return { kind: "change", count, cadence };
    case 3:
      return { kind: "remove", count };
    case 4:
      return { kind: "ask", count };
    case 5:
      return { kind: "deploy" };
    default: {
      if (kind === "planned" && random() < 0.3) return undefined;
      const most = Math.min(2 ** slotsLog2, Math.max(2, collectors * 2));
      return { kind: "scale", desired: 1 + Math.floor(random() * most) };
    }
  }
}

/** @param leftMs until nothing may go wrong any more. */
function fault(random: Random, leftMs: number): Happening | undefined {
  const span = (longest: number): number =>
    Math.round(Math.min(leftMs, longest * random() ** 2 + 200));
  const which = Math.floor(random() * 1_000);
  const of = pick<Victim>(random, ["collect", "collect", "collect", "rebalance", "any"]);
  const jump = Math.round((2 * random() - 1) * 5_000);
  switch (Math.floor(random() * 16)) {
    case 0:
    case 1:
    case 2:
      return { kind: "kill", which, of };
    case 3:
      return random() < 0.3 ? { kind: "kill all" } : { kind: "kill", which, of };
    case 4:
    case 5:
      return { kind: "pause", which, of, ms: span(random() < 0.2 ? 600_000 : 60_000) };
    case 6:
      return { kind: "cut off", which, of, ms: span(60_000) };
    case 7:
      return { kind: "jump", which, of, ms: jump };
    case 8:
    case 9:
    case 10:
      return {
        kind: "storm",
        ms: span(120_000),
        share: pick(random, [0.05, 0.2, 0.5]),
        lateMsMax: pick(random, [2_000, 30_000, 120_000]),
      };
    case 11:
      return { kind: "slow", ms: span(60_000), oneWayMs: pick(random, [20, 100, 400]) };
    case 12:
      return { kind: "outage", ms: span(random() < 0.15 ? 600_000 : 60_000) };
    case 13:
      return { kind: "chunks", ms: span(60_000), how: pick(random, ["refused", "full", "slow"]) };
    case 14:
      return { kind: "invocations", ms: span(180_000), share: pick(random, [0.2, 0.5]) };
    default:
      return random() < 0.5
        ? { kind: "missed", ms: span(180_000), share: pick(random, [0.5, 1]) }
        : { kind: "replace", graceMs: pick(random, [0, 2_000, 6_000]) };
  }
}

function sizeOf(random: Random): Size {
  let drawn = random() * SIZES.reduce((sum, { weight }) => sum + weight, 0);
  for (const size of SIZES) {
    drawn -= size.weight;
    if (drawn < 0) return size;
  }
  throw new Error("weights don't add up");
}

function whole(random: Random, [least, most]: readonly [number, number]): number {
  return least + Math.floor(random() * (most - least + 1));
}

function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}
