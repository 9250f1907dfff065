/** Planned hand-overs, each as a world that comes to one by itself or is asked for it. */
import type { TargetDefinition } from "#domain/target.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { targetsInEachSlot } from "./targets.ts";
import type { FaultWorld, FaultWorldOptions } from "./world.ts";

export interface HandOver {
  readonly name: "deadline" | "deploy" | "scale out" | "scale in" | "rebalance";
  readonly options: Omit<FaultWorldOptions, "seed">;
  /** Its first step comes after this moment, ms since the world began. */
  readonly beginsMs: number;
  /** Its last step comes before this moment. */
  readonly endsMs: number;
  /** What somebody does at `beginsMs`; nothing where it comes by itself. */
  begin(world: FaultWorld): Promise<void>;
}

const SLOTS_LOG2 = 3;
const PERIODS_MS = [1_000, 5_000];
const BEGINS_MS = 16_300;

/** One target a second and one every five in each slot. */
const even = (): TargetDefinition[] => targetsInEachSlot(SLOTS_LOG2, 2, PERIODS_MS);
/** The first half of the slots has three times the targets of the second. */
const uneven = (): TargetDefinition[] =>
  targetsInEachSlot(SLOTS_LOG2, 2, PERIODS_MS, (slot) => (slot < 2 ** (SLOTS_LOG2 - 1) ? 6 : 2));

/** Nine and three quarters of a second before its deadline an owner lets go. */
const firstLives =
  (ms: number) =>
  (collector: number): number =>
    collector === 1 ? ms : 900_000;

const nothing = (): Promise<void> => Promise.resolve();

export const handOvers: readonly HandOver[] = [
  {
    name: "deadline",
    // In the second minute: a pool's first run has none before it that could stand by.
    options: { slotsLog2: SLOTS_LOG2, leases: 2, targets: even(), lifeMs: firstLives(87_000) },
    beginsMs: 74_000,
    endsMs: 90_000,
    begin: nothing,
  },
  {
    name: "deploy",
    options: { slotsLog2: SLOTS_LOG2, leases: 2, targets: even(), lifeMs: firstLives(27_000) },
    beginsMs: 8_000,
    endsMs: 30_000,
    begin(world) {
      // Invocations under way go on with the code they have; new ones start cold, each the first time.
      world.deploy((random) => random.between(700, 1_400));
      world.invokeRebalancer();
      return Promise.resolve();
    },
  },
  {
    name: "scale out",
    options: { slotsLog2: SLOTS_LOG2, leases: 2, targets: even() },
    beginsMs: BEGINS_MS,
    endsMs: BEGINS_MS + 14_000,
    begin: (world) => scale(world, 3),
  },
  {
    name: "scale in",
    options: { slotsLog2: SLOTS_LOG2, leases: 3, targets: even() },
    beginsMs: BEGINS_MS,
    endsMs: BEGINS_MS + 16_000,
    begin: (world) => scale(world, 2),
  },
  {
    name: "rebalance",
    options: { slotsLog2: SLOTS_LOG2, leases: 2, targets: uneven() },
    beginsMs: BEGINS_MS,
    endsMs: BEGINS_MS + 14_000,
    begin(world) {
      world.invokeRebalancer();
      return Promise.resolve();
    },
  },
];

async function scale(world: FaultWorld, desired: number): Promise<void> {
  await foundPool(world, { pool: world.pool, slotsLog2: world.slotsLog2, desired });
  world.invokeRebalancer();
}
