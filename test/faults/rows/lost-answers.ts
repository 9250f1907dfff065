/**
 * Writes that were applied and whose answers were lost: each kind, each occurrence.
 *
 * With no time passing until the client sends it again, a run must go exactly as without the fault:
 * not a call more, none with another result. With the time that it takes, no lease may be lost and
 * nothing captured twice.
 */
import { every } from "#domain/cadence.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { httpTarget } from "#test/support/collector-chaos.ts";
import { handOvers } from "../hand-overs.ts";
import { dueIn, duplicatesOf, whatIsWrong } from "../measure.ts";
import type { CallDone, CallFault } from "../process.ts";
import { finding, type Effort, type Finding, type Row } from "../row.ts";
import { targetsInEachSlot } from "../targets.ts";
import { faultWorld, type FaultWorld, type FaultWorldOptions } from "../world.ts";

/** Every write that a collector or a rebalancer makes. */
const WRITES = [
  "leases.acquire",
  "leases.renew",
  "leases.release",
  "leases.promise",
  "leases.cancel",
  "leases.give",
  "leases.move",
  "leases.addLease",
  "leases.removeLease",
  "leases.quarantine",
  "leases.writeFleet",
  "schedules.commit",
  "requests.remove",
  "samples.put",
] as const;
const READS =
  /^(leases\.(read|find)|schedules\.(read|find|list)|requests\.list|samples\.(list|get))/u;

interface Script {
  readonly name: string;
  readonly options: Omit<FaultWorldOptions, "seed">;
  play(world: FaultWorld): Promise<void>;
  /** Deaths come a moment earlier or later where time passes: what is captured again differs. */
  readonly isAtOnceOnly?: boolean;
}

const handOverScripts: readonly Script[] = handOvers
  .filter(({ name }) => name !== "deploy")
  .map(({ name, options, beginsMs, endsMs, begin }) => ({
    name,
    options,
    async play(world) {
      await world.pass(beginsMs);
      await begin(world);
      await world.pass(endsMs - beginsMs);
    },
  }));

const idle: Script = {
  name: "moves of idle leases",
  options: {
    slotsLog2: 3,
    leases: 1,
    targets: Array.from({ length: 12 }, (_, index) => httpTarget(`t-${index}`, every(600_000))),
  },
  async play(world) {
    // Captured once, nobody owns it until the next of its targets is due.
    await world.pass(11_000);
    await scale(world, 3);
    await world.pass(8_000);
  },
};

const changedMind: Script = {
  name: "out, and in again at once, then removed",
  options: { ...(handOvers.find(({ name }) => name === "scale out")?.options ?? idle.options) },
  async play(world) {
    await world.pass(16_300);
    await scale(world, 3);
    await world.pass(1_100);
    await scale(world, 2);
    await world.pass(90_000 - 17_400);
  },
};

const KILLING_TARGETS = targetsInEachSlot(3, 1, [1_000]);
const KILLS_FROM = Date.parse("2026-11-21T12:00:15Z");

/** Whoever captures the first target dies of it, until its range is shut. */
const killing: Script = {
  name: "a range that kills",
  options: {
    slotsLog2: 3,
    leases: 4,
    targets: KILLING_TARGETS,
    onCapture({ target, at }, process) {
      if (target === KILLING_TARGETS[0]?.id && at >= KILLS_FROM) process.kill();
    },
  },
  async play(world) {
    await world.pass(60_000);
  },
  isAtOnceOnly: true,
};

const scripts = [...handOverScripts, idle, changedMind, killing];

async function scale(world: FaultWorld, desired: number): Promise<void> {
  await foundPool(world, { pool: world.pool, slotsLog2: world.slotsLog2, desired });
  world.invokeRebalancer();
}

const SEED = 11;
const TAIL_MS = 3_000;

interface Lost {
  readonly fault: CallFault;
  readonly process: string;
  readonly number: number;
}

interface Played {
  readonly world: FaultWorld;
  /** Each call as it was first applied: who, what, which result. */
  readonly calls: readonly CallDone[];
  readonly twice: number;
  readonly lostLeases: number;
  readonly reads: number;
}

