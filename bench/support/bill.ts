/**
 * What a pool costs in a month, line by line, from what it does: pure sums.
 *
 * In:    a workload                                      Out: quantities, and dollars a month
 * Holds: nothing is left out that grows with the number of targets; no free tier, no discount.
 * Source: each number beside itself. Processor times are of the machine that is named there: Lambda's
 *         own may differ, and with it the number of collectors.
 */
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import { limits } from "#domain/limits.ts";
import { METRICS } from "#domain/metric.ts";
import { manifest } from "#functions/manifest.ts";
import { EGRESS_TIERS, prices, SECONDS_PER_MONTH } from "./prices.ts";

export interface Workload {
  readonly targets: number;
  readonly periodMs: number;
  readonly chunkEveryMs: number;
  /** A collector's processor time for one capture, everything included. */
  readonly cpuMs: number;
  /** What leaves the region for one capture, headers of IP and TCP included. */
  readonly egressBytes: number;
}

/** By `npm run bench:cost -- --measure` on two shared x86 cores, 2026-11. */
export const CAPTURES = {
  /** Every target closes or forgets its connection between two captures, as public ones do. */
  public: { cpuMs: 1.45, egressBytes: 1_802 + 10 * 52 },
  /** Plain HTTP inside a network, connections kept: `npm run bench:http`, 1.39 × 0.065 ms. */
  inside: { cpuMs: 0.09, egressBytes: 0 },
} as const;

/** Lambda gives a whole virtual processor at this size ("Configure memory", Developer Guide). */
const MB_PER_CPU = 1_769;
/** Of a collector's processor: the rest is for hand-overs, bursts and slow neighbours. */
const UTILISATION = 0.6;
const TARGETS_PER_SLOT_MAX = 250;
const SLOTS_MIN = 64;
/** Key, version, epoch, owner, watermark; then ten bytes for each target (schedule-codec.ts). */
const SCHEDULE_BYTES = 150;
const RESULT_BYTES = 10;
/** As stored, key and all (`node bench/target-record.ts`: 162 bytes plain, 374 rich). */
const TARGET_BYTES = 350;
const LEASE_BYTES = 700;
/** Compressed, with timings and a kept value: 1,450 lines of 169 bytes (2026-11). */
const SAMPLE_BYTES = 30;
export const SAMPLE_LINE_BYTES = 169;
const SAMPLES_KEPT_DAYS = 30;
/** Lines of ours and of the platform. */
const LOG_BYTES = { collect: 4_096, each: 2_048 } as const;
/** From one start of a lease's collector to the next: its deadline less what it must keep. */
const STRETCH_S = manifest.collect.timeoutMs / 1_000 - 67;
/** A successor that waits, and an owner that ends what it keeps. */
const OVERLAP_S = 10;
const HEALTH_CHECK_S = 2;
const ROTATION_MINUTES = 30;
const WRITE_UNIT_BYTES = 1_024;
const READ_UNIT_BYTES = 4_096;
const MINUTES_PER_MONTH = SECONDS_PER_MONTH / 60;
/** A rebalancer that stands by leaves with its first look that finds all calm. */
const STAND_BY_LEAST_S = limits.standByPollMs / 1_000;
const GB = 1e9;

export interface Quantities {
  readonly capturesPerSecond: number;
  readonly slots: number;
  readonly collectors: number;
  readonly writeUnitsPerSecond: number;
  readonly readUnitsPerSecond: number;
  readonly putsPerSecond: number;
  readonly samplesGb: number;
  readonly egressGb: number;
}

export function quantitiesOf(work: Workload): Quantities {
  const { targets, periodMs, chunkEveryMs, cpuMs, egressBytes } = work;
  const rate = targets / (periodMs / 1_000);
  const slots = slotsFor(targets);
  const cpu = (manifest.collect.memoryMb / MB_PER_CPU) * UTILISATION;
  const collectors = Math.max(1, Math.ceil((rate * cpuMs) / 1_000 / cpu));
  const bySize = (rate * SAMPLE_LINE_BYTES) / limits.chunkBytesMax;
  return {
    capturesPerSecond: rate,
    slots,
    collectors,
    writeUnitsPerSecond: writeUnits(work, slots, collectors),
    readUnitsPerSecond: readUnits(targets, slots, collectors),
    putsPerSecond: Math.max(bySize, collectors / (chunkEveryMs / 1_000)),
    samplesGb: (rate * SAMPLE_BYTES * SAMPLES_KEPT_DAYS * 86_400) / GB,
    egressGb: (rate * egressBytes * SECONDS_PER_MONTH) / GB,
  };
}

function slotsFor(targets: number): number {
  const least = Math.max(SLOTS_MIN, targets / TARGETS_PER_SLOT_MAX);
  return 2 ** Math.ceil(Math.log2(least));
}

/** A second: commits, heartbeats, the rebalancer's name each minute, hand-overs. */
function writeUnits({ targets, periodMs }: Workload, slots: number, collectors: number): number {
  const commit = units(SCHEDULE_BYTES + (RESULT_BYTES * targets) / slots, WRITE_UNIT_BYTES);
  const commits = (slots / (periodMs / 1_000)) * commit;
  const heartbeats = collectors / (limits.heartbeatEveryMs / 1_000);
  // Acquire, release; the second rewrites loads and open entries.
  const handOvers = (collectors * 3) / STRETCH_S;
  return commits + heartbeats + handOvers + 1 / 60;
}

