/** Owners that are paused beyond their lease and beyond `until`, and wake up: none of their commits lands. */
import { leaseId } from "#domain/lease.ts";
import { handOvers } from "../hand-overs.ts";
import { iso, whatIsWrong } from "../measure.ts";
import type { Call, CallDone, CallFault } from "../process.ts";
import { finding, type Effort, type Finding, type Row } from "../row.ts";
import { faultWorld, type FaultWorld, type FaultWorldOptions } from "../world.ts";
import { targetsInEachSlot } from "../targets.ts";

/** Where in its work it is paused: at the call that this names, or between two calls. */
interface Point {
  readonly name: string;
  readonly call?: string;
  readonly fault?: "pauses-unsent" | "pauses-applied";
  /** What it is in the middle of. */
  readonly giving?: "deadline" | "rebalance";
}

const points: readonly Point[] = [
  { name: "a commit in flight", call: "schedules.commit", fault: "pauses-unsent" },
  { name: "a commit applied, its answer waiting", call: "schedules.commit", fault: "pauses-applied" }, // prettier-ignore
  { name: "a chunk on its way", call: "samples.put", fault: "pauses-unsent" },
  { name: "a chunk kept, its answer waiting", call: "samples.put", fault: "pauses-applied" },
  { name: "a heartbeat in flight", call: "leases.renew", fault: "pauses-unsent" },
  { name: "between two calls" },
  { name: "its release in flight", call: "leases.release", fault: "pauses-unsent", giving: "deadline" }, // prettier-ignore
  { name: "its release applied", call: "leases.release", fault: "pauses-applied", giving: "deadline" }, // prettier-ignore
  { name: "a give in flight", call: "leases.give", fault: "pauses-unsent", giving: "rebalance" },
  { name: "a give applied", call: "leases.give", fault: "pauses-applied", giving: "rebalance" },
];

const SLOTS_LOG2 = 3;
/** Past the lease (10 s), and past what a giver may keep. */
const PAUSES_MS = [11_500, 16_000, 35_000];
const BEGINS_MS = 16_300;

interface Woken {
  /** Commits of the zombie that came after its successor's first. */
  readonly refused: number;
  readonly wrong: readonly string[];
}

async function wake(point: Point, seed: number, pauseMs: number): Promise<Woken | undefined> {
  let pausedAt: number | undefined;
  let victim: string | undefined;
  // Not always the same one of its calls.
  let skip = point.giving === undefined ? seed % 5 : 0;
  const pause = (world: FaultWorld, process: string): void => {
    pausedAt = world.clock.now();
    victim = process;
    world.clock.after(pauseMs, () => {
      world.one(process).process.resume();
    });
  };
  const fault = ({ name, process }: Call, world: FaultWorld): CallFault | undefined => {
    if (victim !== undefined || name !== point.call || !process.startsWith("collector")) return undefined; // prettier-ignore
    if (world.clock.now() < startsAt) return undefined;
    if (skip > 0) {
      skip -= 1;
      return undefined;
    }
    pause(world, process);
    return point.fault;
  };
  let startsAt = Number.POSITIVE_INFINITY;
  const handOver = handOvers.find(({ name }) => name === point.giving);
  const options: Omit<FaultWorldOptions, "seed"> = handOver?.options ?? {
    slotsLog2: SLOTS_LOG2,
    leases: 2,
    targets: targetsInEachSlot(SLOTS_LOG2, 3, [1_000, 5_000]),
    // Some take long: they are under way when their owner is paused.
    captureMs: (_target, random) => random.between(5, 900),
  };
  const world = await faultWorld({ ...options, seed, fault });
  const start = world.clock.now();
  const beginsMs = handOver?.beginsMs ?? BEGINS_MS;
  startsAt = start + beginsMs;
  world.everyMinute();
  await world.pass(beginsMs);
  if (handOver !== undefined) await handOver.begin(world);
  if (point.call === undefined) {
    await world.pass(world.random.between(0, 3_000));
    const look = world.looks.at(-1);
    const owner = look === undefined ? undefined : world.ownerOf(look, leaseId(1));
    if (owner === undefined) throw new Error("nobody owns lease 1");
    owner.process.pause();
    pause(world, owner.name);
  }
  await world.pass(20_000 + pauseMs + 25_000);
  if (victim === undefined || pausedAt === undefined) return undefined;
  const told = `${point.name}, seed ${seed}, ${victim} paused ${iso(pausedAt)} for ${pauseMs} ms`;
  const wrong = [...(await whatIsWrong(world, { from: startsAt })), ...returned(world)];
  const woke = pausedAt + pauseMs;
  const after = world.arrivals.filter(({ process, at }) => process === victim && at > woke + 1);
  if (after.length > 0 && point.giving === undefined) wrong.push(`${after.length} captures after it woke up`); // prettier-ignore
  const refused = tooLate(world, victim).length;
  world.end();
  return { refused, wrong: wrong.map((text) => `${told}: ${text}`) };
}

