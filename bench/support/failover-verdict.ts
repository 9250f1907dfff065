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
/** A request arrives within its target's time-out, or it failed. */
const ARRIVES_WITHIN_MS = 3_000;
/** Arrivals near the ends of the measured time may belong to instants outside of it. */
const LEAD_MS = 120_000;

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

export interface Span {
  readonly slotsLog2: number;
  readonly from: number;
  readonly to: number;
}

/** One instant of a target, and what came of it. */
export interface DueCapture {
  readonly target: KilledTarget;
  readonly slot: Slot;
  readonly offset: number;
  readonly instant: number;
  readonly record: TargetRecord | undefined;
  /** Ascending. */
  readonly arrivals: readonly number[];
}

/**
 * Every instant due in (from, to], with its record as read back and the arrivals that belong to it:
 * those that its sample explains, else those between it and the target's next instant. (A late
 * capture may be sent just before the next instant, and arrive after it.)
 */
export function dueCaptures(
  targets: readonly KilledTarget[],
  records: ReadonlyMap<string, readonly TargetRecord[]>,
  arrivals: ReadonlyMap<number, readonly number[]>,
  { slotsLog2, from, to }: Span,
): DueCapture[] {
  return targets.flatMap((target) => {
    const { id, index, cadence } = target;
    const { hash32 } = targetHash(id);
    const slot = slotOf(hash32, slotsLog2);
    const offset = offsetInSlot(hash32, slotsLog2);
    const shift = instantShift(cadence, slot, slotsLog2, offset);
    const byInstant = new Map(
      (records.get(id) ?? []).flatMap((record) =>
        record.round === undefined ? [] : [[record.round + shift, record] as const],
      ),
    );
    const instants = dueInstants(id, cadence, slotsLog2, from - LEAD_MS, to + LEAD_MS);
    const seen = new Map<number, number[]>(instants.map((instant) => [instant, []]));
    for (const at of arrivals.get(index) ?? []) {
      const instant =
        explained(byInstant, at) ?? instants.findLast((due) => due <= at + STAMP_SLACK_MS);
      if (instant !== undefined) seen.get(instant)?.push(at);
    }
    return instants
      .filter((instant) => instant > from && instant <= to)
      .map((instant) => ({
        target,
        slot,
        offset,
        instant,
        record: byInstant.get(instant),
        arrivals: seen.get(instant) ?? [],
      }));
  });
}

/** The instant whose sample was begun last before this arrival, and not long before. */
function explained(byInstant: ReadonlyMap<number, TargetRecord>, at: number): number | undefined {
  let found: number | undefined;
  let last = at - ARRIVES_WITHIN_MS;
  for (const [instant, record] of byInstant) {
    if (record.kind !== "sample") continue;
    const { startedAt } = record.capture;
    if (startedAt < last || startedAt > at + STAMP_SLACK_MS) continue;
    last = startedAt;
    found = instant;
  }
  return found;
}

/** Every round whose captures arrived more than once. */
export function repeats(kills: readonly Kill[], due: readonly DueCapture[]): Repeats {
  const committed: string[] = [];
  const unexplained: string[] = [];
  let redone = 0;
  let oldestMs = 0;
  for (const { target, slot, offset, instant, arrivals } of due) {
    for (const [n, again] of arrivals.entries()) {
      const before = arrivals[n - 1];
      if (before === undefined) continue;
      const text = `${target.id}, due ${stamp(instant)}, captured ${stamp(before)} and ${stamp(again)}`;
      const kill = kills.find(
        ({ slots, at }) => slots.has(slot) && before <= at + UNDERWAY_MS && at < again,
      );
      if (kill === undefined) {
        unexplained.push(text);
        continue;
      }
      const watermark = kill.schedules.get(`${slot} ${target.key}`)?.watermark;
      if (watermark !== undefined && !isAfter(epochMs(instant), offset, watermark)) {
        committed.push(`${text}, committed to ${stamp(watermark.at)}`);
      }
      redone += 1;
      oldestMs = Math.max(oldestMs, kill.at - before);
    }
  }
  return { redone, oldestMs, committed, unexplained };
}

export interface Accounted {
  readonly captured: number;
  /** By reason. */
  readonly missed: ReadonlyMap<string, number>;
  /** Neither read back nor recorded as missed. */
  readonly lost: readonly string[];
  /** Read back as captured, but no request arrived. */
  readonly invented: readonly string[];
}

export function account(due: readonly DueCapture[]): Accounted {
  const missed = new Map<string, number>();
  const lost: string[] = [];
  const invented: string[] = [];
  let captured = 0;
  for (const { target, instant, record, arrivals } of due) {
    const text = `${target.id}, due ${stamp(instant)}`;
    if (record === undefined) lost.push(text);
    else if (record.kind === "missed")
      missed.set(record.reason, (missed.get(record.reason) ?? 0) + 1);
    else {
      captured += 1;
      if (arrivals.length === 0) invented.push(text);
    }
  }
  return { captured, missed, lost, invented };
}

export function stamp(moment: number): string {
  return new Date(moment).toISOString().slice(11, 23);
}
