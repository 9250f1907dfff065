/**
 * One torture run, from an empty folder to the table of what held:
 *
 *     start → register → first captures → blows, watched → heal → settle → stop → audit
 *
 * Holds: it ends: every wait has a limit. What it started has ended when it resolves or rejects.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as timer } from "node:timers/promises";
import type { Look } from "#domain/audit.ts";
import { cadenceKey } from "#domain/cadence.ts";
import { slotsIn, wholeSpace } from "#domain/range.ts";
import { seededRandom } from "#test/support/rehearsal-random.ts";
import { lookAtPool } from "#test/support/look-at-pool.ts";
import { accountAll, keptRecords, type Accountable } from "./account.ts";
import type { Arena, Fault } from "./arena.ts";
import type { TortureOptions } from "./options.ts";
import { BLOWS, planBlows, type Blow, type BlowKind } from "./plan.ts";
import { patiently, population, type Population } from "./population.ts";
import { settled } from "./settle.ts";
import { story, type Story } from "./story.ts";
import { carryOut } from "./strike.ts";
import { want } from "./want.ts";
import { verdict, type Row } from "./verdict.ts";
import { startWatch } from "./watch.ts";
import { POOL, startWorld, type World } from "./world.ts";

const FIRST_CAPTURES_WITHIN_MS = 180_000;
const HEALED_WITHIN_MS = 60_000;
const DRAIN_MS = 8_000;
const STATUS_EVERY_MS = 30_000;

export interface Stage {
  /** Exists and is empty. */
  readonly folder: string;
  readonly out: (line: string) => void;
  /** Aborted: everything ends, and the run rejects. */
  readonly signal: AbortSignal;
}

export async function torture(options: TortureOptions, stage: Stage): Promise<Row[]> {
  const told = story(join(stage.folder, "story.log"), stage.out);
  const random = seededRandom(options.seed);
  const world = await startWorld(options, stage.folder, random.fork());
  try {
    return await run({ options, stage, told, world });
  } finally {
    await world.stop();
  }
}

interface Run {
  readonly options: TortureOptions;
  readonly stage: Stage;
  readonly told: Story;
  readonly world: World;
}

async function run({ options, stage, told, world }: Run): Promise<Row[]> {
  const from = Date.now();
  const { minutes, seed, collectors, targets, slotsLog2, ttlMs } = options;
  const { signal } = stage;
  told.tell(`${targets} targets, ${2 ** slotsLog2} slots, ${collectors} collectors, leases of ${ttlMs} ms; ${minutes} min of blows from seed ${seed}`); // prettier-ignore
  const people = population(world, slotsLog2);
  await people.register(targets);
  await firstCaptures(world, targets, signal);
  told.tell("every target was captured; blows fall from now on");

  const watch = await startWatch(world, told);
  const healing = new AbortController();
  const faults: Fault[] = [];
  const arena: Arena = {
    ...{ options, world, people, watch, faults, healing: healing.signal },
    starts: [],
  };
  const blows = planBlows({ seed, durationMs: minutes * 60_000, gapMs: options.gapMs });
  const status = setInterval(() => void tellStatus(arena, told), STATUS_EVERY_MS);
  let rained: Rained;
  try {
    rained = await rain(arena, { blows, told, signal, healing });
  } finally {
    clearInterval(status);
  }
  await want(arena, collectors);
  told.tell("all is healed; the fleet settles");
  const end = await settled(world, watch, options.settleMs, signal);
  told.tell(end.stuck.length === 0 ? "settled" : `NOT SETTLED  ${end.stuck.join("; ")}`);
  await watch.stop();
  const stopped = await world.current().cloud.stop(DRAIN_MS);
  told.tell(`stopped, ${stopped.abandoned} captures left open; the audit begins`);

  const last = await patiently(() => lookAtPool(world.stores, POOL));
  const to = Date.now();
  const all = await accountables(world, people, last);
  const kept = await keptRecords(world.stores.samples, POOL);
  const evidence = { options, blows, faults, asked: people.asked, rained, end };
  writeFileSync(join(world.folder, "evidence.json"), JSON.stringify(evidence, withSets, 1));
  const account = accountAll(all, { slotsLog2, from, to, kept, faults, asked: people.asked });
  return verdict({
    options,
    world,
    people,
    watch,
    faults,
    blows,
    rained,
    end,
    kept,
    account,
    all,
  });
}

function withSets(_key: string, value: unknown): unknown {
  return value instanceof Set ? [...value] : value;
}

async function firstCaptures(world: World, targets: number, signal: AbortSignal): Promise<void> {
  const endAt = Date.now() + FIRST_CAPTURES_WITHIN_MS;
  while (Date.now() < endAt) {
    signal.throwIfAborted();
    const { slotsLog2 } = world.current().cloud;
    const open = await world.stores.requests.list(POOL, wholeSpace(), slotsLog2);
    if (open.length === 0 && (await world.server.count()) >= targets) return;
    await timer(500);
  }
  throw new Error(`after ${FIRST_CAPTURES_WITHIN_MS} ms not every target was captured`);
}