function commits(world: FaultWorld): Map<string, CallDone[]> {
  const all = world.calls.filter(({ name }) => name === "schedules.commit");
  return Map.groupBy(all, ({ args: [request] }) => {
    const { slot, cadence } = request as { slot: number; cadence: string };
    return `${slot} ${cadence}`;
  });
}

function hasLanded({ result }: CallDone): boolean {
  return (result as { kind: string }).kind === "committed";
}

/** Whose commits land again after another's have: in each schedule everybody has one turn. */
function returned(world: FaultWorld): string[] {
  return [...commits(world)].flatMap(([schedule, calls]) => {
    const turns: string[] = [];
    const wrong: string[] = [];
    for (const { process, appliedAt } of calls.filter(hasLanded)) {
      if (turns.at(-1) === process) continue;
      if (turns.includes(process)) wrong.push(`${process} committed ${schedule} again at ${iso(appliedAt)}, after ${turns.at(-1) ?? ""}`); // prettier-ignore
      turns.push(process);
    }
    return wrong;
  });
}

/** Commits of a process that came after another's first: all refused, or `returned` says so. */
function tooLate(world: FaultWorld, process: string): CallDone[] {
  return [...commits(world).values()].flatMap((calls) => {
    const taken = calls.findIndex((call, index) => hasLanded(call) && call.process !== process && calls.slice(0, index).some((before) => before.process === process)); // prettier-ignore
    return taken < 0 ? [] : calls.slice(taken).filter((call) => call.process === process && !hasLanded(call)); // prettier-ignore
  });
}

async function zombies(effort: Effort): Promise<Finding> {
  const seeds = effort === "full" ? 6 : 1;
  const pauses = effort === "full" ? PAUSES_MS : PAUSES_MS.slice(1, 2);
  const wrong: string[] = [];
  const notes: string[] = [];
  let woken = 0;
  let refused = 0;
  for (const point of points) {
    let mine = 0;
    for (const pauseMs of pauses) {
      for (let seed = 1; seed <= seeds; seed += 1) {
        const found = await wake(point, seed, pauseMs);
        if (found === undefined) {
          wrong.push(`${point.name}, seed ${seed}: it never came to it`);
          continue;
        }
        woken += 1;
        mine += found.refused;
        wrong.push(...found.wrong);
      }
    }
    refused += mine;
    notes.push(`${point.name}: ${mine} commits came too late and were refused`);
  }
  if (refused === 0) wrong.push("no commit came too late: nothing was tried");
  return finding(
    `${woken} woke up; ${refused} of their commits came after the successor's first: 0 landed; one sample is read per target and round`,
    wrong,
    notes,
  );
}

export const zombie: Row = {
  id: "zombie",
  fault: "zombie collector wakes up after its lease was taken",
  goal: "none of its commits lands after its successor's first in that schedule; per (target, round) one sample is read",
  simulated: zombies,
};
