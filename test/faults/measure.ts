/**
 * What is measured of a world of faults: who captured what when, against what was due; how soon a
 * slot was captured again; what is recorded and read; what is stuck.
 */
import { AUDIT_LIMITS, auditInvariants, dueInstants, type Look } from "#domain/audit.ts";
import { parseCadenceKey, shortestGapMs } from "#domain/cadence.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { isPast } from "#domain/hand-over.ts";
import { targetHash } from "#domain/hash.ts";
import { limits } from "#domain/limits.ts";
import type { TargetRecord } from "#domain/reader.ts";
import type { ChunkRecord } from "#domain/sample.ts";
import { offsetInSlot } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { epochMs } from "#domain/units.ts";
import { isAfter, type Watermark } from "#domain/watermark.ts";
import { linesOf } from "#test/support/chaos-checks.ts";
import { readSamples } from "#usecases/read-samples.ts";
import type { FaultWorld } from "./world.ts";

/** One instant of a target, and the captures that were begun for it. */
export interface Due {
  readonly target: string;
  readonly slot: number;
  readonly instant: number;
  readonly arrivals: readonly { readonly at: number; readonly process: string }[];
}

/** Captures belong to the last instant before them: a late one is of the latest round, always. */
export function dueIn(world: FaultWorld, from: number, to: number): Due[] {
  const byTarget = new Map<string, { at: number; process: string }[]>();
  for (const { target, at, process } of world.arrivals) {
    const list = byTarget.get(target);
    if (list === undefined) byTarget.set(target, [{ at, process }]);
    else list.push({ at, process });
  }
  return world.targets.flatMap((target) => {
    const periodMs = shortestGapMs(target.cadence);
    const instants = instantsOf(world, target, from, to + periodMs);
    const arrivals = byTarget.get(target.id) ?? [];
    return instants.flatMap((instant, index): Due[] => {
      const next = instants[index + 1];
      if (instant > to || next === undefined) return [];
      return [
        {
          target: target.id,
          slot: world.slotOf(target.id),
          instant,
          arrivals: arrivals.filter(({ at }) => at >= instant && at < next),
        },
      ];
    });
  });
}

function instantsOf(
  { slotsLog2 }: FaultWorld,
  target: TargetDefinition,
  from: number,
  to: number,
): number[] {
  return dueInstants(target, slotsLog2, epochMs(from), epochMs(to)).map(({ instant }) => instant);
}

export function duplicatesOf(due: readonly Due[]): Due[] {
  return due.filter(({ arrivals }) => arrivals.length > 1);
}

export function latenessOf({ instant, arrivals: [first] }: Due): number {
  return first === undefined ? Number.POSITIVE_INFINITY : first.at - instant;
}

/** Captures at most this late are on time. */
export const ON_TIME_MS = 500;

/** When the last capture due after `at` that wasn't on time was made up for, ms after `at`; 0: none was late. */
export function recoveredAfter(due: readonly Due[], at: number): number {
  let last = 0;
  const byTarget = Map.groupBy(due, ({ target }) => target);
  for (const mine of byTarget.values()) {
    mine.forEach((one, index) => {
      if (one.instant < at - ON_TIME_MS || latenessOf(one) <= ON_TIME_MS) return;
      const next = mine.slice(index).find(({ arrivals }) => arrivals.length > 0);
      const servedAt = next?.arrivals[0]?.at ?? Number.POSITIVE_INFINITY;
      if (servedAt > at) last = Math.max(last, servedAt - at);
    });
  }
  return last;
}

/** The earliest instant from `at` on that wasn't captured on time; `at` when there is none. */
export function firstLate(due: readonly Due[], at: number): number {
  const late = due.filter((one) => one.instant >= at - ON_TIME_MS && latenessOf(one) > ON_TIME_MS);
  return late.reduce((first, { instant }) => Math.min(first, instant), late[0]?.instant ?? at);
}

/** From a death to the first capture by somebody else in the slot of a dead owner that took longest. */
export function failoverMs(
  world: FaultWorld,
  slots: ReadonlySet<number>,
  { at, dead }: { readonly at: number; readonly dead: ReadonlySet<string> },
): number {
  const first = new Map<number, number>();
  for (const arrival of world.arrivals) {
    if (arrival.at <= at || dead.has(arrival.process)) continue;
    const slot = world.slotOf(arrival.target);
    if (slots.has(slot) && !first.has(slot)) first.set(slot, arrival.at - at);
  }
  const populated = new Set<number>(world.targets.map(({ id }) => world.slotOf(id)));
  return Math.max(
    0,
    ...[...slots].map((slot) =>
      populated.has(slot) ? (first.get(slot) ?? Number.POSITIVE_INFINITY) : 0,
    ),
  );
}

