/**
 * Planned hand-overs: without a fault nothing is captured twice and nothing late; and a crash at
 * every single step of giver, taker and rebalancer, each replayed from the beginning.
 */
import { limits } from "#domain/limits.ts";
import { handOvers, type HandOver } from "../hand-overs.ts";
import { dueIn, duplicatesOf, firstLate, iso, latenessOf, ON_TIME_MS, recoveredAfter, whatIsWrong } from "../measure.ts"; // prettier-ignore
import type { Call, CallDone, CallFault } from "../process.ts";
import { finding, seconds, type Effort, type Finding, type Row } from "../row.ts";
import { faultWorld, type FaultWorld, type FaultWorldOptions } from "../world.ts";

/** Captures of the last seconds may still be under way. */
const TAIL_MS = 3_000;
const SETTLE_MS = 6_000;
const AFTER_COLLECTOR_MS = 32_000;
/** Until the rebalancer's next scheduled run has set right what was left. */
const AFTER_REBALANCER_MS = 90_000;
const WITHIN_MS = limits.leaseTtlMs + 2_500;

// Without a fault -----------------------------------------------------------------------------

interface Smooth {
  readonly due: number;
  readonly twice: number;
  readonly latestMs: number;
  readonly wrong: readonly string[];
}

async function playSmoothly(handOver: HandOver, seed: number): Promise<Smooth> {
  const world = await play(handOver, { seed });
  await world.pass(SETTLE_MS);
  const from = beganAt(world) + handOver.beginsMs;
  const due = dueIn(world, from, world.clock.now() - TAIL_MS);
  const wrong = await whatIsWrong(world, { from });
  world.end();
  return {
    due: due.length,
    twice: duplicatesOf(due).length,
    latestMs: Math.max(...due.map(latenessOf)),
    wrong: [...wrong, ...(await unfinished(handOver, world))].map((text) => `${handOver.name}, seed ${seed}: ${text}`), // prettier-ignore
  };
}

/** Whether what was planned has come to pass: else its steps were never taken. */
async function unfinished({ name }: HandOver, world: FaultWorld): Promise<string[]> {
  const found = await world.leases.readFleet(world.pool);
  const withRanges = (found?.leases ?? []).filter(({ ranges }) => ranges.length > 0);
  const owners = new Set(world.running.filter(({ kind }) => kind === "collector").map(({ name }) => name)); // prettier-ignore
  switch (name) {
    case "deadline":
    case "deploy":
      return owners.has("collector-3") && world.one("collector-1").ended === "deadline"
        ? []
        : ["no successor took over at the deadline"];
    case "scale out":
      return withRanges.length === 3 ? [] : [`${withRanges.length} leases have ranges, expected 3`];
    case "scale in":
      return withRanges.length === 2 ? [] : [`${withRanges.length} leases have ranges, expected 2`];
    case "rebalance":
      return world.calls.some((call) => call.name === "leases.give") ? [] : ["nothing was given"];
  }
}

function beganAt(world: FaultWorld): number {
  const first = world.looks[0];
  if (first === undefined) throw new Error("nothing was looked at");
  return first.at - 1_000;
}

async function play(
  handOver: HandOver,
  extra: Pick<FaultWorldOptions, "seed" | "fault">,
): Promise<FaultWorld> {
  const world = await faultWorld({ ...handOver.options, ...extra });
  const start = world.clock.now();
  world.everyMinute();
  await world.pass(handOver.beginsMs);
  await handOver.begin(world);
  await world.pass(start + handOver.endsMs - world.clock.now());
  return world;
}

// A crash at every step -----------------------------------------------------------------------

const POINTS = ["unsent", "applied", "answered"] as const;
interface Crash {
  readonly process: string;
  readonly number: number;
  /** Of the call before or after which it happens. */
  readonly name: string;
  readonly point: (typeof POINTS)[number];
  /** Of `answered`: halfway to the process's next call. */
  readonly at: number;
}

const SEED = 7;

/** Every call of every process while the hand-over goes on. */
async function crashesOf(handOver: HandOver): Promise<Crash[]> {
  const world = await play(handOver, { seed: SEED });
  world.end();
  const from = beganAt(world) + handOver.beginsMs;
  const during = world.calls.filter(({ sentAt }) => sentAt >= from);
  const byProcess = Map.groupBy(during, ({ process }) => process);
  return [...byProcess.values()].flatMap((calls) => {
    const inOrder = calls.toSorted((a, b) => a.number - b.number);
    return inOrder.flatMap((call, index) =>
      POINTS.map((point) => ({
        process: call.process,
        number: call.number,
        name: call.name,
        point,
        at: between(call, inOrder[index + 1]),
      })),
    );
  });
}

function between({ appliedAt }: CallDone, next: CallDone | undefined): number {
  // Answered within a few milliseconds; a call that overlaps the next has no moment between.
  return next === undefined ? appliedAt + 25 : Math.max(appliedAt, (appliedAt + next.sentAt) / 2);
}

interface Crashed {
  readonly crash: Crash;
  readonly crashedAt: number;
  /** From the crash, or from the first late capture if a rebalancer's is felt later, until all was on time again. */
  readonly tookMs: number;
  /** That, or nothing if by then the last `until` hadn't passed. */
  readonly allowedMs: number;
  readonly wrong: readonly string[];
}

