/**
 * Random calls of the stores, through the real adapters, on the local engine and on the simulated
 * tables: the same answers, and the same units consumed for each kind of call.
 *
 * Each call is made up by somebody who knows what is stored, mostly: a version is wrong now and then,
 * an owner is another, a request comes twice.
 */
import { isDeepStrictEqual } from "node:util";
import { cadenceKey, type CadenceKey } from "#domain/cadence.ts";
import { leaseId, type Lease, type LeaseId } from "#domain/lease.ts";
import { loadPiece } from "#domain/load.ts";
import { covers, HASH_SPACE, normalise, wholeSpace, type RangeSet } from "#domain/range.ts";
import type { RequestedKeys } from "#domain/request.ts";
import type { Slot } from "#domain/slot.ts";
import { durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import { openEntry, owner, requestsIn, SKEW_MS, T0, twoLeases } from "#test/support/leases.ts";
import { MINUTE, noopTarget, TEN_MINUTES } from "#test/support/targets.ts";
import { simulatedStores } from "../simulated-stores.ts";
import { randomOf, type Compared, type Difference } from "./compare.ts";
import { engineRules } from "./known.ts";
import { below, chance, pick, times } from "./vocabulary.ts";

export interface ComparedStores {
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly meter: CapacityMeter;
}

type Send = (stores: ComparedStores) => Promise<unknown>;

interface Act {
  readonly what: string;
  readonly send: Send;
}

interface Scene {
  readonly random: Random;
  readonly pool: string;
  /** What is stored, as the simulated tables have it: the scene is made from it. */
  readonly stored: ComparedStores;
  readonly now: EpochMs;
}

const CALLS_MIN = 8;
const CALLS_SPREAD = 16;

/** @param make stores on the engine with a meter of their own */
export async function compareStores(
  make: (pool: string) => ComparedStores,
  seed: number,
  number: number,
): Promise<Compared> {
  const random = randomOf(seed, number);
  const pool = `s-${seed}-${number}`;
  const stored = simulatedStores(undefined, { rules: engineRules });
  const real = make(pool);
  for (const { leases } of [stored, real]) await leases.found(twoLeases(pool));
  const calls = CALLS_MIN + below(random, CALLS_SPREAD);
  const outcomes: string[] = [];
  let now = T0;
  for (let made = 0; made < calls; made += 1) {
    now = epochMs(now + pick(random, [0, 0, 500, 3_000, 10_099, 10_100]));
    const { what, send } = await actIn({ random, pool, stored, now });
    const sends = chance(random, 0.2) ? 2 : 1;
    for (let sent = 0; sent < sends; sent += 1) {
      const simulated = await answered(send, stored);
      const engine = await answered(send, real);
      outcomes.push(`${what} ${kindOfAnswer(engine)}`);
      if (isDeepStrictEqual(simulated, engine)) continue;
      const difference = differing(number, what, engine, simulated);
      return { operations: made + 1, outcomes, difference };
    }
  }
  // The scene itself reads what is stored: those reads are the simulation's alone.
  const [simulated, engine] = [unitsOf(stored.meter), unitsOf(real.meter)];
  if (isDeepStrictEqual(simulated, engine)) return { operations: calls, outcomes };
  const difference = differing(number, "units", engine, simulated);
  return { operations: calls, outcomes, difference };
}

function kindOfAnswer(answer: unknown): string {
  if (typeof answer === "string") return answer;
  const isOutcome = typeof answer === "object" && answer !== null && "kind" in answer;
  return isOutcome ? String(answer.kind) : "done";
}

function differing(
  sequence: number,
  call: string,
  engine: unknown,
  simulated: unknown,
): Difference {
  return { kind: "stores", sequence, call, engine, simulated };
}

async function answered(send: Send, stores: ComparedStores): Promise<unknown> {
  try {
    return await send(stores);
  } catch (error) {
    return error instanceof Error ? { error: error.name } : { error };
  }
}

/** Of writes, by operation: reads are made by the scene, too, and compared where they are answers. */
function unitsOf(meter: CapacityMeter): object {
  const writes = [...meter.totals()].filter(([, { write }]) => write > 0);
  return Object.fromEntries(writes.map(([operation, { write }]) => [operation, write] as const));
}

async function actIn(scene: Scene): Promise<Act> {
  const kind = pick(scene.random, ["lease", "lease", "lease", "schedule", "schedule", "request"]);
  switch (kind) {
    case "lease":
      return await leaseAct(scene);
    case "schedule":
      return await scheduleAct(scene);
    case "request":
      return await requestAct(scene);
  }
}

const EIGHTH = HASH_SPACE / 8;

/** Mostly eighths that the lease has, at times just any. */
function rangesOf(random: Random, lease: Lease | undefined): RangeSet {
  const all = times(1 + below(random, 4), () => below(random, 8)).map((eighth) => ({
    from: eighth * EIGHTH,
    to: (eighth + 1) * EIGHTH,
  }));
  const own = all.filter((range) => covers(lease?.ranges ?? [], [range]));
  return normalise(own.length === 0 || chance(random, 0.1) ? all : own);
}

const anyLease = (random: Random): LeaseId => leaseId(1 + below(random, 3));
const anybody = (random: Random): string => pick(random, ["ann", "bob", "cid"]);
const offBy = (random: Random): number => pick(random, [0, 0, 0, 0, 0, 0, 0, -1, 1]);

async function leaseAct(scene: Scene): Promise<Act> {
  const { random, pool, stored, now } = scene;
  const { leases = [], fleet } = (await stored.leases.readFleet(pool)) ?? {};
  const ask = requestsIn(pool);
  const id = anyLease(random);
  const lease = leases.find((one) => one.id === id);
  const to = anyLease(random);
  const by = chance(random, 0.85) ? (lease?.holder?.owner ?? anybody(random)) : anybody(random);
  const version = (lease?.version ?? 1) + offBy(random);
  const toVersion = leases.find((one) => one.id === to)?.version ?? 1;
  const ranges = rangesOf(random, lease);
  const pair = { pool, from: id, fromVersion: version, to, toVersion };
  const open = ranges.map((range) => openEntry(range, now));
  const kind = pick(random, [
    "acquire",
    "acquire",
    "renew",
    "release",
    "promise",
    "promise",
    "cancel",
    "give",
    "give",
    "move",
    "add",
    "remove",
    "fleet",
    "read",
    "find",
  ]);
  switch (kind) {
    case "acquire":
      return act(kind, ({ leases: on }) => on.acquire(ask.acquire(id, by, now)));
    case "renew": {
      const loads = chance(random, 0.5)
        ? { loads: ranges.map((one) => loadPiece(one, [1, 5])) }
        : {};
      return act(kind, ({ leases: on }) => on.renew({ ...ask.renew(id, by, now), ...loads }));
    }
    case "release":
      return act(kind, ({ leases: on }) =>
        on.release({ ...ask.release(id, by, version, now), open }),
      );
    case "promise":
      return act(kind, ({ leases: on }) => on.promise({ ...pair, ranges }));
    case "cancel":
      return act(kind, ({ leases: on }) => on.cancel({ pool, id, version, ranges }));
    case "give": {
      const promised = lease?.giving[0];
      const given = promised === undefined ? ranges : [promised.range];
      const taker = promised?.to ?? to;
      const request = {
        ...pair,
        to: taker,
        toVersion: leases.find((one) => one.id === taker)?.version ?? 1,
        owner: owner(by),
        ranges: given,
        open: given.map((range) => openEntry(range, now)),
        now,
        skewMaxMs: SKEW_MS,
      };
      return act(kind, ({ leases: on }) => on.give(request));
    }
    case "move":
      return act(kind, ({ leases: on }) => on.move({ ...pair, ranges, now, skewMaxMs: SKEW_MS }));
    case "add": {
      const known = fleet ?? twoLeases(pool).fleet;
      const asRead = { ...known, version: known.version + offBy(random) };
      return act(kind, ({ leases: on }) => on.addLease(asRead));
    }
    case "remove":
      return act(kind, ({ leases: on }) =>
        lease === undefined ? Promise.resolve("none") : on.removeLease({ ...lease, version }),
      );
    case "fleet": {
      const known = fleet ?? twoLeases(pool).fleet;
      const next = { ...known, desired: 1 + below(random, 5), lastRebalance: { at: now, by } };
      const asRead = { ...next, version: known.version + offBy(random) };
      return act(kind, ({ leases: on }) => on.writeFleet(asRead));
    }
    case "read":
      return act(kind, ({ leases: on }) => on.readFleet(pool));
    case "find":
      return act(kind, ({ leases: on }) => on.findLease(pool, id));
  }
}

function act(what: string, send: Send): Act {
  return { what, send };
}

const SLOTS = [5, 6] as const;
const CADENCES = [MINUTE, TEN_MINUTES] as const;

async function scheduleAct(scene: Scene): Promise<Act> {
  const { random, pool, now } = scene;
  const slot = pick(random, SLOTS) as Slot;
  const cadence = pick(random, CADENCES);
  const key = cadenceKey(cadence);
  const ids = times(1 + below(random, 40), (index) => `t-${below(random, 30)}-${index % 7}`);
  const kind = pick(random, [
    "touch",
    "touch",
    "commit",
    "commit",
    "commit",
    "commit",
    "put",
    "drop",
    "slot",
    "schedules",
    "schedule",
    "list",
    "target",
  ]);
  switch (kind) {
    case "touch": {
      const wasEmpty = chance(random, 0.4);
      return act(kind, ({ schedules: on }) =>
        on.touchSchedule(pool, slot, { cadence: key, wasEmpty }, now),
      );
    }
    case "commit":
      return await commitAct(scene, slot, key);
    case "put": {
      const targets = ids.map((id) => noopTarget(id, pool, cadence));
      return act(kind, ({ schedules: on }) => on.putTargets(pool, slot, targets));
    }
    case "drop":
      return act(kind, ({ schedules: on }) => on.removeTargets(pool, slot, ids));
    case "slot":
      return act(kind, ({ schedules: on }) => on.readSlot(pool, slot));
    case "schedules":
      return act(kind, ({ schedules: on }) => on.readSchedules(pool, slot));
    case "schedule":
      return act(kind, ({ schedules: on }) => on.findSchedule(pool, slot, key));
    case "list": {
      const cursor = chance(random, 0.5) ? ids[0] : undefined;
      return act(kind, ({ schedules: on }) => on.listTargets(pool, slot, cursor));
    }
    case "target":
      return act(kind, ({ schedules: on }) => on.findTarget(pool, slot, ids[0] ?? ""));
  }
}

async function commitAct(scene: Scene, slot: Slot, key: CadenceKey): Promise<Act> {
  const { random, pool, stored, now } = scene;
  const known = await stored.schedules.findSchedule(pool, slot, key);
  const request = {
    pool,
    slot,
    cadence: key,
    epoch: (known?.epoch ?? 1) + pick(random, [0, 0, 1, -1]),
    by: owner(anybody(random)),
    version: (known?.version ?? 1) + offBy(random),
    revision: (known?.revision ?? 1) + offBy(random),
    watermark: through(now),
    latest: new Uint8Array(below(random, 2_500)).fill(below(random, 256)),
    serviceMs: durationMs(below(random, 1_000) / 8),
  };
  return act("commit", ({ schedules: on }) => on.commit(request));
}

async function requestAct({ random, pool, stored }: Scene): Promise<Act> {
  const slot = pick(random, SLOTS) as Slot;
  const listed = await stored.requests.list(pool, wholeSpace(), 6);
  const known = listed.find((one) => one.slot === slot);
  const kind = pick(random, ["put", "put", "list", "remove"]);
  switch (kind) {
    case "put": {
      const stamp = `stamp-${below(random, 1_000_000)}`;
      const asked = { pool, slot, fresh: chance(random, 0.3), keys: keysOf(random), stamp };
      return act(kind, ({ requests: on }) => on.put(asked));
    }
    case "list":
      return act(kind, ({ requests: on }) => on.list(pool, wholeSpace(), 6));
    case "remove": {
      if (known === undefined) return act(kind, () => Promise.resolve("none"));
      const asRead = chance(random, 0.3) ? { ...known, stamp: "other" } : known;
      return act(kind, ({ requests: on }) => on.remove(asRead));
    }
  }
}

function keysOf(random: Random): RequestedKeys {
  if (chance(random, 0.1)) return { kind: "all" };
  const count = pick(random, [0, 1, 3, 40, 60, 101]);
  return { kind: "keys", resultKeys: times(count, () => below(random, 2 ** 32)) };
}
