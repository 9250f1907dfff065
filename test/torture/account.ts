/**
 * Holds what is read back against what was due, and both against every arrival at the captured side.
 *
 * Holds: due = captured + missed + lost, per target, by the formula from its registration; each
 *        arrival is one sample that is read back, or has a fault that explains it, or is unexplained.
 */
import { accountOf, dueInstants, duplicates } from "#domain/audit.ts";
import { cadenceKey } from "#domain/cadence.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { targetHash } from "#domain/hash.ts";
import { limits } from "#domain/limits.ts";
import { targetReader, type TargetRecord } from "#domain/reader.ts";
import type { MissedRecord, SampleRecord } from "#domain/sample.ts";
import { offsetInSlot, type Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { epochMs } from "#domain/units.ts";
import { isAfter, type Watermark } from "#domain/watermark.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import type { Fault } from "./arena.ts";
import type { Asked, Known } from "./population.ts";
import { stamp } from "../../bench/support/failover-verdict.ts";

/** Everything in the chunks, before a reader chooses. */
export interface KeptRecords {
  readonly samples: ReadonlyMap<string, readonly SampleRecord[]>;
  readonly missed: ReadonlyMap<Slot, readonly MissedRecord[]>;
  readonly chunks: number;
  /** Chunks and lines that can't be read. */
  readonly broken: readonly string[];
}

const PAGES_MAX = 100_000;

export async function keptRecords(store: SampleStore, pool: string): Promise<KeptRecords> {
  const samples = new Map<string, SampleRecord[]>();
  const missed = new Map<Slot, MissedRecord[]>();
  const broken: string[] = [];
  const add = (text: string, key: string): void => {
    const record = parseChunkLine(text);
    if (record === undefined) broken.push(`${key}: ${text}`);
    else if (record.kind === "sample") push(samples, record.target, record);
    else push(missed, record.slot, record);
  };
  let chunks = 0;
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const span = { from: epochMs(0), to: epochMs(Number.MAX_SAFE_INTEGER) };
    const page = await store.list({ pool, ...span, ...(cursor !== undefined && { cursor }) });
    for (const entry of page.entries) {
      chunks += 1;
      try {
        for (const { lines } of (await store.get(entry)) ?? []) {
          for (const text of lines.split("\n")) if (text !== "") add(text, entry.key);
        }
      } catch (error) {
        broken.push(String(error));
      }
    }
    ({ cursor } = page);
    if (cursor === undefined) break;
  }
  return { samples, missed, chunks, broken };
}

/** A target and how far it must be accounted for. */
export interface Accountable {
  readonly known: Known;
  readonly target: Target;
  readonly watermark: Watermark;
  /** Moments of arrival, ascending. */
  readonly arrivals: readonly number[];
}

export interface AccountRequest {
  readonly slotsLog2: number;
  /** When the run began and ended. */
  readonly from: number;
  readonly to: number;
  readonly kept: KeptRecords;
  readonly faults: readonly Fault[];
  readonly asked: readonly Asked[];
}

export interface Accounted {
  due: number;
  captured: number;
  /** By reason. */
  readonly missed: Map<string, number>;
  readonly lost: string[];
  readonly extra: string[];
  /** (target, round) that a reader sees more than once. */
  readonly twice: string[];
  readonly neverCaptured: string[];
  /** Asked for, and not taken since. */
  readonly unanswered: string[];
  arrivals: number;
  readBack: number;
  /** Read back as a success, but nothing arrived. */
  readonly invented: string[];
  /** Captured, and again after a fault, or lost with it. */
  redone: number;
  /** Those, by what explains them best. */
  readonly redoneBy: Map<string, number>;
  /** How long before its fault the oldest of them was captured, ms. */
  redoneOldestMs: number;
  readonly unexplained: string[];
  /** How long a fault would have explained an arrival, of all the time that the slots had, ms. */
  excusedMs: number;
  slotMs: number;
  /** Start after the target's own instant, ms, of what was captured. */
  readonly lateness: number[];
}

export function accountAll(all: readonly Accountable[], request: AccountRequest): Accounted {
  const account: Accounted = {
    ...{ due: 0, captured: 0, arrivals: 0, readBack: 0, redone: 0, redoneOldestMs: 0 },
    ...{ excusedMs: 0, slotMs: 0 },
    ...{ missed: new Map<string, number>(), lost: [], extra: [], twice: [], neverCaptured: [] },
    ...{
      redoneBy: new Map<string, number>(),
      unanswered: [],
      invented: [],
      unexplained: [],
      lateness: [],
    },
  };
  const { from, to, faults } = request;
  for (const slot of new Set(all.map(({ known }) => known.slot))) {
    account.slotMs += to - from;
    account.excusedMs += excusedMs(slot, faults, { from, to });
  }
  for (const one of all) {
    const records = readBack(one, request);
    accountDue(account, one, request, records);
    accountArrivals(account, one, request, records);
    accountAsked(account, one, request);
  }
  return account;
}

const MARGIN_MS = 120_000;

/** As anybody would see them. */
function readBack(
  { known, target }: Accountable,
  { slotsLog2, from, to, kept }: AccountRequest,
): readonly TargetRecord[] {
  const registered = { cadence: cadenceKey(target.cadence), since: target.registeredAt };
  const reader = targetReader({ id: known.id, slotsLog2, registered });
  for (const sample of kept.samples.get(known.id) ?? []) reader.add(sample);
  for (const missed of kept.missed.get(known.slot) ?? []) reader.add(missed);
  const span = { since: epochMs(from - MARGIN_MS), until: epochMs(to + MARGIN_MS) };
  return reader.answer({ ...span, limit: limits.samplesMax }).records;
}

