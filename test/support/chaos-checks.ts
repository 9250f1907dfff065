/**
 * What must hold after a scenario, whatever happened in it, and what more where nothing failed.
 *
 * In:    Played                                            Out: sentences; none when all holds
 * Source: DESIGN, section 4, "What must hold in every reachable state".
 */
import { AUDIT_LIMITS, auditInvariants, dueInstants, duplicates } from "#domain/audit.ts";
import { cadenceKey, shortestGapMs } from "#domain/cadence.ts";
import { DependencyError } from "#domain/errors.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { targetHash } from "#domain/hash.ts";
import { wholeSpace } from "#domain/range.ts";
import { targetReader, type TargetRecord } from "#domain/reader.ts";
import type { ChunkRecord, MissedRecord } from "#domain/sample.ts";
import { offsetInSlot, slotOf } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";
import { isAfter, type Watermark } from "#domain/watermark.ts";
import { FOREVER, type Known, type Played } from "./collector-chaos.ts";
import { POOL } from "./collector-world.ts";

/** Beyond its period, how old a watermark may be: a window, a time-out, a chunk, a commit. */
const COMMIT_SLACK_MS = 25_000;
const LATENESS_MAX_MS = 500;
/** Requests are read every two seconds. */
const LEARNT_WITHIN_MS = 3_000;

export async function whatFailed(played: Played): Promise<string[]> {
  const records = recordsOf(played);
  return [
    // A collector that can't reach the store at its start says so; it is started again.
    ...played.failures
      .filter((error) => !(error instanceof DependencyError))
      .map((error) => `a collector threw: ${String(error)}`),
    ...errorsLogged(played),
    ...auditInvariants({
      looks: played.looks,
      limits: { ...AUDIT_LIMITS, rebalanceMaxMs: Number.POSITIVE_INFINITY, expiredMaxMs: 10_000 },
    }).map(({ invariant, what }) => `${invariant}: ${what}`),
    ...(await requestsLeft(played)),
    ...stuckSchedules(played),
    ...wrongCounts(records),
    ...played.known.flatMap((known) => wrongAccount(played, known, records)),
  ];
}

/** Where nothing failed, nothing is captured twice, and hand-overs delay nothing. */
export function whatFaultsWouldExcuse(played: Played): string[] {
  const records = recordsOf(played);
  const twice = duplicates(records).map(
    ({ target, round, count }) => `${target} was captured ${count} times for ${iso(round)}`,
  );
  const late = played.known.flatMap((known) => {
    const instants = new Map(
      due(played, known).map(({ round, instant }) => [round, instant] as const),
    );
    return records.flatMap((record) => {
      if (
        record.kind !== "sample" ||
        record.target !== known.id ||
        record.cadence !== cadenceKey(known.cadence) ||
        record.round === undefined
      ) {
        return [];
      }
      const instant = instants.get(record.round);
      // The first collectors come when all is registered.
      if (instant === undefined || instant < played.firstOwnedAt + 5_000) return [];
      if (instant < known.acknowledgedAt + LEARNT_WITHIN_MS) return [];
      const latenessMs = record.capture.startedAt - instant;
      if (latenessMs <= LATENESS_MAX_MS && latenessMs >= -100) return [];
      return [`${known.id} was captured ${latenessMs} ms after ${iso(instant)}`];
    });
  });
  const unplanned = records.flatMap((record) =>
    record.kind === "missed" && record.reason !== "registered" && !isOfNews(played, record)
      ? [
          `${record.captures} missed (${record.reason}) until ${iso(record.to.at)} in slot ${record.slot} ${record.cadence}`,
        ]
      : [],
  );
  return [...twice, ...late, ...unplanned];
}

/** Whether the record is of targets that were acknowledged just before. */
function isOfNews(played: Played, { slot, cadence, to }: MissedRecord): boolean {
  return played.known.some(
    (known) =>
      cadenceKey(known.cadence) === cadence &&
      placeOf(played, known).slot === slot &&
      to.at >= known.acknowledgedAt &&
      to.at < known.acknowledgedAt + 2 * LEARNT_WITHIN_MS,
  );
}

function recordsOf(played: Played): ChunkRecord[] {
  return played.world.samples.chunks().flatMap(({ parts }) =>
    parts.flatMap(({ lines }) =>
      linesOf(lines).map((line) => {
        const record = parseChunkLine(line);
        if (record === undefined) throw new Error(`not a record: ${line}`);
        return record;
      }),
    ),
  );
}

