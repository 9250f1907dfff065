/**
 * What must hold at the end of a run, when nothing has gone wrong for a while.
 *
 * In:    the world as it stands, how it was played        Out: sentences; none when all holds
 * Source: DESIGN, section 4, "What must hold in every reachable state".
 */
import { limits } from "#domain/limits.ts";
import { wholeSpace } from "#domain/range.ts";
import { slot as slotAt } from "#domain/slot.ts";
import { targetReader, type TargetRecord } from "#domain/reader.ts";
import type { Capture } from "#domain/sample.ts";
import { epochMs, latestOf, type EpochMs } from "#domain/units.ts";
import { isAfter, type Watermark } from "#domain/watermark.ts";
import { dueOf, FOREVER, type Known } from "./oracle.ts";
import type { Scenario } from "./scenario.ts";
import { timeOf } from "./trace.ts";
import { POOL, type SimulatedWorld, type Violation } from "./world.ts";

export interface EndReport {
  readonly violations: readonly Violation[];
  readonly due: number;
  readonly captured: number;
  readonly missed: number;
}

/** How old an instant may be that isn't committed: ten seconds, a time-out, a chunk, a commit. */
const COMMIT_SLACK_MS = 25_000;
/** Until all is as if nothing had happened: a rebalancer's minute, a lease's end, starts, `until`s. */
const SETTLED_AFTER_MS = 150_000;
const LATENESS_MAX_MS = 500;
/** Requests are read every two seconds; where nobody runs, somebody must be started first. */
const LEARNT_WITHIN_MS = 12_000;

type How = Pick<Scenario, "kind" | "quietFromMs">;

export async function endViolations(world: SimulatedWorld, how: How): Promise<EndReport> {
  const watermarks = await readWatermarks(world);
  const totals = { due: 0, captured: 0, missed: 0 };
  const strictFrom = strictMoment(world, how);
  const end = world.now();
  const violations: Violation[] = [...(await leftOver(world)), ...stuck(world, watermarks)].map(
    (what) => ({ at: end, what }),
  );
  for (const known of world.oracle.known) {
    if (known.endsAt !== FOREVER) continue;
    violations.push(...account(world, known, { watermarks, totals, strictFrom }));
  }
  violations.push(...unansweredRequests(world));
  return { violations: violations.slice(0, 20), ...totals };
}

/** From here on nothing may be late, twice or missed. */
function strictMoment(world: SimulatedWorld, { kind, quietFromMs }: How): EpochMs {
  const settled = kind === "planned" ? FIRST_OWNED_MS : quietFromMs + SETTLED_AFTER_MS;
  return epochMs(world.start + settled);
}

/** The rebalancer's first minute, a cold start, and a collector's. */
const FIRST_OWNED_MS = 70_000;

/** What was asked for by hand, and acknowledged, was captured after it was asked for. */
function unansweredRequests(world: SimulatedWorld): Violation[] {
  const { oracle, kept, start, apartMs } = world;
  return oracle.asked.flatMap(({ ids, askedAt, acknowledgedAt }) =>
    ids.flatMap((id): Violation[] => {
      const known = oracle.find(id);
      // What was removed or changed since may have been so before its turn came.
      if (known === undefined || known.acknowledgedAt > askedAt) return [];
      const isAnswered = kept
        .of(id)
        .some(
          ({ capture }) =>
            capture.startedAt + capture.durationMs >= askedAt - apartMs && isFor(capture),
        );
      function isFor({ startedAt }: Capture): boolean {
        const gone = world.watched.requestsRemoved(known?.slot ?? 0);
        const end = gone.find((at) => at >= acknowledgedAt) ?? Number.POSITIVE_INFINITY;
        return startedAt <= end + apartMs;
      }
      if (isAnswered) return [];
      return [
        {
          at: askedAt - start,
          what: `${id} was asked for at ${timeOf(askedAt - start)} and not captured for it`,
        },
      ];
    }),
  );
}

type Watermarks = ReadonlyMap<string, Watermark>;

async function readWatermarks({ direct, slotsLog2 }: SimulatedWorld): Promise<Watermarks> {
  const found = new Map<string, Watermark>();
  for (let slot = 0; slot < 2 ** slotsLog2; slot += 1) {
    for (const { cadence, watermark } of await direct.schedules.readSchedules(
      POOL,
      slotAt(slot, slotsLog2),
    ))
      found.set(`${slot} ${cadence}`, watermark);
  }
  return found;
}

async function leftOver(world: SimulatedWorld): Promise<string[]> {
  const { direct, slotsLog2, clock } = world;
  const requests = await direct.requests.list(POOL, wholeSpace(), slotsLog2);
  const snapshot = await direct.leases.readFleet(POOL);
  const now = clock.now();
  return [
    ...requests.map(
      (request) => `slot ${request.slot} still has a request: ${JSON.stringify(request)}`,
    ),
    ...world.watched
      .promises()
      .filter(({ since }) => now - since > PROMISE_STANDS_MAX_MS)
      .map(
        ({ what, since }) => `a promise stands for ${Math.round((now - since) / 1_000)} s: ${what}`,
      ),
    ...(snapshot?.leases ?? []).flatMap((lease) => [
      ...(lease.open.some(({ until }) => until + limits.skewMaxMs > now + MINUTE_MS)
        ? [`lease ${lease.id} has open entries far ahead`]
        : []),
      ...(lease.holder !== undefined && lease.holder.expiresAt + 10_000 < now
        ? [`lease ${lease.id} has an owner that is long gone`]
        : []),
    ]),
    // A lease at a time, a minute or two each.
    ...(snapshot?.leases.length === snapshot?.fleet.desired ||
    now - world.watched.plannedAt < RESIZED_WITHIN_MS
      ? []
      : [
          `there are ${snapshot?.leases.length ?? 0} leases, desired are ${snapshot?.fleet.desired ?? 0}`,
        ]),
  ];
}

