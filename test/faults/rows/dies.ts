/** Collectors that die, alone and together with the rebalancer: how soon their slots are captured again. */
import { leaseId } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { slotsIn } from "#domain/range.ts";
import { dueIn, duplicatesOf, failoverMs, iso, quantileOf, uncommittedAt, whatIsWrong, type Due } from "../measure.ts"; // prettier-ignore
import { finding, seconds, type Finding, type Row } from "../row.ts";
import { targetsInEachSlot } from "../targets.ts";
import { faultWorld, type FaultWorld } from "../world.ts";

const SLOTS_LOG2 = 4;
/** Each owner is killed once in a world: who dies again and again is taken for killed by its ranges. */
const LEASES = 8;
const WARM_UP_MS = 15_000;
const GOAL_MS = limits.leaseTtlMs + 2_500;
const GOAL_TOGETHER_MS = limits.leaseTtlMs + 62_000;

interface Kill {
  readonly at: number;
  readonly tookMs: number;
  readonly slots: ReadonlySet<number>;
  /** Captures that no commit covered when the owner died. */
  readonly open: ReadonlySet<string>;
  readonly oldestMs: number;
}

interface Killed {
  readonly kills: readonly Kill[];
  readonly redone: number;
  readonly open: number;
  readonly wrong: readonly string[];
}

interface KillPlan {
  readonly seed: number;
  readonly kills: number;
  readonly withRebalancer: boolean;
  /** Between a kill and the next: everything has recovered by then. */
  readonly restMs: number;
}

async function killIn({ seed, kills, withRebalancer, restMs }: KillPlan): Promise<Killed> {
  const targets = targetsInEachSlot(SLOTS_LOG2, 3, [1_000, 5_000, 10_000]);
  const world = await faultWorld({ seed, slotsLog2: SLOTS_LOG2, leases: LEASES, targets });
  world.everyMinute();
  await world.pass(WARM_UP_MS);
  const from = world.clock.now();
  const done: Kill[] = [];
  for (let n = 0; n < kills; n += 1) {
    // Anywhere between two heartbeats, and anywhere in the rebalancer's minute.
    await world.pass(world.random.between(0, withRebalancer ? 60_000 : limits.heartbeatEveryMs));
    const kill = await killOne(world, 1 + ((n + seed) % LEASES), withRebalancer);
    await world.pass(restMs);
    done.push({ ...kill, tookMs: failoverMs(world, kill.slots, kill) });
  }
  await world.pass(WARM_UP_MS);
  const due = dueIn(world, from, world.clock.now() - WARM_UP_MS);
  const twice = duplicatesOf(due);
  const unexplained = twice.filter((one) => !done.some((kill) => kill.open.has(nameOf(one))));
  const wrong = [
    // Deadlines come as well in so long a time.
    ...(await whatIsWrong(world, { from, isHandingOver: true })),
    ...unexplained.map((one) => `seed ${seed}: ${nameOf(one)} was captured ${one.arrivals.length} times, and not for being open at a death`), // prettier-ignore
  ];
  world.end();
  const open = done.reduce((sum, kill) => sum + kill.open.size, 0);
  return { kills: done, redone: twice.length, open, wrong };
}

async function killOne(
  world: FaultWorld,
  number: number,
  withRebalancer: boolean,
): Promise<Omit<Kill, "tookMs"> & { readonly dead: ReadonlySet<string> }> {
  await world.look();
  const look = world.looks.at(-1);
  const owner = look === undefined ? undefined : world.ownerOf(look, leaseId(number));
  if (look === undefined || owner === undefined) throw new Error(`nobody owns lease ${number}`);
  const at = world.clock.now();
  owner.process.kill();
  for (const { kind, process } of world.running) {
    if (withRebalancer && kind === "rebalancer") process.kill();
  }
  const { ranges } = await world.lease(number);
  const slots = new Set<number>(slotsIn(ranges, SLOTS_LOG2));
  // Nothing older than a minute is open: a commit comes every ten seconds.
  const mine = dueIn(world, at - 60_000, at);
  const open = uncommittedAt(world, look, mine, owner.name);
  const oldest = open.reduce<number>(
    (first, { arrivals }) => Math.min(first, arrivals[0]?.at ?? at),
    at,
  );
  return { at, slots, open: new Set(open.map(nameOf)), oldestMs: at - oldest, dead: new Set([owner.name]) }; // prettier-ignore
}

function nameOf({ target, instant }: Due): string {
  return `${target} due ${iso(instant)}`;
}

async function manyKills(plans: readonly KillPlan[], goalMs: number): Promise<Finding> {
  const tooks: number[] = [];
  const wrong: string[] = [];
  let redone = 0;
  let open = 0;
  let oldestMs = 0;
  for (const plan of plans) {
    const killed = await killIn(plan);
    tooks.push(...killed.kills.map(({ tookMs }) => tookMs));
    oldestMs = Math.max(oldestMs, ...killed.kills.map((kill) => kill.oldestMs));
    redone += killed.redone;
    open += killed.open;
    wrong.push(...killed.wrong);
  }
  const p99 = quantileOf(tooks, 0.99);
  const worst = Math.max(...tooks);
  return finding(
    `p50 ${seconds(quantileOf(tooks, 0.5))}, p99 ${seconds(p99)}, worst ${seconds(worst)} of ${tooks.length} deaths; ${redone} captured again, ${open} were in flight (oldest ${seconds(oldestMs)})`,
    [
      ...(p99 <= goalMs ? [] : [`p99 is ${seconds(p99)}, expected at most ${seconds(goalMs)}`]),
      ...(redone <= open ? [] : [`${redone} captured again, ${open} in flight`]),
      ...(oldestMs <= limits.commitEveryMs ? [] : [`the oldest in flight was ${seconds(oldestMs)} old, expected at most ${seconds(limits.commitEveryMs)}`]), // prettier-ignore
      ...wrong,
    ],
  );
}

export const collectorDies: Row = {
  id: "collector-dies",
  fault: "collector dies",
  goal: `slots captured again p99 ≤ ${seconds(GOAL_MS)}; redo ≤ in-flight rounds`,
  simulated: (effort) =>
    manyKills(
      seeds(effort === "full" ? 40 : 2).map((seed) => ({ seed, kills: LEASES, withRebalancer: false, restMs: 16_000 })), // prettier-ignore
      GOAL_MS,
    ),
};

export const bothDie: Row = {
  id: "both-die",
  fault: "collector and rebalancer die together",
  goal: `slots captured again ≤ ${seconds(GOAL_TOGETHER_MS)}`,
  simulated: (effort) =>
    manyKills(
      seeds(effort === "full" ? 15 : 1).map((seed) => ({ seed: 1_000 + seed, kills: LEASES, withRebalancer: true, restMs: 80_000 })), // prettier-ignore
      GOAL_TOGETHER_MS,
    ),
};

function seeds(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
