/**
 * A whole local system for the real rows: processes, engine, a captured side that logs every arrival,
 * and, where asked for, a proxy between the functions and the store.
 */
import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { systemIds } from "#adapters/system/ids.ts";
import { dueInstants, type Look } from "#domain/audit.ts";
import { every } from "#domain/cadence.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { contains, slotRange } from "#domain/range.ts";
import { targetHash } from "#domain/hash.ts";
import { slotOf } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { startLocalCloud, type LocalCloud } from "#local/cloud.ts";
import { STORE_ENDPOINT_KEY } from "#local/engine-binary.ts";
import { dataPaths } from "#local/paths.ts";
import { startTestEngine } from "#test/support/engine.ts";
import { onLoopback } from "#test/support/loopback.ts";
import { lookAtPool } from "#test/support/look-at-pool.ts";
import { keptLog } from "#test/support/quiet.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { ownerLog, type OwnerLog } from "../../../bench/support/owner-log.ts";
import type { Due } from "../measure.ts";

export const POOL = "faults";
export const SLOTS_LOG2 = 3;
export const TTL_MS = 3_000;
const TIMEOUT_MS = 500;
const FIRST_CAPTURES_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 100;

export interface RealArrival {
  readonly target: string;
  readonly at: number;
}

export interface RealOptions {
  readonly collectors?: number;
  readonly targets?: number;
  readonly periodMs?: number;
  /** Of a collector's invocation. */
  readonly lifeMs?: number;
  /** Puts something between the functions and an engine of its own; answers its endpoint. */
  readonly between?: (endpoint: string) => Promise<{ readonly endpoint: string; stop(): Promise<void> }>; // prettier-ignore
  readonly onArrival?: (arrival: RealArrival) => void;
}

export interface RealSystem {
  readonly cloud: LocalCloud;
  readonly owners: OwnerLog;
  readonly targets: readonly TargetDefinition[];
  readonly arrivals: readonly RealArrival[];
  look(): Promise<Look>;
  /** Until `isThere` says so; false when that takes too long. */
  until(isThere: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean>;
  pidOf(lease: string): number | undefined;
  rebalancers(): number[];
  want(collectors: number): Promise<void>;
  due(from: number, to: number): Due[];
  close(): Promise<void>;
}

export async function realSystem(options: RealOptions = {}): Promise<RealSystem> {
  const { collectors = 2, targets: count = 16, periodMs = 1_000 } = options;
  const undo: (() => Promise<unknown> | undefined)[] = [];
  const data = mkdtempSync(join(tmpdir(), "lamplighter-faults-"));
  const arrivals: RealArrival[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      const arrival = { target: (request.url ?? "/").slice(1), at: Date.now() };
      arrivals.push(arrival);
      options.onArrival?.(arrival);
      response.end('{"status":"ok"}');
    });
    const { endpoint: origin, stop } = await onLoopback(server);
    undo.push(stop);
    const environment = { ...process.env, LAMPLIGHTER_LONGEST_TIMEOUT_MS: String(2 * TIMEOUT_MS) };
    if (options.between !== undefined) {
      const engine = await startTestEngine();
      undo.push(() => engine.stop());
      const between = await options.between(engine.endpoint);
      undo.push(() => between.stop());
      Object.assign(environment, { [STORE_ENDPOINT_KEY]: between.endpoint });
    }
    const owners = ownerLog(dataPaths(data).logs);
    const { collect } = manifest;
    const cloud = await startLocalCloud({
      data,
      pool: POOL,
      slotsLog2: SLOTS_LOG2,
      collectors,
      leaseTtlMs: TTL_MS,
      policies: POLICIES_DEFAULT,
      source: { kind: "none" },
      environment,
      listener: owners.listener,
      ...(options.lifeMs !== undefined && {
        manifest: { ...manifest, collect: { ...collect, timeoutMs: durationMs(options.lifeMs) } },
      }),
    });
    undo.push(() => cloud.stop());
    const targets = definitions(origin, count, periodMs);
    await register(cloud, targets);
    const system = systemOf({ cloud, owners, targets, arrivals, close });
    const seen = (): boolean => new Set(arrivals.map(({ target }) => target)).size === count;
    if (!(await system.until(seen, FIRST_CAPTURES_WITHIN_MS))) throw new Error("first captures take too long"); // prettier-ignore
    return system;
  } catch (error) {
    await close();
    throw error;
  }
}

