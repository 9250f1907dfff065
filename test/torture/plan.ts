/**
 * Which blow falls when: all of it from one seed, known before the first one falls.
 *
 * In cycles, each with every kind of blow once, in an order of its own, and a calm at its end. Whom a
 * blow hits is drawn when it falls, from the blow's own seed: it depends on who is there.
 */
import { seededRandom } from "#test/support/rehearsal-random.ts";

/** A kind and what it does, in words. */
export const BLOWS = {
  "kill-collector": "kills a collector with -9",
  "kill-several": "kills several collectors at once",
  "kill-rebalancer": "kills the rebalancer",
  "kill-both": "kills a collector and the rebalancer together",
  "kill-everything": "kills every function process at once",
  "pause-briefly": "stops a collector for less than its lease lasts, and continues it",
  "pause-past-expiry": "stops collectors past the end of their leases, and continues them",
  "pause-past-until": "stops a giver past its until, and continues it",
  "pause-rebalancer": "stops a rebalancer, lets another one plan, and continues the stale one",
  "restart-rebalancer": "kills every rebalancer and starts two at once",
  twins: "delivers starts of collectors several times at the same moment",
  "late-starts": "delivers starts of collectors again, long after",
  "store-slow": "lets the store answer late",
  "store-cut": "cuts all connections to the store, again and again",
  "store-lost-answers": "lets requests reach the store and loses the answers",
  "store-late-writes": "holds requests to the store, which land after their senders gave up",
  "store-silent": "lets nothing through to the store, past the end of all leases",
  "engine-killed": "kills the store's engine with -9; it is restarted",
  "disk-full": "leaves no space to the chunk store",
  "scale-out": "asks for more collectors",
  "scale-in": "asks for fewer collectors",
  release: "releases by hand what is quarantined because so many died there",
  deploy: "replaces all functions, as a deployment does",
  register: "registers targets",
  remove: "removes targets",
  request: "asks for captures now",
} as const;

export type BlowKind = keyof typeof BLOWS;

export const KINDS = Object.keys(BLOWS) as readonly BlowKind[]; // of a literal: these and no others

export interface Blow {
  /** From the first moment on, ms. */
  readonly at: number;
  readonly kind: BlowKind;
  readonly seed: number;
}

export interface PlanRequest {
  readonly seed: number;
  readonly durationMs: number;
  /** Mean time between two blows; less where every kind would not fall otherwise. */
  readonly gapMs: number;
}

/** These cost a minute of captures, or a hundred process starts: in every third cycle only. */
const RARE: ReadonlySet<BlowKind> = new Set(["kill-everything", "deploy"]);
const RARE_EVERY = 3;
/** What concerns every slot at once. */
const FOR_ALL: ReadonlySet<BlowKind> = new Set(
  KINDS.filter(
    (kind) => kind.startsWith("store-") || kind === "engine-killed" || kind === "disk-full",
  ),
);
/** Share of a cycle at its end in which nothing falls. */
const CALM = 0.15;

export function planBlows({ seed, durationMs, gapMs }: PlanRequest): Blow[] {
  const random = seededRandom(seed);
  const cycleMs = Math.min(durationMs, (gapMs * KINDS.length) / (1 - CALM));
  const cycles = Math.max(1, Math.floor(durationMs / cycleMs));
  const blows: Blow[] = [];
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const from = (cycle * durationMs) / cycles;
    const kinds = shuffled(
      KINDS.filter((kind) => cycle % RARE_EVERY === 0 || !RARE.has(kind)),
      random,
    );
    const stepMs = ((durationMs / cycles) * (1 - CALM)) / kinds.length;
    kinds.sort((a, b) => place(a, cycle) - place(b, cycle));
    kinds.forEach((kind, index) => {
      const at = Math.round(from + (index + random.between(0.1, 0.9)) * stepMs);
      blows.push({ at, kind, seed: Math.floor(random() * 4_294_967_296) });
    });
  }
  return blows;
}

/** Where in its cycle; among equals it is drawn. */
function place(kind: BlowKind, cycle: number): number {
  // Where owners died within the last minute nothing is promised to anybody, and so nothing is given.
  if (kind === "pause-past-until") return 0;
  // Nobody is left after it: what falls then hits nothing.
  if (kind === "kill-everything") return 3;
  // A blow to the store explains whatever is captured twice around it, everywhere: so in every
  // second cycle these fall one after the other, and the rest of it is judged by itself.
  return cycle % 2 === 1 && FOR_ALL.has(kind) ? 2 : 1;
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const left = [...items];
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)).flat();
}
