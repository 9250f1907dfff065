/**
 * Days on which nothing is wrong that doesn't heal by itself: deploys, another number of collectors,
 * single crashes, a minute of lost metrics, runs that are left out, a burst of throttling. None of it
 * is to wake anybody up.
 *
 * In:    days, seed                                        Out: what happened, and every ring
 * Holds: each kind of happening comes once a day (crashes twice), at a random moment of its own; the
 *        same seed plays the same way.
 */
import type { EpochMs } from "#domain/units.ts";
import { watchAlarms, type AlarmChange } from "./rehearsal-alarms.ts";
import { deployedFor } from "./rehearsal-incident.ts";
import { seededRandom } from "./rehearsal-random.ts";
import type { Context } from "./rehearsal-template.ts";
import {
  REHEARSAL_DEFAULTS,
  rehearsalWorld,
  type RehearsalOptions,
  type RehearsalWorld,
} from "./rehearsal-world.ts";

export interface HealthyOptions {
  readonly days: number;
  readonly seed: number;
  readonly context?: Context;
  readonly options?: Partial<Omit<RehearsalOptions, "seed" | "deployed">>;
  /** Called after each day. */
  readonly onDay?: (day: number, rings: number) => void;
}

export interface Lived {
  readonly rings: readonly AlarmChange[];
  readonly happened: readonly Happening[];
  /** How often alarms were evaluated. */
  readonly evaluated: number;
  readonly world: RehearsalWorld;
}

export interface Happening {
  readonly at: EpochMs;
  readonly what: string;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const FOUNDED_MIN = 20;
const BURST_SHARE = 0.05;

type Happen = (world: RehearsalWorld) => void;

/** What comes once every day; collectors go up on one day and down again on the next. */
function happenings(day: number, usual: number): readonly (readonly [what: string, Happen])[] {
  return [
    ["a deploy of all functions", ({ deploy }) => deploy()],
    [
      "a deploy that wants another number of collectors",
      ({ deploy }) => deploy(day % 2 === 0 ? usual + 1 : usual),
    ],
    ["a collector crashes", crashOne],
    ["a collector crashes", crashOne],
    ["a minute of metrics is lost", ({ metrics }) => metrics.loseFor(MINUTE_MS)],
    ["a run of the rebalancer is left out", (world) => leaveOut(world, "rebalance")],
    ["a run of the health check is left out", (world) => leaveOut(world, "health-check")],
    ["a run of the rebalancer throws", (world) => throwOnce(world, "rebalance")],
    ["a run of the health check throws", (world) => throwOnce(world, "health-check")],
    ["the store throttles for a minute", throttleBurst],
  ];
}

export async function liveThrough(healthy: HealthyOptions): Promise<Lived> {
  const { days, seed } = healthy;
  const deployed = deployedFor(healthy.context);
  const world = await rehearsalWorld({
    ...REHEARSAL_DEFAULTS,
    ...healthy.options,
    deployed,
    seed,
  });
  const { clock } = world;
  await clock.advance(FOUNDED_MIN * MINUTE_MS);
  const watch = watchAlarms(clock, deployed.alarms, world.metrics.seen);
  const random = seededRandom(seed + 1);
  const happened: Happening[] = [];
  const rings = (): AlarmChange[] => watch.changes.filter(({ to }) => to === "ALARM");
  for (let day = 0; day < days; day += 1) {
    for (const [what, happen] of happenings(day, deployed.collectors)) {
      clock.after(random.between(0, DAY_MS), () => {
        happened.push({ at: clock.now(), what });
        happen(world);
      });
    }
    await clock.advance(DAY_MS);
    healthy.onDay?.(day + 1, rings().length);
  }
  const evaluated = (days * deployed.alarms.length * DAY_MS) / MINUTE_MS;
  return { rings: rings(), happened, evaluated, world };
}

function crashOne({ platform }: RehearsalWorld): void {
  platform.running("collect")[0]?.crash();
}

function leaveOut({ clock, platform }: RehearsalWorld, name: "rebalance" | "health-check"): void {
  platform.faults.unscheduled.add(name);
  clock.after(MINUTE_MS, () => platform.faults.unscheduled.delete(name));
}

function throwOnce({ clock, platform }: RehearsalWorld, name: "rebalance" | "health-check"): void {
  platform.faults.throwing.set(name, 1);
  clock.after(MINUTE_MS, () => platform.faults.throwing.delete(name));
}

function throttleBurst({ clock, faults }: RehearsalWorld): void {
  faults.throttledShare = BURST_SHARE;
  clock.after(MINUTE_MS, () => {
    faults.throttledShare = 0;
  });
}
