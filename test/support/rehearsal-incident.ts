/**
 * Plays one incident: a healthy while, the trouble, and what comes after it, until nothing rings.
 *
 * In:    the incident, the alarms' rules, a seed           Out: what rang when, and when it was over
 * Holds: the same seed plays the same way.
 */
import type { AlarmId } from "#domain/alarm/definition.ts";
import { watchAlarms, type AlarmChange, type AlarmWatch } from "./rehearsal-alarms.ts";
import { deployed as deployedWith, type Context, type Deployed } from "./rehearsal-template.ts";
import {
  REHEARSAL_DEFAULTS,
  rehearsalWorld,
  type RehearsalOptions,
  type RehearsalWorld,
} from "./rehearsal-world.ts";

export interface Incident {
  /** What happens, as an operator would tell it. */
  readonly name: string;
  readonly options?: Partial<Omit<RehearsalOptions, "seed" | "deployed">>;
  /** What it is deployed with, beyond what all are. */
  readonly context?: Context;
  readonly lastsMin: number;
  /** Exactly these ring, each within so many minutes of the beginning. */
  readonly rings: Readonly<Partial<Record<AlarmId, number>>>;
  /** These may ring or not: it depends on how looks and hand-overs fall. */
  readonly mayRing?: readonly AlarmId[];
  /** These may be over for a moment and ring again: their data comes in pieces. */
  readonly mayRingAgain?: readonly AlarmId[];
  /** How long all is well before; default HEALTHY_MIN. */
  readonly healthyMin?: number;
  /** Whether the alarms are as new as the pool: nothing was published before. */
  readonly isFirstDeploy?: boolean;
  /** Nothing rings any more so many minutes after the end. */
  readonly overWithinMin: number;
  begin(world: RehearsalWorld): Promise<void> | void;
  end(world: RehearsalWorld): Promise<void> | void;
}

export interface Rehearsed {
  readonly incident: Incident;
  /** Minutes from the incident's beginning to the alarm. */
  readonly rang: ReadonlyMap<AlarmId, number>;
  /** Alarms that rang, were over, and rang again for the same incident. */
  readonly rangAgain: readonly AlarmId[];
  /** What rang before anything was wrong. */
  readonly rangBefore: readonly AlarmId[];
  /** Minutes from the incident's end until nothing rang; undefined: something still does. */
  readonly overAfterMin: number | undefined;
  readonly stillRinging: readonly AlarmId[];
  readonly changes: readonly AlarmChange[];
  readonly world: RehearsalWorld;
}

const MINUTE_MS = 60_000;
/** Fewer slots than by default: a rehearsal's targets are few. */
const CONTEXT: Context = { collectors: "2", slots: "16" };

export function deployedFor(context: Context = {}): Deployed {
  return deployedWith({ ...CONTEXT, ...context });
}

/** Until the pool runs and all its metrics are there. */
const FOUNDED_MIN = 6;
/** Collectors are replaced so long before the incident: the next time is eleven minutes away. */
const HANDED_OVER_MIN = 2;
/** Until the incident begins. */
const HEALTHY_MIN = 9;
/** How long it may take until nothing rings any more, at most. */
const OVER_MOST_MIN = 70;
/** For so long nothing may ring again. */
const AFTERWARDS_MIN = 5;
/** A queue that nobody used before is reported up to a quarter of an hour later. */
const LETTERS_SEEN_MIN = 18;

