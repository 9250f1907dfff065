/**
 * A whole pool in one process: the real use cases, planner and DynamoDB stores on a simulated clock,
 * network, platform and DynamoDB. Everything random comes from one seed.
 *
 *     const world = simulatedWorld({ seed: 7, slotsLog2: 4, collectors: 2 });
 *     await world.found(targets);                       // the pool, its targets; schedules start
 *     world.at(60_000, () => world.kill(world.owners()[0]));   // a fault at a moment of the run
 *     world.at(90_000, () => world.outage(600_000));
 *     await world.runUntil(20 * 60_000);                // milliseconds since the run began
 *     world.violations                                  // invariants that didn't hold, as sentences
 *     await endViolations(world, { … })                 // checks.ts: what must hold at the end
 *
 * What can be looked at:
 *     world.direct      the stores without network or faults: readFleet, readSchedules …
 *     world.oracle      what was acknowledged (known, asked), by world time
 *     world.kept        samples and missed records that are durable
 *     world.captures    every capture started: target, moment, process (when `keepCaptures`)
 *     world.counts      how often each kind of event took place
 *     world.trace       time line (`timeline()`), hash of all that happened (`hash()`)
 *
 * What can be done (all of it at the moment of the call; schedule it with `at`):
 *     operator.register / remove / request     by hand; resolve once acknowledged: don't await them
 *                                              outside of the world's events, or time stands still
 *     kill, pause, jump, cutOff, outage, storm, chunks, invocations, deploy, replaceAll, scale
 *
 * Holds: an error that a function throws and that isn't a DependencyError is a violation, and so is
 *        an error it logs, but for chunks that can't be kept.
 */
import type { CollectSettings } from "#usecases/collect/settings.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { DependencyError } from "#domain/errors.ts";
import type { EpochMs } from "#domain/units.ts";
import type { FunctionName } from "#functions/manifest.ts";
import type { LogFields } from "#ports/log.ts";
import type { ProbeTask } from "#ports/probe.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { seededRandom, type Random } from "#test/support/rehearsal-random.ts";
import type { Backend } from "./backend.ts";
import { worldClock, type WorldClock } from "./clock.ts";
import { counts, type Exercised } from "./counts.ts";
import { simulatedFunctions, type FunctionsOptions } from "./functions.ts";
import { dynamoBackend } from "./dynamo-backend.ts";
import { watchRecords } from "./watch.ts";
import { operator, type WantedTarget } from "./operator.ts";
import { oracle } from "./oracle.ts";
import { platform, type Platform, type Running } from "./platform.ts";
import { EXACT, simulatedProcess, type ClockError, type SimulatedProcess } from "./process.ts";
import { keptSamples } from "./samples.ts";
import { trace } from "./trace.ts";
import { calm, stormyNetwork, type Weather } from "./weather.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly slotsLog2: number;
  readonly collectors: number;
  /** How long an invocation of a collector may last; default 900 s. */
  readonly lifeMs?: number;
  readonly longestTimeoutMs?: number;
  readonly collect?: Partial<CollectSettings>;
  readonly clocks?: { readonly skewMaxMs: number; readonly driftMax: number };
  /** Of targets that hang until their time-out. */
  readonly hangingShare?: number;
  readonly latencyMaxMs?: number;
  readonly missedRebalances?: number;
  readonly scheduleLateMaxMs?: number;
  readonly coldMs?: { readonly least: number; readonly most: number };
  /** How far clocks may be apart, jumps included; default twice their skew. */
  readonly apartMs?: number;
  readonly keepCaptures?: boolean;
  /** The world ends with the first of them. */
  readonly stopsAtViolation?: boolean;
  readonly timelineKept?: number;
  readonly onLine?: (line: string) => void;
  /** What processes have instead of the stores over the simulated DynamoDB. */
  readonly backend?: (sound: Backend) => Backend;
  /** Whether a chunk that is said to be durable is kept; default always. */
  readonly keepsChunk?: (sequence: number) => boolean;
}

export interface Violation {
  /** Milliseconds since the run began: when it was noticed, or what it is about. */
  readonly at: number;
  readonly what: string;
}

export interface CaptureStart {
  readonly target: string;
  readonly at: EpochMs;
  readonly process: string;
}

export const POOL = "simulated";
export const START = "2026-11-21T12:00:00.000Z";
/** What is told of a run that broke: the first few say it all. */
const VIOLATIONS_MAX = 20;

export type SimulatedWorld = ReturnType<typeof simulatedWorld>;