/** The lines of a chunk's part. */
export function linesOf(text: string | Uint8Array): string[] {
  const all = typeof text === "string" ? text : Buffer.from(text).toString("utf8");
  return all.trimEnd().split("\n");
}

function errorsLogged({ world }: Played): string[] {
  return world.log.lines
    .filter(({ level, event }) => level === "error" && !event.startsWith("a chunk could not"))
    .map(({ event, fields }) => `logged: ${event} ${JSON.stringify(fields, errorText)}`);
}

function errorText(_key: string, value: unknown): unknown {
  return value instanceof Error ? `${value.stack ?? value.message} ${String(value.cause)}` : value;
}

async function requestsLeft({ world }: Played): Promise<string[]> {
  const left = await world.requests.list(POOL, wholeSpace(), world.slotsLog2);
  return left.map(
    (request) => `slot ${request.slot} still has a request: ${JSON.stringify(request)}`,
  );
}

function stuckSchedules(played: Played): string[] {
  const last = played.looks.at(-1);
  if (last === undefined) return ["nothing was looked at"];
  return played.known
    .filter(({ endsAt }) => endsAt === FOREVER)
    .flatMap((known) => {
      const watermark = watermarkOf(played, known);
      if (watermark === undefined) return [`${known.id} has no schedule`];
      const behindMs = last.at - watermark.at;
      if (behindMs <= shortestGapMs(known.cadence) + COMMIT_SLACK_MS) return [];
      return [`${known.id} (${cadenceKey(known.cadence)}) is behind by ${behindMs} ms`];
    });
}

function wrongCounts(records: readonly ChunkRecord[]): string[] {
  return records.flatMap((record) => {
    if (record.kind !== "missed") return [];
    const named = record.targets?.length;
    if (record.captures < 1) return [`a missed record of nothing: ${JSON.stringify(record)}`];
    if (named === undefined || named === record.captures) return [];
    return [`a missed record names ${named} and counts ${record.captures}`];
  });
}

/** Every instant since the acknowledgement that is committed: one record as read. */
function wrongAccount(played: Played, known: Known, records: readonly ChunkRecord[]): string[] {
  const { world } = played;
  const watermark = watermarkOf(played, known);
  // What is removed or changed is given up in the middle of a round: nobody asks for it any more.
  if (known.endsAt !== FOREVER || watermark === undefined) return [];
  const key = cadenceKey(known.cadence);
  const reader = targetReader({
    id: known.id,
    slotsLog2: world.slotsLog2,
    registered: { cadence: key, since: known.acknowledgedAt },
  });
  for (const record of records) reader.add(record);
  const answer = reader.answer({ since: epochMs(0), until: FOREVER, limit: 100_000 });
  const byRound = new Map<number, TargetRecord[]>();
  for (const record of answer.records) {
    if (record.round === undefined || record.cadence !== key) continue;
    byRound.set(record.round, [...(byRound.get(record.round) ?? []), record]);
  }
  const { offset } = placeOf(played, known);
  return due(played, known).flatMap(({ round, instant }) => {
    const found = byRound.get(round)?.length ?? 0;
    if (isAfter(instant, offset, watermark) ? found <= 1 : found === 1) return [];
    return [
      `${known.id} (${key}) has ${found} records of its instant ${iso(instant)}, registered ${iso(known.acknowledgedAt)}`,
    ];
  });
}

function due({ world, looks }: Played, known: Known): ReturnType<typeof dueInstants> {
  const now = looks.at(-1)?.at ?? known.acknowledgedAt;
  const to = epochMs(Math.min(known.endsAt, now));
  return dueInstants(known, world.slotsLog2, known.acknowledgedAt, to);
}

function placeOf({ world }: Played, { id }: Known): { slot: number; offset: number } {
  const { hash32 } = targetHash(id);
  return { slot: slotOf(hash32, world.slotsLog2), offset: offsetInSlot(hash32, world.slotsLog2) };
}

function watermarkOf(played: Played, known: Known): Watermark | undefined {
  const { slot } = placeOf(played, known);
  const key = cadenceKey(known.cadence);
  return played.looks
    .at(-1)
    ?.slots.find((found) => found.slot === slot)
    ?.schedules.find(({ cadence }) => cadence === key)?.watermark;
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}
