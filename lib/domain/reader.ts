/**
 * What a reader makes of a target's records: one for each round, the same whatever the order in
 * which chunks are read.
 *
 * In:    records as they stand in chunks, the target     Out: TargetRecord[], ascending by time
 * Holds: one record per (target, cadence, round): a sample before a missed notice, then the highest
 *        epoch, then the earliest start; captures on request are one per (target, startedAt).
 * Fails: InvalidInputError for a target that can't be one; otherwise never (pure).
 * Source: DESIGN, section 1 ("Exactly once in what is read back") and section 4, invariant 6.
 */
import type { CadenceKey } from "./cadence.ts";
import { targetHash } from "./hash.ts";
import { limits } from "./limits.ts";
import { missedRounds, type MissedRound, type TargetPlace } from "./missed-rounds.ts";
import type { ChunkRecord, MissedReason, MissedRecord, SampleRecord } from "./sample.ts";
import { offsetInSlot, slotOf } from "./slot.ts";
import type { EpochMs } from "./units.ts";

/** A round in which the target was due and not captured. */
export interface MissedNotice {
  readonly kind: "missed";
  readonly target: string;
  readonly cadence: CadenceKey;
  readonly round: EpochMs;
  /** The target's own instant in the round. */
  readonly dueAt: EpochMs;
  readonly reason: MissedReason;
  readonly epoch: number;
}

export type TargetRecord = SampleRecord | MissedNotice;

export interface ReaderTarget {
  readonly id: string;
  readonly slotsLog2: number;
  /** The target's cadence now, and since when; undefined when it is no longer registered. */
  readonly registered?: { readonly cadence: CadenceKey; readonly since: EpochMs };
}

export interface ReaderSpan {
  /** Records of this moment or later. */
  readonly since: EpochMs;
  /** Records before this moment. */
  readonly until: EpochMs;
  /** The newest ones are kept. */
  readonly limit: number;
}

export interface ReaderAnswer {
  /** Ascending by `timeOf`. */
  readonly records: readonly TargetRecord[];
  /** Whether older ones in the span were left out. */
  readonly truncated: boolean;
}

export interface TargetReader {
  /** Records of other targets are ignored. */
  add(record: ChunkRecord): void;
  /** How many different captures were added. */
  readonly sampleCount: number;
  answer(span: ReaderSpan): ReaderAnswer;
}

/** A capture's start; where none took place, the moment at which it was due. */
export function timeOf(record: TargetRecord): EpochMs {
  return record.kind === "sample" ? record.capture.startedAt : record.dueAt;
}

/** Which of two samples with one key is kept. */
export function preferredSample(a: SampleRecord, b: SampleRecord): SampleRecord {
  const order =
    b.epoch - a.epoch ||
    a.capture.startedAt - b.capture.startedAt ||
    a.capture.durationMs - b.capture.durationMs;
  return order <= 0 ? a : b;
}

/** @throws InvalidInputError when the target's id can't be one. */
export function targetReader(target: ReaderTarget): TargetReader {
  const place = placeOf(target);
  const samples = new Map<string, SampleRecord>();
  const missed: MissedRecord[] = [];
  const cadences = new Set<CadenceKey>();
  if (target.registered !== undefined) cadences.add(target.registered.cadence);

  function addSample(sample: SampleRecord): void {
    const key = sampleKey(sample);
    const known = samples.get(key);
    samples.set(key, known === undefined ? sample : preferredSample(known, sample));
    cadences.add(sample.cadence);
  }

  function addMissed(record: MissedRecord): void {
    if (record.slot !== place.slot || record.targets?.includes(target.id) === false) return;
    missed.push(record);
  }

  /** Which of the missed records are about our target, the newest first. */
  function ours(): readonly MissedRecord[] {
    return missed
      .filter((record) => record.targets !== undefined || cadences.has(record.cadence))
      .sort((a, b) => b.to.at - a.to.at || b.epoch - a.epoch || compare(a.reason, b.reason));
  }

  function noticesIn(span: ReaderSpan): { notices: Map<string, MissedNotice>; truncated: boolean } {
    const notices = new Map<string, MissedNotice>();
    let truncated = false;
    for (const record of ours()) {
      if (notices.size >= limits.samplesMax) return { notices, truncated: true };
      const found = missedRounds(record, place, span.since, span.until);
      truncated ||= found.truncated;
      for (const missedRound of found.rounds) {
        const key = roundKey(record.cadence, missedRound.round);
        const known = notices.get(key);
        if (samples.has(key) || (known !== undefined && known.epoch >= record.epoch)) continue;
        if (wasDue(target, record, missedRound))
          notices.set(key, notice(target, record, missedRound));
      }
    }
    return { notices, truncated };
  }

  return {
    add(record) {
      if (record.kind === "missed") addMissed(record);
      else if (record.target === target.id) addSample(record);
    },
    get sampleCount() {
      return samples.size;
    },
    answer(span) {
      const { notices, truncated } = noticesIn(span);
      const records = [...samples.values(), ...notices.values()]
        .filter((record) => timeOf(record) >= span.since && timeOf(record) < span.until)
        .sort(compareRecords);
      const first = Math.max(0, records.length - span.limit);
      return { records: records.slice(first), truncated: truncated || first > 0 };
    },
  };
}

function placeOf({ id, slotsLog2 }: ReaderTarget): TargetPlace {
  const { hash32 } = targetHash(id);
  return { slot: slotOf(hash32, slotsLog2), slotsLog2, offset: offsetInSlot(hash32, slotsLog2) };
}

function sampleKey({ round, cadence, capture }: SampleRecord): string {
  return round === undefined ? `request ${capture.startedAt}` : roundKey(cadence, round);
}

function roundKey(cadence: CadenceKey, round: EpochMs): string {
  return `${round} ${cadence}`;
}

/**
 * A record that names nobody is about all who had its cadence at the time: before its registration
 * (or its change of cadence) the target had another cadence, or none.
 */
function wasDue(
  { registered }: ReaderTarget,
  record: MissedRecord,
  { dueAt }: MissedRound,
): boolean {
  if (record.targets !== undefined || registered === undefined) return true;
  return (record.cadence === registered.cadence) === dueAt >= registered.since;
}

function notice(target: ReaderTarget, record: MissedRecord, missed: MissedRound): MissedNotice {
  const { cadence, reason, epoch } = record;
  return {
    kind: "missed",
    target: target.id,
    cadence,
    round: missed.round,
    dueAt: missed.dueAt,
    reason,
    epoch,
  };
}

function compareRecords(a: TargetRecord, b: TargetRecord): number {
  return timeOf(a) - timeOf(b) || (a.round ?? 0) - (b.round ?? 0) || compare(a.cadence, b.cadence);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