function accountDue(
  account: Accounted,
  { known, target, watermark }: Accountable,
  { slotsLog2, from, to, kept }: AccountRequest,
  records: readonly TargetRecord[],
): void {
  const { id, slot } = known;
  const span = { from: epochMs(from), to: epochMs(to) };
  const found = accountOf({
    ...{ target, slotsLog2, ...span, watermark },
    samples: kept.samples.get(id) ?? [],
    missed: kept.missed.get(slot) ?? [],
  });
  account.due += found.due;
  account.captured += found.captured;
  for (const { instant } of found.lost) account.lost.push(`${id}, due ${stamp(instant)}`);
  for (const round of found.extra) account.extra.push(`${id}, round ${stamp(round)}`);
  const samples = records.filter((record) => record.kind === "sample");
  if (samples.length === 0) account.neverCaptured.push(id);
  for (const { round, count } of duplicates(samples)) {
    account.twice.push(`${id}, round ${stamp(round)}: ${count} samples`);
  }
  const byRound = new Map(records.map((record) => [record.round, record]));
  const lost = new Set(found.lost.map(({ round }) => round));
  let readable = 0;
  const offset = offsetInSlot(targetHash(id).hash32, slotsLog2);
  for (const { round, instant } of dueInstants(target, slotsLog2, span.from, span.to)) {
    const record = byRound.get(round);
    const isCommitted = instant >= target.registeredAt && !isAfter(instant, offset, watermark);
    if (record === undefined || !isCommitted) continue;
    readable += 1;
    if (record.kind === "sample") account.lateness.push(record.capture.startedAt - instant);
    else account.missed.set(record.reason, (account.missed.get(record.reason) ?? 0) + 1);
    // The books say that it is lost, and a reader finds it: one of them is wrong.
    if (lost.has(round))
      account.lost.push(`${id}, due ${stamp(instant)}: read back as ${record.kind}`);
  }
  if (readable !== found.due - found.lost.length) {
    account.lost.push(`${id}: ${found.due} due, ${found.lost.length} lost, ${readable} read back`);
  }
}

/** Moments of two processes, and a request that is sent when its process gets its turn. */
const BEFORE_MS = 50;
const AFTER_MS = 3_000;

function accountArrivals(
  account: Accounted,
  { known, arrivals }: Accountable,
  { faults }: AccountRequest,
  records: readonly TargetRecord[],
): void {
  const left = [...arrivals];
  account.arrivals += arrivals.length;
  for (const record of records) {
    if (record.kind !== "sample") continue;
    const { startedAt, durationMs, failure } = record.capture;
    const at = left.findIndex(
      (moment) => moment >= startedAt - BEFORE_MS && moment <= startedAt + durationMs + AFTER_MS,
    );
    if (at >= 0) {
      left.splice(at, 1);
      account.readBack += 1;
    } else if (failure === undefined) {
      account.invented.push(`${known.id}, captured ${stamp(startedAt)}`);
    }
  }
  for (const moment of left) {
    const why = explain(known, moment, faults);
    if (why === undefined) {
      account.unexplained.push(`${known.id} in slot ${known.slot}, arrived ${stamp(moment)}`);
      continue;
    }
    account.redone += 1;
    account.redoneBy.set(why.kind, (account.redoneBy.get(why.kind) ?? 0) + 1);
    account.redoneOldestMs = Math.max(account.redoneOldestMs, why.beforeMs);
  }
}

/** DESIGN, section 4, invariant 5, and room for machines that are slow. */
export const REDO_MAX_MS = limits.commitEveryMs + 2_000;
/** What a fault has held up is sent when it is over, and what was due meanwhile is made up for. */
const AFTERMATH_MS = 5_000;

interface Explanation {
  readonly kind: Fault["kind"];
  /** How long the arrival was before the fault; 0 during it and after. */
  readonly beforeMs: number;
}

/** The fault that it is nearest to. */
function explain(
  { slot }: Known,
  moment: number,
  faults: readonly Fault[],
): Explanation | undefined {
  let best: Explanation | undefined;
  for (const { kind, from, to, slots } of faults) {
    if (slots !== "all" && !slots.has(slot)) continue;
    if (moment < from - REDO_MAX_MS || moment > to + AFTERMATH_MS) continue;
    const beforeMs = Math.max(0, from - moment);
    if (best === undefined || beforeMs < best.beforeMs) best = { kind, beforeMs };
  }
  return best;
}

/** Of this slot's time, that in which something would be explained. */
function excusedMs(
  slot: Slot,
  faults: readonly Fault[],
  span: { readonly from: number; readonly to: number },
): number {
  const near = faults
    .filter(({ slots }) => slots === "all" || slots.has(slot))
    .map(({ from, to }) => ({ from: from - REDO_MAX_MS, to: to + AFTERMATH_MS }))
    .sort((a, b) => a.from - b.from);
  let total = 0;
  let through = span.from;
  for (const { from, to } of near) {
    const end = Math.min(to, span.to);
    total += Math.max(0, end - Math.max(from, through));
    through = Math.max(through, end);
  }
  return total;
}

/** Removed soon after, it may have been gone before anybody came. */
const ANSWERED_WITHIN_MS = 120_000;

function accountAsked(account: Accounted, { known }: Accountable, request: AccountRequest): void {
  const samples = request.kept.samples.get(known.id) ?? [];
  for (const { id, at } of request.asked) {
    if (id !== known.id) continue;
    if (known.removed !== undefined && known.removed.at < at + ANSWERED_WITHIN_MS) continue;
    const isTaken = samples.some(
      ({ round, capture }) => round === undefined && capture.startedAt >= at - BEFORE_MS,
    );
    if (!isTaken) account.unanswered.push(`${id}, asked for ${stamp(at)}`);
  }
}

function push<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}