/** The captures of a process that no commit covered when it died: what may be made again. */
export function uncommittedAt(
  world: FaultWorld,
  look: Look,
  due: readonly Due[],
  process: string,
): Due[] {
  const watermarks = new Map<string, Watermark>(
    look.slots.flatMap(({ slot, schedules }) =>
      schedules.map((schedule) => [`${slot} ${schedule.cadence}`, schedule.watermark] as const),
    ),
  );
  return due.filter(({ target, slot, instant, arrivals }) => {
    if (!arrivals.some((arrival) => arrival.process === process)) return false;
    const watermark = watermarks.get(`${slot} ${world.keyOf(target)}`);
    const offset = offsetInSlot(targetHash(target).hash32, world.slotsLog2);
    return watermark === undefined || isAfter(epochMs(instant), offset, watermark);
  });
}

export function chunkRecords({ samples }: Pick<FaultWorld, "samples">): ChunkRecord[] {
  return samples.chunks().flatMap(({ parts }) =>
    parts.flatMap(({ lines }) =>
      linesOf(lines).map((line) => {
        const record = parseChunkLine(line);
        if (record === undefined) throw new Error(`not a record: ${line}`);
        return record;
      }),
    ),
  );
}

/** More than any clock here is ahead. */
const CLOCKS_APART_MS = 30_000;

/** As the shipped reader tells them. */
export async function readAll(
  { samples, clock, pool, slotsLog2 }: FaultWorld,
  target: string,
  from: number,
): Promise<readonly TargetRecord[]> {
  // What a clock that is ahead has stamped lies in the future.
  const until = epochMs(clock.now() + CLOCKS_APART_MS);
  const query = { pool, target, slotsLog2, since: epochMs(from), until };
  return (await readSamples({ store: samples, clock }, query)).records;
}

export interface SoundOptions {
  /** Instants from here on are accounted for. */
  readonly from: number;
  /** Errors that are logged because of the fault, by the beginning of their text. */
  readonly errors?: readonly string[];
  /** How wrong a process's clock may be. */
  readonly clocksMs?: number;
  /** Owners let go again and again: cuts are open at the end, too. */
  readonly isHandingOver?: boolean;
}

/** Every invariant of DESIGN, section 4, over what was seen, recorded and read; nothing stuck. */
export async function whatIsWrong(
  world: FaultWorld,
  { from, errors = [], clocksMs = 0, isHandingOver = false }: SoundOptions,
): Promise<string[]> {
  await world.look();
  const last = world.looks.at(-1);
  if (last === undefined) return ["nothing was looked at"];
  const read = new Map<string, readonly TargetRecord[]>();
  for (const { id } of world.targets) read.set(id, await readAll(world, id, from));
  const missed = chunkRecords(world).filter(({ kind }) => kind === "missed");
  const samples = [...read.values()].flat().filter((record) => record.kind === "sample");
  const contents = await Promise.all(
    last.slots.map(({ slot }) => world.schedules.readSlot(world.pool, slot)),
  );
  const targets = contents.flatMap((found) => found.targets);
  const found = auditInvariants({
    looks: world.looks,
    captured: { from: epochMs(from), to: last.at, targets, records: [...samples, ...missed] },
    limits: {
      ...AUDIT_LIMITS,
      expiredMaxMs: AUDIT_LIMITS.expiredMaxMs + 2 * clocksMs,
      rebalanceMaxMs: Number.POSITIVE_INFINITY,
    },
  });
  return [
    ...found.map(({ invariant, what }) => `${invariant}: ${what}`),
    ...behind(last, clocksMs),
    ...(isHandingOver ? [] : pending(last)),
    ...world.log.lines
      .filter(
        ({ level, event }) => level === "error" && !errors.some((text) => event.startsWith(text)),
      ) // prettier-ignore
      .map(({ event, fields }) => `logged: ${event} ${JSON.stringify(fields)}`),
  ];
}

/** Beyond a period, how old a watermark may be: a time-out, a chunk, a commit. */
const FRESH_MS = 8_000;

/** Promises and cuts that are left. */
function pending({ at, fleet }: Look): string[] {
  return fleet.leases.flatMap(({ id, giving, open }) => [
    ...giving.map(({ to }) => `lease ${id} still has a promise to ${to}`),
    ...open
      .filter((entry) => !isPast(entry, at, limits.skewMaxMs))
      .map(({ until }) => `lease ${id} still has a cut open until ${iso(until)}`),
  ]);
}

function behind({ at, slots }: Look, clocksMs: number): string[] {
  return slots.flatMap(({ slot, schedules }) =>
    schedules.flatMap(({ cadence, watermark }) => {
      const allowedMs = shortestGapMs(parseCadenceKey(cadence)) + FRESH_MS + clocksMs;
      if (at - watermark.at <= allowedMs) return [];
      return [`slot ${slot} ${cadence} is committed to ${iso(watermark.at)} only, at ${iso(at)}`];
    }),
  );
}

export function iso(moment: number): string {
  return new Date(moment).toISOString().slice(11, 23);
}

export function quantileOf(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