export function simulatedWorld(options: WorldOptions) {
  const { seed, slotsLog2, onLine } = options;
  const random = seededRandom(seed);
  const clock: WorldClock = worldClock(START);
  const start = clock.now();
  const log = trace({
    kept: options.timelineKept ?? 400,
    start,
    ...(onLine !== undefined && { onLine }),
  });
  const tally = counts();
  const weather: Weather = calm();
  const kept = keptSamples(options.keepsChunk);
  const known = oracle(slotsLog2);
  const violations: Violation[] = [];
  const captures: CaptureStart[] = [];
  const totals = { captures: 0 };
  let desired = options.collectors;
  let missedShare = options.missedRebalances ?? 0;
  let clocks = options.clocks ?? { skewMaxMs: 0, driftMax: 0 };

  function violate(what: string): void {
    log.note(clock.now(), "VIOLATION", what);
    if (violations.length < VIOLATIONS_MAX) violations.push({ at: clock.now() - start, what });
    if (options.stopsAtViolation === true) clock.stop();
  }

  const watched = watchRecords({
    now: () => clock.now(),
    pool: POOL,
    slotsLog2,
    oracle: known,
    kept,
    counts: tally,
    trace: log,
    violate,
  });
  const dynamo = dynamoBackend(clock, watched.onWrite);
  const backend = options.backend?.(dynamo) ?? dynamo;

  function clockError(from: Random): ClockError {
    const { skewMaxMs, driftMax } = clocks;
    if (skewMaxMs === 0 && driftMax === 0) return EXACT;
    return {
      skewMs: Math.round((2 * from() - 1) * skewMaxMs),
      drift: (2 * from() - 1) * driftMax,
      errorMaxMs: skewMaxMs,
    };
  }

  const shared: FunctionsOptions = {
    weather,
    counts: tally,
    trace: log,
    now: () => clock.now(),
    clock,
    random: random.fork(),
    backend,
    kept,
    pool: POOL,
    slotsLog2,
    desired: () => desired,
    longestTimeoutMs: options.longestTimeoutMs ?? 5_000,
    collect: options.collect ?? {},
    latencyOf: latencies(options),
    lifeMs: () => options.lifeMs ?? 900_000,
    platform: () => functions,
    onCapture(process, target) {
      totals.captures += 1;
      log.note(clock.now(), process.name, "captures", target);
      if (options.keepCaptures === true)
        captures.push({ target, at: clock.now(), process: process.name });
    },
    onLog,
  };
  const functions: Platform = platform({
    clock,
    random: random.fork(),
    weather,
    counts: tally,
    trace: log,
    functions: simulatedFunctions(shared),
    clockError,
    missedShare: () => missedShare,
    lateMaxMs: options.scheduleLateMaxMs ?? 2_000,
    coldMs: options.coldMs ?? { least: 200, most: 900 },
    onFailure(name, who, error) {
      log.note(clock.now(), who, "fails:", String(error).slice(0, 120));
      if (!(error instanceof DependencyError)) violate(`${name} threw ${textOf(error)}`);
    },
  });
  const apartMs = options.apartMs ?? Math.max(100, 2 * clocks.skewMaxMs);
  const people = operator({
    ...shared,
    random: random.fork(),
    oracle: known,
    clockError: EXACT,
    apartMs,
  });

  function onLog(process: SimulatedProcess, level: string, event: string, fields: LogFields): void {
    const exercised = LOGGED.get(event);
    if (exercised !== undefined) tally.add(exercised);
    log.note(clock.now(), process.name, `says: ${event}`, detailOf(fields));
    if (level === "error" && !isExcused(event, fields))
      violate(`${process.name} logged: ${event} ${JSON.stringify(fields, plain)}`);
  }

  /** Whatever is to happen in the world happens as one of its events. */
  function at(ms: number, work: () => void): void {
    clock.after(start + ms - clock.now(), work);
  }

  function inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      violate(`a task of an operator ended with ${textOf(error)}`);
    });
  }

  async function runUntil(ms: number): Promise<void> {
    await clock.runUntil(start + ms);
  }

  /** Founds the pool, registers the first targets, and starts the schedules. */
  async function found(targets: readonly WantedTarget[]): Promise<void> {
    const process = simulatedProcess(clock, "founder", EXACT);
    const source = random.fork();
    const stores = backend.reach({
      process,
      network: stormyNetwork(shared, process, source.fork()),
      random: source.fork(),
      meter: capacityMeter(),
    });
    const done = { is: false };
    inBackground(
      (async () => {
        await foundPool(
          { clock: process.clock, leases: stores.leases },
          { pool: POOL, slotsLog2, desired },
        );
        if (targets.length > 0) await people.register(targets);
        done.is = true;
      })(),
    );
    const until = clock.now() - start + FOUNDED_WITHIN_MS;
    while (!done.is && violations.length === 0 && clock.now() - start < until)
      await runUntil(clock.now() - start + 100);
    if (!done.is)
      throw new Error(`the pool isn't founded: ${violations.map(({ what }) => what).join("; ")}`);
    functions.startSchedules();
  }

  return {
    clock, start, weather, counts: tally, trace: log, kept, oracle: known, backend, captures, totals, violations,
    random: random.fork(), pool: POOL, slotsLog2, platform: functions, operator: people,
    direct: backend.direct, tables: dynamo.tables, watched, apartMs,
    now: () => clock.now() - start,
    at, runUntil, found, violate, inBackground,
    /** Environments that run a function just now. */
    running: (name?: FunctionName): readonly Running[] => functions.running(name),
    kill: (process: SimulatedProcess): void => functions.kill(process),
    pause(process: SimulatedProcess, ms: number): void {
      if (process.state === "dead") return;
      tally.add("pauses");
      log.note(clock.now(), process.name, "stands still for", `${Math.round(ms)} ms`);
      process.pause();
      clock.after(ms, () => {
        if (process.state === "dead") return;
        log.note(clock.now(), process.name, "goes on");
        process.resume();
      });
    },
    jump(process: SimulatedProcess, ms: number): void {
      tally.add("clock jumps");
      log.note(clock.now(), process.name, "its clock jumps by", `${Math.round(ms)} ms`);
      process.jump(ms);
    },
    cutOff(process: SimulatedProcess, ms: number): void {
      tally.add("cut off");
      log.note(clock.now(), process.name, "reaches nothing for", `${Math.round(ms)} ms`);
      weather.cutOff.add(process.name);
      clock.after(ms, () => weather.cutOff.delete(process.name));
    },
    outage(ms: number): void {
      tally.add("store outages");
      log.note(clock.now(), "store", "out of reach for", `${Math.round(ms)} ms`);
      weather.isOut = true;
      clock.after(ms, () => {
        weather.isOut = false;
        log.note(clock.now(), "store", "is back");
      });
    },
    /** Sets part of the weather for a while. */
    during(ms: number, part: Partial<Omit<Weather, "cutOff">>): void {
      const before: Record<string, unknown> = {};
      for (const name of Object.keys(part)) before[name] = Reflect.get(calm(), name);
      log.note(clock.now(), "weather", JSON.stringify(part), `for ${Math.round(ms)} ms`);
      Object.assign(weather, part);
      clock.after(ms, () => {
        Object.assign(weather, before);
        log.note(clock.now(), "weather", "as usual again:", Object.keys(part).join(" "));
      });
    },
    scale(to: number): void {
      desired = to;
      functions.deploy();
    },
    missRebalances(share: number): void {
      missedShare = share;
    },
    /** All clocks, those of new processes too. */
    setClocks(next: { readonly skewMaxMs: number; readonly driftMax: number }): void {
      clocks = next;
      for (const process of functions.processes()) process.setClock(clockError(random));
    },
    /** By hand: quarantined leases are like any other again. */
    async liftQuarantines(): Promise<void> {
      const fleet = await backend.direct.leases.readFleet(POOL);
      for (const { id, version, quarantine } of fleet?.leases ?? []) {
        if (quarantine === undefined) continue;
        await backend.direct.leases.lift({ pool: POOL, id, version });
        tally.add("quarantines lifted");
      }
    },
    desired: () => desired,
  }; // prettier-ignore
}