interface Rain {
  readonly blows: readonly Blow[];
  readonly told: Story;
  readonly signal: AbortSignal;
  readonly healing: AbortController;
}

export interface Rained {
  /** What went wrong with the blows themselves. */
  readonly failures: readonly string[];
  /** Kinds that hit somebody. */
  readonly hit: ReadonlySet<BlowKind>;
}

/** Lets them fall, and heals everything. */
async function rain(arena: Arena, { blows, told, signal, healing }: Rain): Promise<Rained> {
  const failures: string[] = [];
  const hit = new Set<BlowKind>();
  const falling = new Set<Promise<void>>();
  const from = Date.now();
  let number = 0;

  function fall({ kind, seed }: Omit<Blow, "at">): Promise<void> {
    number += 1;
    const name = `#${number} ${kind.padEnd(18)}`;
    const tell = (whom: string): void => {
      hit.add(kind);
      told.tell(`${name} ${BLOWS[kind]}: ${whom}`);
    };
    const miss = (why: string): void => told.tell(`${name} hits nothing: ${why}`);
    const blow = carryOut(arena, { kind, random: seededRandom(seed), tell, miss })
      .catch((error: unknown) => {
        failures.push(`${name}: ${String(error)}`);
        told.tell(`FAILED  ${name}: ${String(error)}`);
      })
      .finally(() => falling.delete(blow));
    falling.add(blow);
    return blow;
  }

  try {
    for (const blow of blows) {
      await timer(Math.max(0, from + blow.at - Date.now()), undefined, { signal });
      void fall(blow);
    }
    const { minutes, collectors } = arena.options;
    await timer(Math.max(0, from + minutes * 60_000 - Date.now()), undefined, { signal });
    const again = blows.filter(({ kind }, index) => {
      return !hit.has(kind) && blows.findIndex((other) => other.kind === kind) === index;
    });
    if (again.length > 0) {
      await want(arena, collectors);
      await allOwned(arena, signal);
    }
    for (const blow of again) {
      signal.throwIfAborted();
      await fall(blow);
    }
  } finally {
    healing.abort();
    arena.world.proxy.change({ kind: "clear" });
    arena.world.fillDisk(false);
  }
  const late = timer(HEALED_WITHIN_MS, "late", { ref: false });
  if ((await Promise.race([Promise.all(falling), late])) === "late") {
    failures.push(`${falling.size} blows have not ended ${HEALED_WITHIN_MS} ms after healing`);
  }
  return { failures, hit };
}

const OWNED_WITHIN_MS = 30_000;

/** Or as many as come within the time. */
async function allOwned({ watch }: Arena, signal: AbortSignal): Promise<void> {
  const endAt = Date.now() + OWNED_WITHIN_MS;
  while (Date.now() < endAt) {
    const { fleet, at } = watch.last();
    const free = fleet.leases.filter(
      ({ ranges, holder }) => ranges.length > 0 && (holder === undefined || holder.expiresAt <= at),
    );
    if (free.length === 0) return;
    await timer(500, undefined, { signal });
  }
}

async function tellStatus({ watch, world, faults }: Arena, told: Story): Promise<void> {
  const { fleet, at } = watch.last();
  const owned = fleet.leases.filter(({ holder }) => holder !== undefined && holder.expiresAt > at);
  const arrivals = await world.server.count();
  told.tell(`  ${fleet.leases.length} leases, ${owned.length} owned; ${arrivals} arrivals; ${faults.length} faults; ${watch.looks()} looks`); // prettier-ignore
}

/** All that were ever registered, each up to what was committed of it. */
async function accountables(world: World, people: Population, last: Look): Promise<Accountable[]> {
  const arrivals = await world.server.arrivals(world.folder);
  const { slotsLog2 } = last.fleet.fleet;
  const found: Accountable[] = [];
  for (const { slot, schedules } of last.slots) {
    const { targets } = await patiently(() => world.stores.schedules.readSlot(POOL, slot));
    for (const target of targets) {
      const known = people.known.get(target.id);
      const schedule = schedules.find(({ cadence }) => cadence === cadenceKey(target.cadence));
      if (known === undefined || schedule === undefined) {
        throw new Error(
          `${target.id} in slot ${slot}: nobody registered it, or it has no schedule`,
        );
      }
      const { watermark } = schedule;
      found.push({ known, target, watermark, arrivals: arrivals.get(known.index) ?? [] });
    }
  }
  const there = new Set(found.map(({ known }) => known.id));
  for (const known of people.known.values()) {
    const { id, index, removed, registered } = known;
    if (removed !== undefined) {
      found.push({ known, ...removed, arrivals: arrivals.get(index) ?? [] });
    } else if (registered && !there.has(id)) {
      throw new Error(`${id} was registered and acknowledged, and is in none of ${slotsIn(wholeSpace(), slotsLog2).length} slots`); // prettier-ignore
    }
  }
  return found;
}