async function playCrash(handOver: HandOver, crash: Crash): Promise<Crashed | undefined> {
  let crashedAt: number | undefined;
  const fault = (
    { process, number }: Call,
    { clock }: Pick<FaultWorld, "clock">,
  ): CallFault | undefined => {
    // prettier-ignore
    if (process !== crash.process || number !== crash.number) return undefined;
    if (crash.point === "answered") return undefined;
    crashedAt = clock.now();
    return crash.point === "unsent" ? "dies-unsent" : "dies-applied";
  };
  const world = await faultWorld({ ...handOver.options, seed: SEED, fault });
  const start = world.clock.now();
  if (crash.point === "answered") {
    world.clock.after(crash.at - start, () => {
      crashedAt = world.clock.now();
      world.running.find(({ name }) => name === crash.process)?.process.kill();
    });
  }
  world.everyMinute();
  await world.pass(handOver.beginsMs);
  await handOver.begin(world);
  await world.pass(start + handOver.endsMs - world.clock.now());
  const isRebalancer = crash.process.startsWith("rebalancer");
  await world.pass(isRebalancer ? AFTER_REBALANCER_MS : AFTER_COLLECTOR_MS);
  if (crashedAt === undefined) {
    world.end();
    return undefined;
  }
  const from = start + handOver.beginsMs;
  const due = dueIn(world, from, world.clock.now() - TAIL_MS);
  const feltAt = isRebalancer ? Math.max(crashedAt, firstLate(due, crashedAt)) : crashedAt;
  const tookMs = recoveredAfter(due, feltAt);
  const until = Math.max(0, ...world.looks.flatMap(({ fleet }) => fleet.leases.flatMap(({ open }) => open.map((entry) => entry.until)))); // prettier-ignore
  const allowedMs = Math.max(WITHIN_MS, until + limits.skewMaxMs - crashedAt);
  const wrong = await whatIsWrong(world, { from });
  world.end();
  return { crash, crashedAt, tookMs, allowedMs, wrong };
}

function describe(handOver: HandOver, { process, number, name, point }: Crash): string {
  const when = { unsent: "before", applied: "applied, before the answer of", answered: "after" }[point]; // prettier-ignore
  return `${handOver.name}: ${process} dies ${when} its call ${number}, ${name}`;
}

interface Worst {
  crashes: number;
  tookMs: number;
  text: string;
}

async function everyCrash(effort: Effort): Promise<{
  readonly collectors: Worst;
  readonly rebalancers: Worst;
  readonly against: string[];
  readonly notes: string[];
}> {
  // prettier-ignore
  const collectors: Worst = { crashes: 0, tookMs: 0, text: "" };
  const rebalancers: Worst = { crashes: 0, tookMs: 0, text: "" };
  const against: string[] = [];
  const notes: string[] = [];
  for (const handOver of handOvers) {
    const all = await crashesOf(handOver);
    // A share of them, spread over the whole hand-over, and another share of each hand-over.
    const chosen = effort === "full" ? all : all.filter((_, index) => index % QUICK_EVERY === 0);
    notes.push(`${handOver.name}: ${all.length / POINTS.length} calls, ${all.length} crash points`);
    for (const crash of chosen) {
      const crashed = await playCrash(handOver, crash);
      if (crashed === undefined) {
        against.push(`${describe(handOver, crash)}: the replay never came to it`);
        continue;
      }
      const kind = crash.process.startsWith("rebalancer") ? rebalancers : collectors;
      kind.crashes += 1;
      if (crashed.tookMs > kind.tookMs) {
        kind.tookMs = crashed.tookMs;
        kind.text = describe(handOver, crash);
      }
      const text = `${describe(handOver, crash)} at ${iso(crashed.crashedAt)}`;
      if (crashed.tookMs > crashed.allowedMs) against.push(`${text}: on time again after ${seconds(crashed.tookMs)}, expected ${seconds(crashed.allowedMs)}`); // prettier-ignore
      against.push(...crashed.wrong.map((what) => `${text}: ${what}`));
    }
  }
  return { collectors, rebalancers, against, notes };
}

const QUICK_EVERY = 41;

async function planned(effort: Effort): Promise<Finding> {
  const seeds = effort === "full" ? 40 : 3;
  const smooth: Smooth[] = [];
  for (const handOver of handOvers) {
    for (let seed = 1; seed <= seeds; seed += 1) smooth.push(await playSmoothly(handOver, seed));
  }
  const latestMs = Math.max(...smooth.map((one) => one.latestMs));
  const twice = smooth.reduce((sum, one) => sum + one.twice, 0);
  const due = smooth.reduce((sum, one) => sum + one.due, 0);
  const { collectors, rebalancers, against, notes } = await everyCrash(effort);
  const found = [
    `without a fault ${twice} duplicates, latest ${latestMs.toFixed(0)} ms, of ${due} captures in ${smooth.length} hand-overs`,
    `K = ${collectors.crashes} crashes of collectors: worst ${seconds(collectors.tookMs)}`,
    `${rebalancers.crashes} of the rebalancer: worst ${seconds(rebalancers.tookMs)}`,
  ].join("; ");
  return finding(
    found,
    [
      ...(twice === 0 ? [] : [`${twice} captured twice, expected none`]),
      ...(latestMs <= ON_TIME_MS ? [] : [`a capture was ${latestMs.toFixed(0)} ms late, expected at most ${ON_TIME_MS} ms`]), // prettier-ignore
      ...smooth.flatMap(({ wrong }) => wrong),
      ...against,
    ],
    [...notes, `worst: ${collectors.text}`, `worst of the rebalancer: ${rebalancers.text}`],
  );
}

export const plannedHandOvers: Row = {
  id: "planned",
  fault: "planned: deadline, deploy, scale in, scale out, rebalance",
  goal: `0 duplicates, none more than ${ON_TIME_MS} ms late; a crash at every single step: on time again by until or within ${seconds(WITHIN_MS)}, nothing stuck`,
  simulated: planned,
};