export async function rehearse(incident: Incident, seed: number): Promise<Rehearsed> {
  const deployed = deployedFor(incident.context);
  const world = await rehearsalWorld({
    ...REHEARSAL_DEFAULTS,
    ...incident.options,
    deployed,
    seed,
  });
  const { clock } = world;
  const watch = await founded(incident, world);
  const beganAt = clock.now();
  await incident.begin(world);
  await clock.advance(incident.lastsMin * MINUTE_MS);
  const endedAt = clock.now();
  await incident.end(world);
  const enoughMin = world.platform.counts.dead > 0 ? LETTERS_SEEN_MIN : AFTERWARDS_MIN;
  for (let quietMin = 0, minute = 0; quietMin < enoughMin && minute < OVER_MOST_MIN; minute += 1) {
    await clock.advance(MINUTE_MS);
    quietMin = watch.ringing().length > 0 ? 0 : quietMin + 1;
    // Somebody comes, looks at the letters and removes them.
    if (watch.ringing().includes("DeadLetters")) world.platform.purgeDeadLetters();
  }
  const rings = watch.changes.filter(({ to }) => to === "ALARM");
  const rangNow = rings.filter(({ at }) => at >= beganAt);
  const last = watch.changes.findLast(({ from }) => from === "ALARM");
  const stillRinging = watch.ringing();
  return {
    incident,
    rang: firsts(rangNow, beganAt),
    rangAgain: rangNow.map(({ id }) => id).filter((id, index, all) => all.indexOf(id) < index),
    rangBefore: rings.filter(({ at }) => at < beganAt).map(({ id }) => id),
    overAfterMin:
      stillRinging.length > 0
        ? undefined
        : Math.max(0, ((last?.at ?? endedAt) - endedAt) / MINUTE_MS),
    stillRinging,
    changes: watch.changes,
    world,
  };
}

/** Lets the pool run for a while, if all is to be well before; answers the alarms. */
async function founded(incident: Incident, world: RehearsalWorld): Promise<AlarmWatch> {
  const { clock, metrics } = world;
  const { alarms } = deployedFor(incident.context);
  if (incident.isFirstDeploy === true) return watchAlarms(clock, alarms, metrics.seen);
  await clock.advance(FOUNDED_MIN * MINUTE_MS);
  const watch = watchAlarms(clock, alarms, metrics.seen);
  const healthyMin = incident.healthyMin ?? HEALTHY_MIN;
  await clock.advance((healthyMin - FOUNDED_MIN - HANDED_OVER_MIN) * MINUTE_MS);
  for (const one of world.platform.running("collect")) one.askToStop();
  await clock.advance(HANDED_OVER_MIN * MINUTE_MS);
  return watch;
}

function firsts(rings: readonly AlarmChange[], from: number): Map<AlarmId, number> {
  const found = new Map<AlarmId, number>();
  for (const { id, at } of rings) {
    if (!found.has(id)) found.set(id, (at - from) / MINUTE_MS);
  }
  return found;
}

/** What differs from what the incident says, one sentence each; empty when nothing does. */
export function complaints({
  incident,
  rang,
  rangAgain,
  rangBefore,
  overAfterMin,
  stillRinging,
}: Rehearsed): string[] {
  const found: string[] = [];
  if (rangBefore.length > 0) found.push(`${rangBefore.join(", ")} rang before anything was wrong`);
  const again = rangAgain.filter((id) => incident.mayRingAgain?.includes(id) !== true);
  if (again.length > 0) found.push(`${again.join(", ")} rang more than once`);
  for (const id of rang.keys()) {
    if (!(id in incident.rings) && incident.mayRing?.includes(id) !== true)
      found.push(`${id} rang, which this incident is none of`);
  }
  for (const [id, withinMin] of Object.entries(incident.rings)) {
    const after = [...rang].find(([rung]) => rung === id)?.[1];
    if (after === undefined) found.push(`${id} didn't ring`);
    else if (after > withinMin)
      found.push(`${id} rang after ${after.toFixed(1)} min, expected ${withinMin} at most`);
  }
  if (overAfterMin === undefined) found.push(`${stillRinging.join(", ")} rings on for ever`);
  else if (overAfterMin > incident.overWithinMin) {
    found.push(
      `something rang until ${overAfterMin.toFixed(1)} min after the end, expected ${incident.overWithinMin} at most`,
    );
  }
  return found;
}
