/** Clocks that are apart: safety holds, and slots of a dead collector are captured again a little later. */
import { leaseId } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { slotsIn } from "#domain/range.ts";
import { failoverMs, quantileOf, whatIsWrong } from "../measure.ts";
import { finding, seconds, type Effort, type Finding, type Row } from "../row.ts";
import { targetsInEachSlot } from "../targets.ts";
import { faultWorld } from "../world.ts";

const SLOTS_LOG2 = 3;
const LEASES = 2;
const SKEW_MS = 5_000;
const GOAL_MS = limits.leaseTtlMs + 2 * SKEW_MS + 2_500;

interface Clocks {
  readonly name: string;
  /** How far each clock is from the true time, either way. */
  readonly offMs: number;
  readonly skewMaxMs: number;
  readonly goalMs: number;
}

const cases: readonly Clocks[] = [
  { name: "each clock up to 5 s off, skewMax 0.1 s as it is", offMs: SKEW_MS, skewMaxMs: limits.skewMaxMs, goalMs: GOAL_MS }, // prettier-ignore
  {
    name: "any two up to 5 s apart, skewMax 5 s",
    offMs: SKEW_MS / 2,
    skewMaxMs: SKEW_MS,
    goalMs: GOAL_MS,
  },
  // Twice as far apart as skewMax says: the dead owner's clock, the rebalancer's, and the allowance.
  { name: "each clock up to 5 s off, skewMax 5 s", offMs: SKEW_MS, skewMaxMs: SKEW_MS, goalMs: GOAL_MS + SKEW_MS }, // prettier-ignore
];

interface Run {
  readonly tooks: readonly number[];
  readonly wrong: readonly string[];
}

async function run({ offMs, skewMaxMs }: Clocks, seed: number, kills: number): Promise<Run> {
  const world = await faultWorld({
    seed,
    slotsLog2: SLOTS_LOG2,
    leases: LEASES,
    targets: targetsInEachSlot(SLOTS_LOG2, 3, [1_000, 5_000]),
    // Extremes as often as anything between.
    skewMs: (process) => skewOf(`${seed} ${process}`, offMs),
    collect: { skewMaxMs },
    rebalance: { skewMaxMs },
    // Deadlines come, too: planned hand-overs between clocks that are apart.
    lifeMs: (collector) => 60_000 + 7_000 * (collector % 5),
  });
  world.everyMinute();
  await world.pass(30_000);
  const from = world.clock.now();
  const tooks: number[] = [];
  for (let n = 0; n < kills; n += 1) {
    await world.pass(world.random.between(0, limits.heartbeatEveryMs));
    const look = world.looks.at(-1);
    const alive = [1, 2].flatMap((number) => {
      const owner = look === undefined ? undefined : world.ownerOf(look, leaseId(number));
      // One that is about to let go anyway isn't a failover.
      const isYoung = owner !== undefined && world.clock.now() - owner.invokedAt < 35_000;
      return owner !== undefined && isYoung && owner.process.state === "running" ? [{ number, owner }] : []; // prettier-ignore
    });
    const chosen = alive[Math.floor(world.random() * alive.length)];
    if (chosen === undefined) {
      await world.pass(5_000);
      continue;
    }
    const at = world.clock.now();
    const slots = new Set<number>(slotsIn((await world.lease(chosen.number)).ranges, SLOTS_LOG2));
    chosen.owner.process.kill();
    await world.pass(40_000);
    tooks.push(failoverMs(world, slots, { at, dead: new Set([chosen.owner.name]) }));
  }
  await world.pass(30_000);
  const wrong = await whatIsWrong(world, { from, clocksMs: offMs, isHandingOver: true });
  world.end();
  return { tooks, wrong: wrong.map((text) => `seed ${seed}: ${text}`) };
}

/** By the process's name: the same in every run of a seed. */
function skewOf(name: string, offMs: number): number {
  let hash = 2_166_136_261;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619) >>> 0;
  const share = ((hash >>> 8) % 1_000) / 1_000;
  return share < 0.25 ? -offMs : share < 0.5 ? offMs : (share * 4 - 3) * offMs;
}

async function clocksApart(effort: Effort): Promise<Finding> {
  const seeds = effort === "full" ? 15 : 2;
  const found: string[] = [];
  const against: string[] = [];
  for (const clocks of cases) {
    const tooks: number[] = [];
    for (let seed = 1; seed <= seeds; seed += 1) {
      const one = await run(clocks, seed, effort === "full" ? 8 : 4);
      tooks.push(...one.tooks);
      against.push(...one.wrong.map((text) => `${clocks.name}, ${text}`));
    }
    const worst = Math.max(...tooks);
    found.push(`${clocks.name}: p99 ${seconds(quantileOf(tooks, 0.99))}, worst ${seconds(worst)} of ${tooks.length} deaths (≤ ${seconds(clocks.goalMs)})`); // prettier-ignore
    if (!(worst <= clocks.goalMs)) against.push(`${clocks.name}: ${seconds(worst)}, expected at most ${seconds(clocks.goalMs)}`); // prettier-ignore
  }
  return finding(`safety ${against.length === 0 ? "held" : "in question"}; ${found.join("; ")}`, against); // prettier-ignore
}

export const clocks: Row = {
  id: "clocks",
  fault: "clocks apart ±5 s",
  goal: `safety holds; slots captured again ≤ ${seconds(GOAL_MS)}`,
  simulated: clocksApart,
  noReal: "processes of one machine have one clock",
};
