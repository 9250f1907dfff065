/** Holds the target server's log and what is read back against the kills and against what was due. */
import type { Cadence } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { instantShift } from "#domain/instant.ts";
import type { TargetRecord } from "#domain/reader.ts";
import type { Schedule } from "#domain/schedule.ts";
import { offsetInSlot, slotOf, type Slot } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";
import { isAfter } from "#domain/watermark.ts";
import { dueInstants } from "./target-log.ts";

/** One owner killed, and what was so when it died. */
export interface Kill {
  readonly lease: string;
  readonly epoch: number;
  readonly at: number;
  /** The lease's, after the last heartbeat of the dead owner. */
  readonly expiresAt: number;
  readonly slots: ReadonlySet<Slot>;
  /** As the dead owner left them, by `slot cadence`. */
  readonly schedules: ReadonlyMap<string, Schedule>;
}

export interface KilledTarget {
  readonly index: number;
  readonly id: string;
  readonly cadence: Cadence;
  /** The cadence's key. */
  readonly key: string;
}

/** Requests that the dead owner had sent arrive within this time. */
const UNDERWAY_MS = 500;
/** Arrivals are stamped by another process. */
const STAMP_SLACK_MS = 20;

/** From a kill to the first arrival of any target of its slots; undefined when none came. */
export function recoveryMs(
  kill: Kill,
  targets: readonly KilledTarget[],
  arrivals: ReadonlyMap<number, readonly number[]>,
  slotsLog2: number,
): { readonly first: number | undefined; readonly everyTarget: number | undefined } {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const { id, index, cadence } of targets) {
    if (!kill.slots.has(slotOf(targetHash(id).hash32, slotsLog2))) continue;
    const next = arrivals.get(index)?.find((at) => at > kill.at + UNDERWAY_MS);
    first = Math.min(first, next ?? Number.POSITIVE_INFINITY);
    // Those with a short period were all due again while nobody owned them.
    if (cadence.kind === "every" && cadence.periodMs <= SHORT_MS) {
      last = Math.max(last, next ?? Number.POSITIVE_INFINITY);
    }
  }
  return { first: finite(first - kill.at), everyTarget: finite(last - kill.at) };
}

const SHORT_MS = 5_000;

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

export interface Repeats {
  /** Captured again after a kill; not committed by then, as it should be. */
  readonly redone: number;
  /** How long before the kill the oldest of them was captured, ms. */
  readonly oldestMs: number;
  /** Captured again though committed. */
  readonly committed: readonly string[];
  /** Captured twice without a kill between. */
  readonly unexplained: readonly string[];
}

/** Every round of every target due in (from, to] whose captures arrived more than once. */
export function repeats(
  kills: readonly Kill[],
  targets: readonly KilledTarget[],
  arrivals: ReadonlyMap<number, readonly number[]>,
  {
    slotsLog2,
    from,
    to,
  }: { readonly slotsLog2: number; readonly from: number; readonly to: number },
): Repeats {
  const committed: string[] = [];
  const unexplained: string[] = [];
  let redone = 0;
  let oldestMs = 0;
  for (const { id, index, cadence, key } of targets) {
    const { hash32 } = targetHash(id);
    const slot = slotOf(hash32, slotsLog2);
    const offset = offsetInSlot(hash32, slotsLog2);
    const instants = dueInstants(id, cadence, slotsLog2, from, to);
    for (const [n, instant] of instants.entries()) {
      const end = instants[n + 1] ?? to;
      const mine = (arrivals.get(index) ?? []).filter((at) => isIn(at, instant, end));
      for (const [m, again] of mine.entries()) {
        const before = mine[m - 1];
        if (before === undefined) continue;
        const text = `${id}, due ${stamp(instant)}, captured ${stamp(before)} and ${stamp(again)}`;
        const kill = kills.find(
          ({ slots, at }) => slots.has(slot) && before <= at + UNDERWAY_MS && at < again,
        );
        if (kill === undefined) {
          unexplained.push(text);
          continue;
        }
        const watermark = kill.schedules.get(`${slot} ${key}`)?.watermark;
        if (watermark !== undefined && !isAfter(epochMs(instant), offset, watermark)) {
          committed.push(`${text}, committed to ${stamp(watermark.at)}`);
        }
        redone += 1;
        oldestMs = Math.max(oldestMs, kill.at - before);
      }
    }
  }
  return { redone, oldestMs, committed, unexplained };
}

export interface Accounted {
  readonly due: number;
  readonly captured: number;
  /** By reason. */
  readonly missed: ReadonlyMap<string, number>;
  /** Neither read back nor recorded as missed. */
  readonly lost: readonly string[];
  /** Read back as captured, but no request arrived. */
  readonly invented: readonly string[];
}

/** Every instant due in (from, to] against what is read back. */
export function account(
  targets: readonly KilledTarget[],
  records: ReadonlyMap<string, readonly TargetRecord[]>,
  arrivals: ReadonlyMap<number, readonly number[]>,
  {
    slotsLog2,
    from,
    to,
  }: { readonly slotsLog2: number; readonly from: number; readonly to: number },
): Accounted {
  const missed = new Map<string, number>();
  const lost: string[] = [];
  const invented: string[] = [];
  let due = 0;
  let captured = 0;
  for (const { id, index, cadence } of targets) {
    const { hash32 } = targetHash(id);
    const slot = slotOf(hash32, slotsLog2);
    const seen = arrivals.get(index) ?? [];
    const shift = instantShift(cadence, slot, slotsLog2, offsetInSlot(hash32, slotsLog2));
    const byInstant = new Map(
      (records.get(id) ?? []).flatMap((record) =>
        record.round === undefined ? [] : [[record.round + shift, record] as const],
      ),
    );
    const instants = dueInstants(id, cadence, slotsLog2, from, to);
    for (const [n, instant] of instants.entries()) {
      due += 1;
      const record = byInstant.get(instant);
      const text = `${id}, due ${stamp(instant)}`;
      if (record === undefined) lost.push(text);
      else if (record.kind === "missed") {
        missed.set(record.reason, (missed.get(record.reason) ?? 0) + 1);
      } else {
        captured += 1;
        const end = instants[n + 1] ?? Number.POSITIVE_INFINITY;
        if (!seen.some((at) => isIn(at, instant, end))) invented.push(text);
      }
    }
  }
  return { due, captured, missed, lost, invented };
}

/** Whether an arrival belongs to the round whose instant, and whose next instant, these are. */
function isIn(at: number, instant: number, next: number): boolean {
  return at >= instant - STAMP_SLACK_MS && at < next - STAMP_SLACK_MS;
}

export function stamp(moment: number): string {
  return new Date(moment).toISOString().slice(11, 23);
}
