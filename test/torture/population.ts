/**
 * Who is to be captured, and what was promised to them: registered, removed, asked for.
 *
 * Holds: a target is known here before anybody can capture it; what is removed is noted with what was
 *        committed by then, so that it can be accounted for up to there.
 */
import { setTimeout as wait } from "node:timers/promises";
import { cadenceKey, cron, every, type Cadence } from "#domain/cadence.ts";
import { DependencyError } from "#domain/errors.ts";
import { targetHash } from "#domain/hash.ts";
import { limits } from "#domain/limits.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import type { Target, TargetDefinition } from "#domain/target.ts";
import type { Watermark } from "#domain/watermark.ts";
import { systemIds } from "#adapters/system/ids.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import { keptLog } from "#test/support/quiet.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { removeTargets } from "#usecases/remove-targets.ts";
import { requestCapture } from "#usecases/request-capture.ts";
import { httpTarget } from "../../bench/support/http-targets.ts";
import { POOL, TIMEOUT_MS, type World } from "./world.ts";

/** One target that was ever registered. */
export interface Known {
  /** At the captured side. */
  readonly index: number;
  readonly id: string;
  readonly slot: Slot;
  readonly cadence: Cadence;
  /** Never answers: its captures fail by their time-out. */
  readonly hangs: boolean;
  /** Set when its registration was acknowledged. */
  registered: boolean;
  removed?: Removal;
}

export interface Removal {
  readonly at: number;
  readonly target: Target;
  /** Of its schedule, just before. */
  readonly watermark: Watermark;
}

export interface Asked {
  readonly id: string;
  readonly at: number;
}

export interface Population {
  readonly known: ReadonlyMap<string, Known>;
  readonly asked: readonly Asked[];
  register(count: number): Promise<void>;
  /** Resolves to how many were removed. */
  remove(count: number, random: Random): Promise<number>;
  ask(count: number, random: Random): Promise<number>;
}

export function population(world: World, slotsLog2: number): Population {
  const { stores } = world;
  const known = new Map<string, Known>();
  const asked: Asked[] = [];
  const deps = { ...stores, ids: systemIds(), log: keptLog() };
  const alive = (): Known[] =>
    [...known.values()].filter((one) => one.registered && one.removed === undefined);

  /** An idle fleet begins at once. */
  function startRebalancer(): void {
    void world.current().cloud.invoke("rebalance", { pool: POOL });
  }

  return {
    known,
    asked,
    async register(count) {
      const added = Array.from({ length: count }, (_, n) => newTarget(known.size + n, slotsLog2));
      for (const one of added) known.set(one.id, one);
      const settings = { pool: POOL, slotsLog2, policies: POLICIES_DEFAULT };
      const definitions = added.map((one) => definition(world, one));
      const report = await patiently(() => registerTargets(deps, settings, definitions));
      if (report.done !== count) {
        const why = JSON.stringify(report.refusals);
        throw new Error(`${report.done} of ${count} targets were registered: ${why}`);
      }
      for (const one of added) one.registered = true;
      startRebalancer();
    },
    async remove(count, random) {
      const chosen = some(alive(), count, random);
      for (const one of chosen) one.removed = await patiently(() => beforeRemoval(world, one));
      const ids = chosen.map(({ id }) => id);
      await patiently(() => removeTargets(deps, { pool: POOL, slotsLog2 }, ids));
      return chosen.length;
    },
    async ask(count, random) {
      const chosen = some(alive(), count, random);
      const at = Date.now();
      const ids = chosen.map(({ id }) => id);
      const wanted = { kind: "ids", ids } as const;
      const report = await patiently(() => requestCapture(deps, { pool: POOL, slotsLog2 }, wanted));
      if (report.requested !== ids.length) {
        throw new Error(`${report.requested ?? 0} of ${ids.length} captures were asked for`);
      }
      asked.push(...ids.map((id) => ({ id, at })));
      startRebalancer();
      return chosen.length;
    },
  };
}

const ATTEMPTS_MAX = 20;
const AGAIN_AFTER_MS = 500;

/** While the engine is restarted nobody answers; every step may be repeated. */
export async function patiently<Answer>(step: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof DependencyError) || attempt === ATTEMPTS_MAX) throw error;
      await wait(AGAIN_AFTER_MS);
    }
  }
}

/** What must be accounted for of a target that goes: all that is committed before it is gone. */
async function beforeRemoval({ stores }: World, { id, slot, cadence }: Known): Promise<Removal> {
  const schedule = await stores.schedules.findSchedule(POOL, slot, cadenceKey(cadence));
  const target = await stores.schedules.findTarget(POOL, slot, id);
  if (schedule === undefined || target === undefined) {
    throw new Error(`${id} was registered, and isn't in slot ${slot}`);
  }
  return { at: Date.now(), target, watermark: schedule.watermark };
}

/** Two in five are due every five seconds, one in ten by a cron expression; one in 23 hangs. */
function newTarget(index: number, slotsLog2: number): Known {
  const id = `endpoint-${index}`;
  const slot = slotOf(targetHash(id).hash32, slotsLog2);
  const cadence = CADENCES[index % CADENCES.length] ?? every(5_000);
  return { index, id, slot, cadence, hangs: index % 23 === 7, registered: false };
}

const CADENCES: readonly Cadence[] = [
  ...[5_000, 20_000, 20_000, 5_000, 20_000, 5_000, 20_000, 5_000, 20_000].map((ms) => every(ms)),
  cron("* * * * *"),
];

function definition({ server }: World, { id, index, cadence, hangs }: Known): TargetDefinition {
  const url = `${server.origin}/${hangs ? "hang" : "t"}/${index}`;
  return httpTarget(id, url, cadence, TIMEOUT_MS);
}

function some<Item>(items: readonly Item[], count: number, random: Random): Item[] {
  const left = [...items];
  const most = Math.min(count, left.length, limits.requestIdsMax);
  return Array.from({ length: most }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}