/** As many in each slot. */
function definitions(origin: string, count: number, periodMs: number): TargetDefinition[] {
  const perSlot = Math.ceil(count / 2 ** SLOTS_LOG2);
  const inSlot = new Map<number, number>();
  const found: TargetDefinition[] = [];
  for (let tried = 0; found.length < count && tried < 100_000; tried += 1) {
    const id = `endpoint-${tried}`;
    const slot = slotOf(targetHash(id).hash32, SLOTS_LOG2);
    const known = inSlot.get(slot) ?? 0;
    if (known >= perSlot) continue;
    inSlot.set(slot, known + 1);
    found.push({
      id,
      cadence: every(periodMs),
      tags: {},
      probe: {
        kind: "http",
        url: `${origin}/${id}`,
        method: "GET",
        headers: {},
        timeoutMs: durationMs(TIMEOUT_MS),
        redirectsMax: 0,
        insecure: false,
        keep: [],
        assertions: [{ kind: "status", allowed: [200] }],
      },
    });
  }
  return found;
}

async function register(cloud: LocalCloud, targets: readonly TargetDefinition[]): Promise<void> {
  await registerTargets(
    { ...cloud.stores, ids: systemIds(), log: keptLog() },
    { pool: POOL, slotsLog2: SLOTS_LOG2, policies: POLICIES_DEFAULT },
    targets,
  );
  void cloud.invoke("rebalance", { pool: POOL });
}

type Parts = Pick<RealSystem, "cloud" | "owners" | "targets" | "arrivals" | "close">;

function systemOf(parts: Parts): RealSystem {
  const { cloud, owners, targets, arrivals } = parts;
  const busy = (name: FunctionName): number[] =>
    cloud
      .processes()
      .flatMap((one) => (one.name === name && one.state === "busy" ? [one.pid] : []));
  return {
    ...parts,
    look: () => lookAtPool(cloud.stores, POOL),
    async until(isThere, withinMs) {
      const endAt = Date.now() + withinMs;
      while (Date.now() < endAt) {
        if (await isThere()) return true;
        await wait(LOOK_EVERY_MS);
      }
      return false;
    },
    pidOf(lease) {
      const pid = owners.current(lease)?.pid;
      return pid !== undefined && busy("collect").includes(pid) ? pid : undefined;
    },
    rebalancers: () => busy("rebalance"),
    async want(desired) {
      await foundPool(cloud.stores, { pool: POOL, slotsLog2: SLOTS_LOG2, desired });
      void cloud.invoke("rebalance", { pool: POOL });
    },
    due: (from, to) => dueOf(targets, arrivals, from, to),
  };
}

/** Another process's clock is the same machine's, but stamps are whole milliseconds. */
const STAMP_SLACK_MS = 20;

function dueOf(
  targets: readonly TargetDefinition[],
  arrivals: readonly RealArrival[],
  from: number,
  to: number,
): Due[] {
  const byTarget = Map.groupBy(arrivals, ({ target }) => target);
  return targets.flatMap((target) => {
    const slot = slotOf(targetHash(target.id).hash32, SLOTS_LOG2);
    const instants = dueInstants(target, SLOTS_LOG2, epochMs(from), epochMs(to + 120_000));
    const seen = byTarget.get(target.id) ?? [];
    return instants.flatMap(({ instant }, index): Due[] => {
      const next = instants[index + 1]?.instant;
      if (instant > to || next === undefined) return [];
      const mine = seen.filter(({ at }) => at >= instant - STAMP_SLACK_MS && at < next - STAMP_SLACK_MS); // prettier-ignore
      return [{ target: target.id, slot, instant, arrivals: mine.map(({ at }) => ({ at, process: "" })) }]; // prettier-ignore
    });
  });
}

/** The lease that has a slot. */
export function leaseWith({ fleet }: Look, slot: number): string | undefined {
  const { from } = slotRange(slot as Parameters<typeof slotRange>[0], SLOTS_LOG2);
  return fleet.leases.find(({ ranges }) => contains(ranges, from))?.id;
}