/** How much of the time a rebalancer stands by: at each change of runs, and for hand-overs to come. */
function standByShare(collectors: number): number {
  const handOversAMinute = (collectors * 60) / STRETCH_S;
  const atEachChange = STAND_BY_LEAST_S / 60;
  return atEachChange + (1 - atEachChange) * Math.min(1, handOversAMinute);
}

/** A second: slots that each new collector reads, polls of requests, rebalancers, health check. */
function readUnits(targets: number, slots: number, collectors: number): number {
  const scheduleBytes = SCHEDULE_BYTES + (RESULT_BYTES * targets) / slots;
  const slotBytes = scheduleBytes + (TARGET_BYTES * targets) / slots;
  const slotReads = (slots * units(slotBytes, READ_UNIT_BYTES)) / STRETCH_S;
  const polls = collectors / (limits.requestPollMs / 1_000);
  const fleet = units(collectors * LEASE_BYTES, READ_UNIT_BYTES);
  const standsBy = (fleet * standByShare(collectors)) / STAND_BY_LEAST_S;
  const rebalancer = fleet / (limits.requestPollMs / 1_000) + fleet / 60 + standsBy;
  const audits = (slots / ROTATION_MINUTES) * units(scheduleBytes, READ_UNIT_BYTES) + fleet;
  return slotReads + polls + rebalancer + audits / 60;
}

function units(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit);
}

export interface BillLine {
  readonly what: string;
  readonly usd: number;
}

/** Dollars a month. */
export function billOf(work: Workload): BillLine[] {
  const found = quantitiesOf(work);
  const { collectors } = found;
  const gb = (memoryMb: number): number => memoryMb / 1_024;
  const starts = (collectors * SECONDS_PER_MONTH) / STRETCH_S;
  const collect = collectors * SECONDS_PER_MONTH + starts * OVERLAP_S;
  // One stays while anything is owned, the one before it stands by.
  const rebalancers = 1 + standByShare(collectors);
  const others =
    gb(manifest.rebalance.memoryMb) * SECONDS_PER_MONTH * rebalancers +
    gb(manifest["health-check"].memoryMb) * HEALTH_CHECK_S * MINUTES_PER_MONTH;
  const invocations = starts + 2 * MINUTES_PER_MONTH;
  const logged = starts * LOG_BYTES.collect + 2 * MINUTES_PER_MONTH * LOG_BYTES.each;
  const metrics = Object.keys(METRICS).length;
  return [
    {
      what: "collectors",
      usd: collect * gb(manifest.collect.memoryMb) * prices.gbSecond.usd,
    },
    {
      what: "rebalancer, health check, invocations, schedules",
      usd:
        others * prices.gbSecond.usd +
        invocations * prices.request.usd +
        2 * MINUTES_PER_MONTH * prices.scheduled.usd,
    },
    {
      what: "state: written",
      usd: found.writeUnitsPerSecond * SECONDS_PER_MONTH * prices.writeUnit.usd,
    },
    {
      what: "state: read",
      usd: found.readUnitsPerSecond * SECONDS_PER_MONTH * prices.readUnit.usd,
    },
    {
      what: "state: stored",
      usd: ((TARGET_BYTES + RESULT_BYTES) * work.targets * prices.tableGb.usd) / GB,
    },
    { what: "chunks: put", usd: found.putsPerSecond * SECONDS_PER_MONTH * prices.put.usd },
    { what: "chunks: kept for 30 days", usd: found.samplesGb * prices.objectGb.usd },
    { what: "logs", usd: (logged / GB) * prices.logGb.usd },
    {
      what: `${metrics} metrics, ${ALARM_IDS.length} alarms, a dashboard, a key`,
      usd:
        metrics * prices.metric.usd +
        MINUTES_PER_MONTH * prices.metricCall.usd +
        ALARM_IDS.length * prices.alarm.usd +
        prices.dashboard.usd +
        prices.key.usd,
    },
    {
      what: "requests to targets, as data to the internet",
      usd: egress(found.egressGb),
    },
  ];
}

function egress(gb: number): number {
  let usd = 0;
  let from = 0;
  for (const tier of EGRESS_TIERS) {
    usd += Math.max(0, Math.min(gb, tier.upToGb) - from) * tier.usd;
    from = tier.upToGb;
  }
  return usd;
}

/** What it costs to know what is due, in the usual ways: dollars a million captures. */
export const USUAL_WAYS: readonly BillLine[] = [
  { what: "a due-time index for each object: three write units", usd: 3e6 * prices.writeUnit.usd },
  {
    what: "a queue message for each capture, one by one: send, receive, delete",
    usd: 3e6 * prices.queueRequest.usd,
  },
  {
    what: "a schedule of EventBridge for each object, which invokes a function",
    usd: 1e6 * (prices.scheduled.usd + prices.request.usd),
  },
  { what: "one time stamp for each object: one write unit", usd: 1e6 * prices.writeUnit.usd },
  {
    what: "a queue message for each capture, ten in each call",
    usd: 0.3e6 * prices.queueRequest.usd,
  },
];
