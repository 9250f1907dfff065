/** Plays a scenario in a world: from its seed to what didn't hold, and what it has exercised. */
import { cron, every } from "#domain/cadence.ts";
import type { Backend } from "./backend.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import { endViolations } from "./checks.ts";
import type { Exercised } from "./counts.ts";
import type { WantedTarget } from "./operator.ts";
import type { SimulatedProcess } from "./process.ts";
import { CADENCES, scenarioOf, type Happening, type Scenario, type Victim } from "./scenario.ts";
import { simulatedWorld, type SimulatedWorld, type Violation } from "./world.ts";

export interface Played {
  readonly seed: number;
  readonly hash: string;
  readonly entries: number;
  readonly events: number;
  readonly violations: readonly Violation[];
  readonly timeline: readonly string[];
  /** undefined of a run that could not be played to its end. */
  readonly counts: Readonly<Record<Exercised, number>> | undefined;
  readonly captures: number;
  readonly due: number;
  readonly captured: number;
  readonly missed: number;
  readonly simulatedMs: number;
}

export interface PlayOptions {
  readonly onLine?: (line: string) => void;
  readonly backend?: (sound: Backend) => Backend;
  readonly keepsChunk?: (sequence: number) => boolean;
  readonly timelineKept?: number;
}

export function playSeed(
  seed: number,
  minutes: number,
  options: PlayOptions = {},
): Promise<Played> {
  return playScenario(scenarioOf(seed, minutes), options);
}

export async function playScenario(scenario: Scenario, options: PlayOptions = {}): Promise<Played> {
  const { seed, slotsLog2, collectors, lifeMs, hangingShare, latencyMaxMs, clocks } = scenario;
  const world = simulatedWorld({
    seed, slotsLog2, collectors, lifeMs, hangingShare, latencyMaxMs, clocks,
    longestTimeoutMs: 5_000,
    scheduleLateMaxMs: scenario.kind === "planned" ? 2_000 : 5_000,
    apartMs: apartMs(scenario),
    stopsAtViolation: true,
    ...options,
  }); // prettier-ignore
  const names = targetNames(scenario);
  await world.found(Array.from({ length: scenario.targets }, () => names.next()));
  for (const { at, what } of scenario.events) {
    world.at(at, () => {
      if (world.now() < scenario.quietFromMs) happen(world, what, names);
    });
  }
  world.at(scenario.quietFromMs, () => {
    calmDown(world);
  });
  await world.runUntil(scenario.lastsMs);
  const end =
    world.violations.length > 0
      ? { violations: [], due: 0, captured: 0, missed: 0 }
      : await endViolations(world, scenario);
  return {
    seed,
    hash: world.trace.hash(),
    entries: world.trace.entries,
    events: world.clock.events,
    violations: [...world.violations, ...end.violations],
    timeline: world.trace.timeline(),
    counts: world.counts.all,
    captures: world.totals.captures,
    due: end.due,
    captured: end.captured,
    missed: end.missed,
    simulatedMs: world.now(),
  };
}

/** A lease expires, and a rebalancer notices its owner's death within a minute. */
const LIFTED_AFTER_MS = [1_000, 20_000, 45_000, 90_000];

/** Two clocks, each as wrong as they come, and one of them set by all that is ever set. */
function apartMs({ clocks, events }: Scenario): number {
  const jumps = events.map(({ what }) => (what.kind === "jump" ? Math.abs(what.ms) : 0));
  const jumped = jumps.reduce((sum, ms) => sum + ms, 0);
  return Math.max(100, 2 * clocks.skewMaxMs) + jumped;
}

interface TargetNames {
  next(cadence?: number): WantedTarget;
  readonly timeoutMs: number;
}

function targetNames({ cadences, timeoutMs }: Scenario): TargetNames {
  let made = 0;
  return {
    timeoutMs,
    next(cadence) {
      made += 1;
      const index = cadence ?? cadences[made % cadences.length] ?? 0;
      return { id: `t-${made}`, cadence: CADENCES[index] ?? every(10_000), timeoutMs };
    },
  };
}

/** Pauses end by themselves; clocks are right again, within what leases allow for. */
function calmDown(world: SimulatedWorld): void {
  world.trace.note(world.clock.now(), "world", "is quiet from now on");
  world.missRebalances(0);
  world.setClocks({ skewMaxMs: 50, driftMax: 0 });
  for (const ms of LIFTED_AFTER_MS) {
    world.clock.after(ms, () => {
      world.inBackground(world.liftQuarantines());
    });
  }
}

function happen(world: SimulatedWorld, what: Happening, names: TargetNames): void {
  const { random, operator } = world;
  switch (what.kind) {
    case "register": {
      const fresh = Array.from({ length: what.count }, () => names.next(what.cadence));
      world.inBackground(operator.register(fresh));
      return;
    }
    case "change": {
      const cadence = CADENCES[what.cadence] ?? cron("* * * * *");
      const changed = chosen(operator.idle(), what.count, random).map((id) => {
        return { id, cadence, timeoutMs: names.timeoutMs };
      });
      if (changed.length > 0) world.inBackground(operator.register(changed));
      world.counts.add("changes");
      return;
    }
    case "remove": {
      const ids = chosen(operator.idle(), what.count, random);
      if (ids.length > 0) world.inBackground(operator.remove(ids));
      return;
    }
    case "ask": {
      const ids = chosen(operator.idle(), what.count, random);
      if (ids.length > 0) world.inBackground(operator.request(ids));
      return;
    }
    case "scale":
      world.scale(what.desired);
      return;
    case "deploy":
      world.platform.deploy();
      return;
    case "replace":
      world.platform.replaceAll(what.graceMs);
      return;
    case "kill all":
      for (const { process } of world.running()) world.kill(process);
      return;
    case "kill":
    case "pause":
    case "cut off":
    case "jump":
      strike(world, what);
      return;
    case "storm":
      world.during(what.ms, { faultShare: what.share, slowShare: 0.02, lateMsMax: what.lateMsMax });
      return;
    case "slow":
      world.during(what.ms, { oneWayMs: what.oneWayMs });
      return;
    case "outage":
      world.outage(what.ms);
      return;
    case "chunks":
      if (what.how === "full") world.during(what.ms, { isChunkStoreFull: true });
      else if (what.how === "slow") world.during(what.ms, { chunkSlowMs: 8_000 });
      else world.during(what.ms, { chunkFaultShare: 0.5 });
      return;
    case "invocations":
      world.during(what.ms, {
        duplicateShare: what.share,
        lateShare: what.share,
        refusedInvocations: what.share / 2,
      });
      return;
    case "missed":
      world.missRebalances(what.share);
      world.clock.after(what.ms, () => {
        world.missRebalances(0);
      });
  }
}

function strike(world: SimulatedWorld, what: Extract<Happening, { readonly which: number }>): void {
  const process = victim(world, what.which, what.of);
  if (process === undefined) return;
  switch (what.kind) {
    case "kill":
      world.kill(process);
      return;
    case "pause":
      world.pause(process, what.ms);
      return;
    case "cut off":
      world.cutOff(process, what.ms);
      return;
    case "jump":
      world.jump(process, what.ms);
  }
}

function victim(world: SimulatedWorld, which: number, of: Victim): SimulatedProcess | undefined {
  const running = of === "any" ? world.running() : world.running(of);
  return running[which % Math.max(1, running.length)]?.process;
}

function chosen(ids: readonly string[], count: number, random: Random): string[] {
  const left = [...ids];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const [one] = left.splice(Math.floor(random() * left.length), 1);
    return one;
  }).filter((one) => one !== undefined);
}