const MINUTE_MS = 60_000;
const RESIZED_WITHIN_MS = 150_000;
/**
 * An owner gives at its next heartbeat, or when what it keeps of the ranges from before is done; where
 * nobody owns the lease, the next rebalancer does: a minute, its lateness, a start.
 */
const PROMISE_STANDS_MAX_MS = 90_000;

/** What is due for long is committed: rounds end, and long ones are committed in pieces. */
function stuck(world: SimulatedWorld, watermarks: Watermarks): string[] {
  const now = world.clock.now();
  return world.oracle.known.flatMap((known) => {
    if (known.endsAt !== FOREVER) return [];
    const watermark = watermarks.get(placeOf(known));
    if (watermark === undefined) return [`${known.id} has no schedule`];
    const open = due(world, known).find(({ instant }) => isAfter(instant, known.offset, watermark));
    if (open === undefined || now - open.instant <= COMMIT_SLACK_MS) return [];
    const behind = `${Math.round((now - open.instant) / 1_000)} s`;
    return [`${known.id} (${known.key}, slot ${known.slot}) is behind by ${behind}`];
  });
}

interface Accounting {
  readonly watermarks: Watermarks;
  readonly totals: { due: number; captured: number; missed: number };
  readonly strictFrom: EpochMs;
}

/** Each instant that is committed has one record as read; from the strict moment on, one sample, in time. */
function account(
  world: SimulatedWorld,
  known: Known,
  { watermarks, totals, strictFrom }: Accounting,
): Violation[] {
  const watermark = watermarks.get(placeOf(known));
  if (watermark === undefined) return [];
  const byRound = recordsOf(world, known);
  const samples = countSamples(world, known);
  const strict = latestOf(strictFrom, epochMs(known.acknowledgedAt + LEARNT_WITHIN_MS));
  const told = (instant: number, what: string): Violation[] => [
    {
      at: instant - world.start,
      what: `${known.id} (${known.key}, slot ${known.slot}) at ${timeOf(instant - world.start)} ${what}`,
    },
  ];
  return due(world, known).flatMap(({ round, instant }) => {
    const found = byRound.get(round) ?? [];
    const [record] = found;
    const isCommitted = !isAfter(instant, known.offset, watermark);
    if (!isCommitted)
      return found.length > 1 ? told(instant, `has ${found.length} records as read`) : [];
    totals.due += 1;
    if (record?.kind === "sample") totals.captured += 1;
    if (record?.kind === "missed") totals.missed += 1;
    if (record === undefined || found.length > 1)
      return told(
        instant,
        `has ${found.length} records as read; acknowledged ${timeOf(known.acknowledgedAt - world.start)}`,
      );
    if (instant < strict) return [];
    if (record.kind === "missed")
      return told(instant, `is missed (${record.reason}) though nothing is wrong`);
    const latenessMs = record.capture.startedAt - instant;
    const twice = samples.get(round) ?? 0;
    return [
      ...(latenessMs > LATENESS_MAX_MS || latenessMs < -EARLY_MAX_MS
        ? told(instant, `was captured ${Math.round(latenessMs)} ms late though nothing is wrong`)
        : []),
      ...(twice > 1 ? told(instant, `was captured ${twice} times though nothing is wrong`) : []),
    ];
  });
}

/** By the clock of whoever captures. */
const EARLY_MAX_MS = 1;

function recordsOf({ kept, slotsLog2 }: SimulatedWorld, known: Known): Map<number, TargetRecord[]> {
  const reader = targetReader({
    id: known.id,
    slotsLog2,
    registered: { cadence: known.key, since: known.acknowledgedAt },
  });
  for (const record of kept.of(known.id)) reader.add(record);
  for (const record of kept.missedIn(known.slot, known.key)) reader.add(record);
  const { records } = reader.answer({ since: epochMs(0), until: FOREVER, limit: 100_000 });
  const byRound = new Map<number, TargetRecord[]>();
  for (const record of records) {
    if (record.round === undefined || record.cadence !== known.key) continue;
    const there = byRound.get(record.round);
    if (there === undefined) byRound.set(record.round, [record]);
    else there.push(record);
  }
  return byRound;
}

function countSamples({ kept }: SimulatedWorld, known: Known): Map<number, number> {
  const counted = new Map<number, number>();
  for (const { cadence, round } of kept.of(known.id)) {
    if (round === undefined || cadence !== known.key) continue;
    counted.set(round, (counted.get(round) ?? 0) + 1);
  }
  return counted;
}

function due(world: SimulatedWorld, known: Known): ReturnType<typeof dueOf> {
  return dueOf(known, world.slotsLog2, known.dueFrom, world.clock.now());
}

function placeOf({ slot, key }: Known): string {
  return `${slot} ${key}`;
}
