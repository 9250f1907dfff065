/** A pool in memory, rebalancers on it, and collectors that act as they are told. */
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { memoryInvoker, type MemoryInvoker } from "#adapters/memory/invoker.ts";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { memoryRequestStore } from "#adapters/memory/request-store.ts";
import { leaseId, newLease, type Lease, type LeaseId, type Owner } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { cover } from "#domain/range.ts";
import { emptyProgress } from "#domain/progress.ts";
import type { Slot } from "#domain/slot.ts";
import { after, epochMs, type EpochMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { RequestStore } from "#ports/request-store.ts";
import { keptLog, noSteps, type KeptLog } from "#test/support/quiet.ts";
import { settableClock, type SettableClock } from "#test/support/settable-clock.ts";
import {
  rebalance,
  REBALANCE_SETTINGS,
  startTimes,
  type RebalanceReport,
  type RebalanceSettings,
} from "#usecases/rebalance.ts";

export const POOL = "p";
export const START_MS = 400;
const SLOTS_LOG2 = 4;

export interface Started {
  readonly lease: LeaseId;
  /** Milliseconds since the stage was set. */
  readonly at: number;
}

export interface Stage {
  readonly clock: SettableClock;
  readonly leases: LeaseStore;
  readonly requests: RequestStore;
  readonly invoker: MemoryInvoker;
  readonly log: KeptLog;
  readonly starts: readonly Started[];
  /** Milliseconds since the stage was set. */
  elapsed(): number;
  moment(ms: number): EpochMs;
  run(name: string, options?: RunOptions): Promise<RebalanceReport>;
  lease(number: number): Promise<Lease>;
  /** An owner that renews until `untilMs`, then dies or releases. */
  own(number: number, options: OwnOptions): Promise<void>;
  request(slot: number): Promise<void>;
}

export interface RunOptions {
  readonly deadlineMs?: number;
  readonly stop?: AbortSignal;
  readonly leases?: LeaseStore;
  readonly settings?: Partial<RebalanceSettings>;
  /** How long it expects starts to take. */
  readonly startMs?: number;
}

export interface OwnOptions {
  readonly untilMs: number;
  readonly then: "dies" | "releases";
  readonly deadlineMs?: number;
  readonly nextDueMs?: number;
  /** Whether it leaves a cut behind when it releases. */
  readonly open?: boolean;
}

export interface StageOptions {
  readonly leases: number;
  readonly desired?: number;
  readonly nextDueMs: number;
  /** What a started collector does: by default it acquires and lives on. */
  readonly onStart?: (lease: LeaseId, stage: Stage) => void;
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const clock = settableClock("2026-11-21T13:00:00Z");
  const begin = clock.now();
  const store = memoryLeaseStore();
  const requests = memoryRequestStore();
  const starts: Started[] = [];
  const log = keptLog();
  const meter = capacityMeter();
  let owners = 0;
  const moment = (ms: number): EpochMs => epochMs(begin + ms);
  const { desired = options.leases } = options;
  const invoker = memoryInvoker(({ lease }) => {
    starts.push({ lease, at: clock.now() - begin });
    (options.onStart ?? acquiresAndStays)(lease, stage);
  });
  const stage: Stage = {
    clock,
    leases: store,
    requests,
    invoker,
    log,
    starts,
    elapsed: () => clock.now() - begin,
    moment,
    run: (
      name,
      {
        deadlineMs = 180_000,
        stop = new AbortController().signal,
        leases = store,
        settings = {},
        startMs,
      } = {},
    ) =>
      rebalance(
        {
          clock,
          leases,
          requests,
          invoker,
          meter,
          log,
          steps: noSteps,
          startTimes: startTimes(startMs),
          settings: { ...REBALANCE_SETTINGS, ...settings },
        },
        { pool: POOL, name, deadlineAt: after(clock.now(), deadlineMs), stop },
      ),
    async lease(number) {
      const found = await store.findLease(POOL, leaseId(number));
      if (found === undefined) throw new Error(`lease ${number} is gone`);
      return found;
    },
    async own(number, own) {
      owners += 1;
      await live(stage, { id: leaseId(number), owner: `owner-${owners}` as Owner, own });
    },
    request: (slot) =>
      requests.put({
        pool: POOL,
        slot: slot as Slot,
        fresh: true,
        keys: { kind: "keys", resultKeys: [] },
        stamp: "s",
      }),
  };
  const nextDueAt = moment(options.nextDueMs);
  await store.found({
    fleet: {
      pool: POOL,
      slotsLog2: SLOTS_LOG2,
      desired,
      nextLease: options.leases + 1,
      version: 1,
      createdAt: begin,
    },
    leases: cover(options.leases, SLOTS_LOG2).map((ranges, index) =>
      newLease(POOL, leaseId(index + 1), ranges, nextDueAt),
    ),
  });
  return stage;
}

/** Takes the first lease and is never heard again. */
export async function die({ clock, leases }: Stage, owner: string): Promise<void> {
  const now = clock.now();
  const taken = await leases.acquire({
    pool: POOL,
    id: leaseId(1),
    owner: owner as Owner,
    now,
    ttlMs: limits.leaseTtlMs,
    skewMaxMs: limits.skewMaxMs,
    deadlineAt: after(now, 900_000),
    deathsWithinMs: limits.deathsWithinMs,
  });
  if (taken.kind !== "acquired") throw new Error(`${owner} did not get the lease: ${taken.kind}`);
}

const FOREVER = { untilMs: Infinity, then: "dies" } as const;

export function acquiresAndStays(lease: LeaseId, stage: Stage): void {
  stage.clock.after(START_MS, () => void stage.own(Number(lease), FOREVER));
}

interface Life {
  readonly id: LeaseId;
  readonly owner: Owner;
  readonly own: OwnOptions;
}

async function live(stage: Stage, { id, owner, own }: Life): Promise<void> {
  const { clock, leases } = stage;
  const ttlMs = limits.leaseTtlMs;
  const { deadlineMs = 900_000, untilMs, then, nextDueMs = 3_600_000 } = own;
  const skewMaxMs = limits.skewMaxMs;
  const deadlineAt = after(clock.now(), deadlineMs);
  const taken = await leases.acquire({
    pool: POOL,
    id,
    owner,
    now: clock.now(),
    ttlMs,
    skewMaxMs,
    deadlineAt,
  });
  if (taken.kind !== "acquired") return;
  const beat = (): void => {
    if (stage.elapsed() >= untilMs) return;
    void leases.renew({
      pool: POOL,
      id,
      owner,
      sentAt: clock.now(),
      ttlMs,
      progress: emptyProgress(clock.now()),
    });
    clock.after(limits.heartbeatEveryMs, beat);
  };
  clock.after(limits.heartbeatEveryMs, beat);
  if (then === "dies" || untilMs === Infinity) return;
  clock.after(untilMs - stage.elapsed(), () => {
    void leases.findLease(POOL, id).then((lease) =>
      leases.release({
        pool: POOL,
        id,
        owner,
        version: lease?.version ?? 0,
        nextDueAt: stage.moment(nextDueMs),
        open: own.open === true ? (lease?.ranges ?? []).map((range) => ({ range, cut: clock.now(), until: after(clock.now(), 5_000) })) : [], // prettier-ignore
        progress: emptyProgress(clock.now()),
      }),
    );
  });
}
