/**
 * A collector's memory while one step works on it: the shipped code's own state, with ports that
 * can't be called and a chunk writer that notes what lines say.
 */
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { memoryRequestStore } from "#adapters/memory/request-store.ts";
import { memorySampleStore } from "#adapters/memory/sample-store.ts";
import { memoryScheduleStore } from "#adapters/memory/schedule-store.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { isDueAfter } from "#domain/due.ts";
import { newLease, leaseId, type Lease } from "#domain/lease.ts";
import type { MissedRecord } from "#domain/sample.ts";
import { after, epochMs, type EpochMs } from "#domain/units.ts";
import { compareWatermarks } from "#domain/watermark.ts";
import { COLLECT_SETTINGS, type CollectDeps } from "#usecases/collect/settings.ts";
import type { CollectorState, SlotHold } from "#usecases/collect/state.ts";
import { keptLog } from "#test/support/quiet.ts";
import { dueName, instantsOf, POOL, SKEW_MS, SLOT, SLOTS_LOG2, T0, TTL_MS } from "./bounds.ts";
import { DURABLE, OPEN, thawHold, thawWork } from "./frozen.ts";
import type { OpenWork } from "#usecases/collect/requests.ts";
import type { Collector, Line } from "./state.ts";

export interface Memory {
  readonly state: CollectorState;
  readonly hold: SlotHold;
  readonly work: OpenWork | undefined;
  /** What was appended to the open chunk. */
  readonly lines: Line[];
  /** What is wrong in itself. */
  readonly wrong: string[];
  /** Of the capture on request that lands now: how often its target had been asked for at its start. */
  asks: number;
}

const SETTINGS = {
  ...COLLECT_SETTINGS,
  ttlMs: TTL_MS,
  skewMaxMs: SKEW_MS,
};

const NO_LEASE = newLease(POOL, leaseId(1), [], T0);
const DEADLINE = after(T0, 3_600_000);
let now: EpochMs = T0;

const deps: CollectDeps = {
  clock: { now: () => now, after: () => () => undefined },
  ids: { owner: unused, stamp: unused },
  leases: memoryLeaseStore(),
  schedules: memoryScheduleStore(),
  requests: memoryRequestStore(),
  samples: memorySampleStore(),
  probe: { capture: unused, warm: unused, refresh: unused, close: unused },
  meter: {
    record: unused,
    totals: () => new Map(),
    takeUnits: unused,
    returnUnits: unused,
    throttle: unused,
    takeThrottled: unused,
  },
  log: keptLog(),
  settings: SETTINGS,
};

function unused(): never {
  throw new Error("a step of the model asks nothing of a port");
}

export function thaw(moment: EpochMs, collector: Collector): Memory {
  now = moment;
  const { hold: frozen, lease } = collector;
  const hold = thawHold(
    frozen ?? { contents: undefined, runs: [], unread: true },
    collector.reading !== undefined || collector.mustRead,
  );
  const lines: Line[] = [];
  const wrong: string[] = [];
  const state = newState(collector, lease ?? NO_LEASE, hold);
  const writer = {
    ...idleWriter,
    append: (_bucket: number, line: string): void => {
      const record = parseChunkLine(line);
      if (record === undefined) wrong.push(`a line that can't be read: ${line}`);
      else if (record.kind === "missed") noteMissed(hold, record, { lines, wrong });
      else if (record.round === undefined)
        lines.push({ kind: "asked", id: record.target, asks: memory.asks });
      else
        lines.push({ kind: "sample", due: dueName(record.target, record.cadence, record.round) });
    },
  };
  const work = collector.work === undefined ? undefined : thawWork(collector.work, hold);
  const memory: Memory = { state: { ...state, writer }, hold, work, lines, wrong, asks: 0 };
  return memory;
}

const idleWriter: CollectorState["writer"] = {
  append: unused,
  seal: () => undefined,
  sealAfter: () => undefined,
  flush: unused,
  isFull: () => false,
  pendingBytes: 0,
  openSequence: OPEN,
};

const heap: CollectorState["heap"] = {
  push: () => undefined,
  pop: unused,
  nextAt: unused,
};

const counters: CollectorState["counters"] = {
  turnTo: () => undefined,
  add: () => undefined,
  captured: () => undefined,
  lateness: () => undefined,
  busy: () => undefined,
  progress: unused,
  total: unused,
  units: unused,
};

const late: CollectorState["late"] = {
  add: unused,
  take: unused,
  putBack: () => undefined,
  waiting: () => 0,
  nextAt: unused,
};

function newState(collector: Collector, lease: Lease, hold: SlotHold): CollectorState {
  return {
    deps, owner: collector.owner, pool: POOL, slotsLog2: SLOTS_LOG2, lease,
    expiresAt: lease.holder?.expiresAt ?? epochMs(0), deadlineAt: DEADLINE,
    slots: new Map([[SLOT, hold]]), heap, counters, late, writer: idleWriter,
    reads: { through: unused }, openSequence: OPEN, reportedSequence: DURABLE, openLines: 0, abort: new AbortController().signal,
    inFlight: 0, redoThrough: epochMs(0), line: [], dueRate: 0, commits: 0, cachedBytes: 0,
    dirty: [...hold.runs.values()].filter((run) => run.dirty),
    leaving: collector.phase === "stopping" || collector.phase === "leaving", unanswered: undefined, wake: () => undefined, resume: () => undefined,
  }; // prettier-ignore
}

/** Which instants a record of what was missed speaks of, by what the collector knows of targets. */
function noteMissed(
  hold: SlotHold,
  record: MissedRecord,
  { lines, wrong }: Pick<Memory, "lines" | "wrong">,
): void {
  const { from, to, cadence, targets, captures } = record;
  const run = hold.runs.get(cadence);
  let count = 0;
  for (const entry of run?.entries ?? []) {
    const { id } = entry.target;
    if (targets !== undefined && !targets.includes(id)) continue;
    for (const { instant, offset } of instantsOf(id, entry.target.cadence)) {
      const isIn =
        isDueAfter(instant, entry, from) && compareWatermarks({ at: instant, offset }, to) <= 0;
      if (!isIn) continue;
      count += 1;
      lines.push({ kind: "missed", due: dueName(id, cadence, instant) });
    }
  }
  if (count !== captures)
    wrong.push(`a record tells of ${captures} missed captures, and speaks of ${count}`);
}