/** What a person is told of, and what is nobody's mistake. */
function isExcused(event: string, { why }: LogFields): boolean {
  if (event.startsWith("a chunk could not")) return true;
  // Many faults in one place look like a range that kills: it is what an operator is told of.
  if (event.startsWith("a range kills its collectors")) return true;
  if (event.startsWith("a range that killed its collectors")) return true;
  return event.startsWith("the pool isn't as it is configured") && String(why).startsWith("Dep");
}

const FOUNDED_WITHIN_MS = 120_000;

const LOGGED: ReadonlyMap<string, Exercised> = new Map([
  ["a range kills its collectors and is quarantined; the others go on", "quarantines"],
]);

/** Most answer fast and steadily, some hang. */
function latencies({ hangingShare = 0, latencyMaxMs = 200 }: WorldOptions) {
  return ({ target, timeoutMs }: ProbeTask, random: Random): number => {
    const place = placeOf(target.id);
    if (place < hangingShare) return timeoutMs;
    return Math.ceil(2 + latencyMaxMs * place * (0.8 + 0.4 * random()));
  };
}

/** From 0 to 1, the same for a target always. */
function placeOf(id: string): number {
  let mixed = 17;
  for (let index = 0; index < id.length; index += 1)
    mixed = Math.imul(mixed ^ id.charCodeAt(index), 0x01000193) >>> 0;
  return mixed / 4_294_967_296;
}

function detailOf(fields: LogFields): string {
  const { lease, slot, cadence, to, move, why, result, error } = fields;
  const parts = [
    lease,
    to,
    move,
    result,
    why,
    slot,
    cadence,
    error instanceof Error ? error.message : undefined,
  ];
  return parts
    .filter((part) => typeof part === "string" || typeof part === "number")
    .join(" ")
    .slice(0, 100);
}

function plain(_name: string, value: unknown): unknown {
  return value instanceof Error ? textOf(value) : value;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `, because of ${textOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