async function play(script: Script, lost?: Lost): Promise<Played> {
  const world = await faultWorld({
    ...script.options,
    seed: SEED,
    fault: ({ process, number }) =>
      process === lost?.process && number === lost.number ? lost.fault : undefined,
  });
  world.everyMinute();
  const from = world.clock.now();
  await script.play(world);
  const seen = new Set<string>();
  const calls = world.calls.filter(({ process, number }) => {
    const name = `${process} ${number}`;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
  const due = dueIn(world, from + 8_000, world.clock.now() - TAIL_MS);
  return {
    world,
    calls,
    twice: duplicatesOf(due).length,
    lostLeases: world.running.filter(({ ended }) => ended === "lost" || ended === "threw").length,
    reads: calls.filter(({ name }) => READS.test(name)).length,
  };
}

function told({ process, number, name, result }: CallDone): string {
  const kind = typeof result === "string" ? result : ((result as { kind?: string } | undefined)?.kind ?? ""); // prettier-ignore
  return `${process} ${number} ${name} ${kind}`;
}

interface Tally {
  writes: number;
  lostLeases: number;
  twice: number;
  extraReads: number;
  readonly byKind: Map<string, number>;
  readonly wrong: string[];
}

async function loseOne(
  script: Script,
  usual: Played,
  write: CallDone,
  tally: Tally,
): Promise<void> {
  // prettier-ignore
  const name = `${script.name}: ${write.process}'s call ${write.number}, ${write.name}`;
  const { process, number } = write;
  const atOnce = await play(script, { process, number, fault: "answer-lost-at-once" });
  tally.extraReads += Math.max(0, atOnce.reads - usual.reads);
  const [is, was] = [atOnce.calls.map(told), usual.calls.map(told)];
  const at = was.findIndex((text, index) => text !== is[index]);
  if (at >= 0 || is.length !== was.length) tally.wrong.push(`${name}: ${is[at] ?? "nothing more"}, without the fault ${was[at] ?? "nothing more"}`); // prettier-ignore
  const all = [atOnce];
  if (script.isAtOnceOnly !== true) {
    const later = await play(script, { process, number, fault: "two-answers-lost" });
    const wrong = await whatIsWrong(later.world, { from: later.world.looks[0]?.at ?? 0 });
    tally.wrong.push(...wrong.map((text) => `${name}: ${text}`));
    all.push(later);
  }
  for (const played of all) {
    tally.lostLeases += played.lostLeases - usual.lostLeases;
    tally.twice += played.twice - usual.twice;
    played.world.end();
  }
  tally.writes += 1;
  tally.byKind.set(write.name, (tally.byKind.get(write.name) ?? 0) + 1);
}

async function lostAnswers(effort: Effort): Promise<Finding> {
  const tally: Tally = { writes: 0, lostLeases: 0, twice: 0, extraReads: 0, byKind: new Map(), wrong: [] }; // prettier-ignore
  const occurred = new Set<string>();
  for (const script of scripts) {
    const usual = await play(script);
    usual.world.end();
    const writes = usual.calls.filter(({ name }) => WRITES.some((write) => write === name));
    const byKind = Map.groupBy(writes, ({ name }) => name);
    for (const [kind, calls] of byKind) {
      // In short: each kind once in all; a commit is a commit.
      const isKnown = occurred.has(kind);
      occurred.add(kind);
      const chosen = effort === "full" ? evenly(calls, FULL_PER_KIND) : isKnown ? [] : evenly(calls, 1); // prettier-ignore
      for (const write of chosen) await loseOne(script, usual, write, tally);
    }
  }
  const missing = WRITES.filter((write) => !occurred.has(write));
  return finding(
    `${tally.writes} answers of ${occurred.size} kinds of writes lost: ${tally.lostLeases} lost leases, ${tally.twice} duplicate captures, ${tally.extraReads} extra reads`,
    [
      ...missing.map((write) => `no ${write} took place: its answer was never lost`),
      ...(tally.lostLeases === 0 ? [] : [`${tally.lostLeases} leases were lost`]),
      ...(tally.twice === 0 ? [] : [`${tally.twice} captures were made twice`]),
      ...(tally.extraReads === 0 ? [] : [`${tally.extraReads} extra reads`]),
      ...tally.wrong,
    ],
    [[...tally.byKind].map(([kind, count]) => `${kind} ${count}`).join(", ")],
  );
}

/** Of each kind in each script: the first, the second, and so on, or so many spread over all. */
const FULL_PER_KIND = 12;

function evenly<Item>(items: readonly Item[], most: number): Item[] {
  const step = Math.max(1, items.length / most);
  return items.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

export const answersLost: Row = {
  id: "lost-answers",
  fault: "write applied, answer lost",
  goal: "0 lost leases, 0 duplicate captures caused, 0 extra reads",
  simulated: lostAnswers,
};
