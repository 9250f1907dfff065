/**
 * From a slot's contents to entries: what each target's captures need, made once for many rounds.
 */
import { cadenceKey, type Cadence, type CadenceKey } from "#domain/cadence.ts";
import { samplePrefix } from "#domain/chunk-lines.ts";
import { durationByte, failureByte, LATEST_BYTES, unpackLatest } from "#domain/latest.ts";
import { targetHash, type TargetHash } from "#domain/hash.ts";
import { effectiveTimeoutMs, instantShift } from "#domain/instant.ts";
import type { Schedule } from "#domain/schedule.ts";
import { offsetInSlot, type Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { limits } from "#domain/limits.ts";
import { bucketOf } from "#ports/sample-store.ts";
import type { SlotContents } from "#ports/schedule-store.ts";
import { BEFORE, NEVER, type Entry } from "./run.ts";

export interface ScheduleEntries {
  readonly schedule: Schedule;
  readonly cadence: Cadence;
  /** By offset, then by id: the order in which they are due. */
  readonly entries: readonly Entry[];
}

/** Entries of each schedule; targets whose schedule is not there yet are left for the next read. */
export function entriesOf(
  contents: SlotContents,
  slotsLog2: number,
): ReadonlyMap<CadenceKey, ScheduleEntries> {
  const byKey = new Map<CadenceKey, Target[]>();
  for (const target of contents.targets) {
    const key = cadenceKey(target.cadence);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [target]);
    else known.push(target);
  }
  const made = new Map<CadenceKey, ScheduleEntries>();
  for (const schedule of contents.schedules) {
    const targets = byKey.get(schedule.cadence) ?? [];
    const cadence = targets[0]?.cadence;
    if (cadence === undefined) continue;
    made.set(schedule.cadence, {
      schedule,
      cadence,
      entries: scheduleEntries(schedule, targets, slotsLog2),
    });
  }
  for (const { entries } of made.values()) takeLatestElsewhere(entries, contents.schedules);
  return made;
}

function scheduleEntries(
  schedule: Schedule,
  targets: readonly Target[],
  slotsLog2: number,
): Entry[] {
  // Entries are made in the order in which they are due: they lie in memory as they are walked.
  const entries = targets
    .map((target) => ({ target, hash: targetHash(target.id) }))
    .sort((a, b) => a.hash.hash32 - b.hash.hash32 || (a.target.id < b.target.id ? -1 : 1))
    .map((hashed) => newEntry(hashed, schedule.slot, schedule.cadence, slotsLog2));
  takeLatest(entries, schedule.latest);
  return entries;
}

interface HashedTarget {
  readonly target: Target;
  readonly hash: TargetHash;
}

function newEntry(hashed: HashedTarget, slot: Slot, key: CadenceKey, slotsLog2: number): Entry {
  const { target, hash } = hashed;
  const { hash32, resultKey } = hash;
  const offset = offsetInSlot(hash32, slotsLog2);
  const asked = target.probe.kind === "http" ? target.probe.timeoutMs : limits.timeoutMaxMs;
  return {
    target,
    task: { target, timeoutMs: effectiveTimeoutMs(target.cadence, slotsLog2, asked) },
    offset,
    shift: instantShift(target.cadence, slot, slotsLog2, offset),
    registeredAt: target.registeredAt,
    resultKey,
    bucket: bucketOf(hash32),
    prefix: samplePrefix(target.id, slot, key),
    first: NEVER,
    last: 0,
    flying: 0,
    failureByte: 0,
    durationByte: 0,
    sinceSeconds: 0,
  };
}

/** What has changed its cadence was captured all the same: its old schedule tells. */
function takeLatestElsewhere(entries: readonly Entry[], schedules: readonly Schedule[]): void {
  const unknown = entries.filter((entry) => entry.first === NEVER);
  if (unknown.length === 0) return;
  for (const { latest } of schedules) takeLatest(unknown, latest);
}

/** Takes over the stored last results of targets that this owner hasn't captured itself. */
export function takeLatest(entries: readonly Entry[], packed: Uint8Array): void {
  const latest = new Map(unpackLatest(packed).map((result) => [result.resultKey, result]));
  for (const entry of entries) {
    const result = entry.last === 0 ? latest.get(entry.resultKey) : undefined;
    if (result === undefined) continue;
    entry.first = BEFORE;
    entry.failureByte = failureByte(result.failure);
    entry.durationByte = durationByte(result.durationMs);
    entry.sinceSeconds = result.since / 1_000;
  }
}

/** Last results for a commit: of targets whose first capture is in a chunk that is durable. */
export function packLatest(entries: readonly Entry[], durableSequence: number): Uint8Array {
  const packed = Buffer.allocUnsafe(entries.length * LATEST_BYTES);
  let at = 0;
  for (const entry of entries) {
    if (entry.first === NEVER || entry.first > durableSequence) continue;
    packed.writeUInt32BE(entry.resultKey, at);
    packed[at + 4] = entry.failureByte;
    packed[at + 5] = entry.durationByte;
    packed.writeUInt32BE(entry.sinceSeconds, at + 6);
    at += LATEST_BYTES;
  }
  return packed.subarray(0, at);
}
