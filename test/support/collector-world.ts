/**
 * A pool in memory on a settable clock, with real collectors: the tests of the collect use case.
 *
 * The truth about captures is `arrivals`: what the probe was asked for, and when.
 */
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { memoryRequestStore } from "#adapters/memory/request-store.ts";
import { memorySampleStore } from "#adapters/memory/sample-store.ts";
import { memoryScheduleStore } from "#adapters/memory/schedule-store.ts";
import type { Cadence } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { instantIn, nextRound } from "#domain/instant.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import type { Capture } from "#domain/sample.ts";
import { offsetInSlot, slotOf } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { after, durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { Probe, ProbeResult } from "#ports/probe.ts";
import { collect } from "#usecases/collect/collect.ts";
import {
  COLLECT_SETTINGS,
  type CollectDeps,
  type CollectReport,
  type CollectSettings,
} from "#usecases/collect/settings.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { removeTargets } from "#usecases/remove-targets.ts";
import { keptLog } from "./quiet.ts";
import { settableClock } from "./settable-clock.ts";

export const POOL = "test";

export interface Arrival {
  readonly target: string;
  readonly at: EpochMs;
  readonly owner: string;
}

export interface WorldOptions {
  readonly slotsLog2?: number;
  readonly leases?: number;
  readonly start?: string;
  /** How long a target takes, in milliseconds. */
  readonly latencyMs?: (target: string) => number;
  readonly settings?: Partial<CollectSettings>;
}

export function noopTarget(id: string, cadence: Cadence): TargetDefinition {
  return { id, probe: { kind: "noop" }, cadence, tags: {} };
}

export async function collectorWorld(options: WorldOptions = {}) {
  const { slotsLog2 = 2, leases: desired = 1 } = options;
  const clock = settableClock(options.start ?? "2026-11-21T12:00:00.000Z");
  const leases = memoryLeaseStore();
  const schedules = memoryScheduleStore();
  const requests = memoryRequestStore();
  const samples = memorySampleStore();
  const log = keptLog();
  const arrivals: Arrival[] = [];
  const reports: CollectReport[] = [];
  let stamps = 0;
  let owners = 0;
  await foundPool({ clock, leases }, { pool: POOL, slotsLog2, desired });

  const ids = {
    owner: () => {
      owners += 1;
      return `owner-${owners}` as Owner;
    },
    stamp: () => {
      stamps += 1;
      return `stamp-${stamps}`;
    },
  };
  const meter: CapacityMeter = {
    record: () => undefined,
    totals: () => new Map(),
    takeUnits: () => 0,
    returnUnits: () => undefined,
    throttle: () => undefined,
    takeThrottled: () => 0,
  };

  function probeOf(owner: string): Probe {
    return {
      async *capture(batch, signal) {
        const pending = batch.map(async (task, index): Promise<ProbeResult> => {
          if (dead.has(owner)) return new Promise(() => undefined);
          const startedAt = clock.now();
          arrivals.push({ target: task.target.id, at: startedAt, owner });
          const latency = Math.min(options.latencyMs?.(task.target.id) ?? 5, task.timeoutMs);
          await sleep(clock, latency, signal);
          return { index, capture: captureOf(startedAt, latency) };
        });
        for (const result of pending) yield [await result];
      },
      warm: () => Promise.resolve(),
      refresh: () => undefined,
      close: () => Promise.resolve(),
    };
  }

  /** Collectors that are dead: their calls never return, their probes never answer. */
  const dead = new Set<string>();
  function mortal<T extends object>(port: T, owner: string): T {
    return new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown =>
          dead.has(owner) ? new Promise(() => undefined) : Reflect.apply(member, target, args);
      },
    });
  }

  /** Starts a collector; it runs while time is advanced. */
  function start(
    lease = 1,
    run: { deadlineInMs?: number; stop?: AbortSignal; deps?: Partial<CollectDeps> } = {},
  ): { owner: Owner; done: Promise<CollectReport> } {
    const owner = ids.owner();
    const deps: CollectDeps = {
      clock, ids, meter, log,
      leases: mortal(leases, owner),
      schedules: mortal(schedules, owner),
      requests: mortal(requests, owner),
      samples: mortal(samples, owner),
      probe: probeOf(owner),
      settings: { ...COLLECT_SETTINGS, ...options.settings },
      ...run.deps,
    }; // prettier-ignore
    const done = collect(deps, {
      pool: POOL,
      lease: leaseId(lease),
      owner,
      deadlineAt: after(clock.now(), run.deadlineInMs ?? 900_000),
      stop: run.stop ?? new AbortController().signal,
    }).then((report) => {
      reports.push(report);
      return report;
    });
    return { owner, done };
  }

  async function register(definitions: readonly TargetDefinition[]): Promise<void> {
    const progress = { isDone: false };
    const done = registerTargets(
      { schedules, requests, clock, ids, log },
      { pool: POOL, slotsLog2, policies: POLICIES_DEFAULT },
      definitions,
    ).finally(() => {
      progress.isDone = true;
    });
    // Registration is paced: it needs time to pass.
    for (let step = 0; !progress.isDone && step < 10_000; step += 1)
      await clock.advance(step === 0 ? 0 : 20);
    await done;
  }

  async function remove(targets: readonly string[]): Promise<void> {
    await removeTargets({ schedules, clock }, { pool: POOL, slotsLog2 }, targets);
  }

  /** A target's instants in (from, to], by the formula alone. */
  function instants(id: string, cadence: Cadence, from: EpochMs, to: EpochMs): EpochMs[] {
    const { hash32 } = targetHash(id);
    const slot = slotOf(hash32, slotsLog2);
    const offset = offsetInSlot(hash32, slotsLog2);
    const found: EpochMs[] = [];
    let round = nextRound(cadence, slot, slotsLog2, epochMs(from - 3_600_000 * 2));
    while (round !== undefined && round.at <= to) {
      const instant = instantIn(round, cadence, slot, slotsLog2, offset);
      if (instant > from && instant <= to) found.push(instant);
      round = nextRound(cadence, slot, slotsLog2, round.at);
    }
    return found;
  }

  return {
    clock, leases, schedules, requests, samples, log, arrivals, reports, ids, meter, start, kill: (owner: string) => dead.add(owner), register, remove, instants, slotsLog2,
    arrivalsOf: (target: string) => arrivals.filter((arrival) => arrival.target === target).map((arrival) => arrival.at),
  }; // prettier-ignore
}

function captureOf(startedAt: EpochMs, latency: number): Capture {
  return { startedAt, durationMs: durationMs(latency), values: {} };
}
