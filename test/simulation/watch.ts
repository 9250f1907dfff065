/**
 * What must hold after every step that changed a record: looked at as it is written.
 *
 * In:    each item written, before and after             Out: sentences; counts of what took place
 * Holds: a transaction is looked at as a whole, once all of it is written.
 * Source: DESIGN, section 4, "What must hold in every reachable state", 1 to 4 and 7.
 */
import { LEASE_PREFIX, SCHEDULE_PREFIX } from "#adapters/dynamodb/keys.ts";
import { parseLease } from "#adapters/dynamodb/lease-codec.ts";
import { parseSchedule } from "#adapters/dynamodb/schedule-codec.ts";
import type { Lease, LeaseId } from "#domain/lease.ts";
import { contains, formatRange, slotRange, tiling, type RangeSet } from "#domain/range.ts";
import type { Schedule } from "#domain/schedule.ts";
import { slot as slotAt, type Slot } from "#domain/slot.ts";
import { compareWatermarks, formatWatermark, isAfter } from "#domain/watermark.ts";
import type { Counts } from "./counts.ts";
import { LEASE_TABLE } from "./dynamo-backend.ts";
import { dueOf, FOREVER, type Oracle } from "./oracle.ts";
import { promiseBook, type StandingPromise } from "./promises.ts";
import type { KeptSamples } from "./samples.ts";
import type { OnWrite } from "./store/table.ts";
import type { Item } from "./store/values.ts";
import type { Trace } from "./trace.ts";

export interface WatchOptions {
  readonly now: () => number;
  readonly pool: string;
  readonly slotsLog2: number;
  readonly oracle: Oracle;
  readonly kept: KeptSamples;
  readonly counts: Counts;
  readonly trace: Trace;
  readonly violate: (what: string) => void;
}

type Change = { readonly before: Lease | undefined; readonly after: Lease | undefined };

export interface Watched {
  readonly onWrite: OnWrite;
  /**
   * When the rebalancer last changed the assignment, or had a reason not to: what owners died of
   * stands apart until one has released it. By the world's clock.
   */
  readonly plannedAt: number;
  /** Promises that aren't kept yet, each with the world's time since when. */
  promises(): readonly StandingPromise[];
  /** When the request of a slot was taken away, each time. */
  requestsRemoved(slot: number): readonly number[];
}

export function watchRecords(options: WatchOptions): Watched {
  const { slotsLog2, oracle, kept, counts, trace, violate, now } = options;
  const leases = new Map<LeaseId, Lease>();
  const gone = new Set<LeaseId>();
  /** By slot, whose it is; undefined while it must be looked up anew. */
  let owners: readonly (LeaseId | undefined)[] | undefined;
  let changed: Change[] = [];
  let plannedAt = 0;
  const promises = promiseBook();
  const removed = new Map<number, number[]>();
  const parsedLeases = new WeakMap<Item, Lease>();
  const parsedSchedules = new WeakMap<Item, Schedule>();

  function onLease(before: Lease | undefined, after: Lease | undefined): void {
    if (after !== undefined) leases.set(after.id, after);
    else if (before !== undefined) {
      leases.delete(before.id);
      gone.add(before.id);
    }
    if (changed.length === 0) queueMicrotask(lookAtChange);
    changed.push({ before, after });
  }

  /** All of a transaction is written by now. */
  function lookAtChange(): void {
    const changes = changed;
    changed = [];
    for (const change of changes) lookAtLease(change);
    if (count(counts, changes)) plannedAt = now();
    const haveMoved = changes.some(
      ({ before, after }) => !sameRanges(before?.ranges ?? [], after?.ranges ?? []),
    );
    if (!haveMoved) return;
    owners = undefined;
    if (!isFounded()) return;
    const found = tiling([...leases.values()].map(({ ranges }) => ranges));
    if (found.kind === "tiles") return;
    for (const range of found.missing) violate(`tiling: ${formatRange(range)} is in no lease`);
    for (const range of found.doubled) {
      const ids = [...leases.values()].filter(({ ranges }) => contains(ranges, range.from));
      violate(`tiling: ${formatRange(range)} is in ${ids.map(({ id }) => id).join(", ")}`);
    }
  }

  let founded = false;
  /** A pool is founded lease by lease: it is whole before anybody acts on it. */
  function isFounded(): boolean {
    founded ||= tiling([...leases.values()].map(({ ranges }) => ranges)).kind === "tiles";
    return founded;
  }

  function lookAtLease({ before, after }: Change): void {
    const of = after ?? before;
    if (of !== undefined) promises.observe(of.id, after, now());
    if (after === undefined) {
      if (before !== undefined && (before.ranges.length > 0 || before.holder !== undefined))
        violate(`lease ${before.id} was removed with ranges or an owner`);
      return;
    }
    const { id, epoch, version } = after;
    if (after.deaths !== undefined || after.ward !== undefined) plannedAt = now();
    if (before === undefined) {
      if (gone.has(id)) violate(`lease number ${id} is used again`);
      trace.note(now(), "leases", `lease ${id} is new`, `version ${version}`);
      return;
    }
    if (epoch < before.epoch || version < before.version)
      violate(
        `monotone: lease ${id} went from epoch ${before.epoch} version ${before.version} back to ${epoch} version ${version}`,
      );
    if (version === before.version) {
      if (!isHeartbeat(before, after))
        violate(`lease ${id} changed and kept its version ${version}`);
      return;
    }
    trace.note(
      now(),
      "leases",
      `lease ${id} version ${version} epoch ${epoch}`,
      `${after.holder?.owner ?? "free"} ${after.ranges.map(formatRange).join(",")}${after.giving.length > 0 ? ` giving ${after.giving.length}` : ""}${after.open.length > 0 ? ` open ${after.open.length}` : ""}`,
    );
    if (after.ward !== undefined && before.ward === undefined) counts.add("divisions");
    if (version !== before.version + 1)
      violate(`lease ${id} went from version ${before.version} to ${version} at once`);
    if (
      after.holder !== undefined &&
      after.holder.owner !== before.holder?.owner &&
      epoch === before.epoch
    )
      violate(`lease ${id} has a new owner under the epoch ${epoch} of the old one`);
    if (gained(before.ranges, after.ranges) && epoch === before.epoch)
      violate(`lease ${id} gained ranges under its old epoch ${epoch}`);
  }

  function onSchedule(before: Schedule | undefined, after: Schedule): void {
    const name = `slot ${after.slot} ${after.cadence}`;
    if (before === undefined) {
      trace.note(now(), "schedules", name, `from ${formatWatermark(after.watermark)}`);
      return;
    }
    if (compareWatermarks(after.watermark, before.watermark) < 0)
      violate(
        `monotone: ${name} went from ${formatWatermark(before.watermark)} back to ${formatWatermark(after.watermark)}`,
      );
    if (after.epoch < before.epoch)
      violate(`fencing: ${name} went from epoch ${before.epoch} back to ${after.epoch}`);
    if (after.revision < before.revision || after.version < before.version)
      violate(`monotone: ${name} went back to version ${after.version} revision ${after.revision}`);
    const isCommit = after.revision === before.revision && after.version > before.version;
    trace.note(
      now(),
      "schedules",
      isCommit ? `commit by ${after.by ?? "nobody"}` : "touched",
      `${name} ${formatWatermark(after.watermark)} epoch ${after.epoch} version ${after.version}`,
    );
    if (!isCommit) return;
    counts.add("commits");
    const lease = leaseOf(after.slot);
    if (lease !== undefined && after.epoch > lease.epoch)
      violate(
        `fencing: ${name} has epoch ${after.epoch}, that of lease ${lease.id} is ${lease.epoch}`,
      );
    lookAtCaptures(before, after);
  }

  function leaseOf(slot: number): Lease | undefined {
    owners ??= ownersNow();
    const id = owners[slot];
    return id === undefined ? undefined : leases.get(id);
  }

  function ownersNow(): (LeaseId | undefined)[] {
    const all = [...leases.values()];
    return Array.from({ length: 2 ** slotsLog2 }, (_, index) => {
      const { from } = slotRange(slotAt(index, slotsLog2), slotsLog2);
      return all.find(({ ranges }) => contains(ranges, from))?.id;
    });
  }

  /** What a commit says is captured or missed is durable by now. */
  function lookAtCaptures(before: Schedule, after: Schedule): void {
    const { slot, cadence, watermark } = after;
    const missed = kept.missedIn(slot, cadence);
    for (const known of oracle.inSchedule(slot, cadence)) {
      if (known.endsAt !== FOREVER) continue;
      const from = Math.max(known.dueFrom, before.watermark.at);
      for (const { round, instant } of dueOf(known, slotsLog2, from, watermark.at + 1)) {
        if (!isAfter(instant, known.offset, before.watermark)) continue;
        if (isAfter(instant, known.offset, watermark)) continue;
        if (kept.has(known.id, cadence, round)) continue;
        const isMissed = missed.some(
          (record) =>
            record.targets?.includes(known.id) !== false &&
            isAfter(instant, known.offset, record.from) &&
            !isAfter(instant, known.offset, record.to),
        );
        if (isMissed) continue;
        violate(
          `nothing lost: ${known.id} of slot ${slot} ${cadence} was due at ${new Date(instant).toISOString()} and is committed, by ${after.by ?? "nobody"}, without a durable record`,
        );
      }
    }
  }

  const onWrite: OnWrite = (table, before, after) => {
    const key = (after ?? before)?.["key"]?.S ?? "";
    if (table === LEASE_TABLE) {
      if (key.startsWith(REQUEST_PREFIX)) onRequest(key, after !== undefined);
      if (!key.startsWith(LEASE_PREFIX)) return;
      onLease(leaseIn(before), leaseIn(after));
      return;
    }
    if (!key.startsWith(SCHEDULE_PREFIX)) return;
    if (after === undefined) {
      violate(`schedule ${key} was deleted`);
      return;
    }
    const slot = slotAt(Number(after["poolSlot"]?.S?.split("#")[1]), slotsLog2);
    onSchedule(
      before === undefined ? undefined : scheduleIn(before, slot),
      scheduleIn(after, slot),
    );
  };

  /** What is written is what the next write finds: each item is parsed once. */
  function leaseIn(item: Item | undefined): Lease | undefined {
    if (item === undefined) return undefined;
    const known = parsedLeases.get(item);
    if (known !== undefined) return known;
    const parsed = parseLease(item);
    parsedLeases.set(item, parsed);
    return parsed;
  }

  function scheduleIn(item: Item, slot: Slot): Schedule {
    const known = parsedSchedules.get(item);
    if (known !== undefined) return known;
    const parsed = parseSchedule(item, { pool: options.pool, slot });
    parsedSchedules.set(item, parsed);
    return parsed;
  }

  function onRequest(key: string, isThere: boolean): void {
    trace.note(now(), "requests", isThere ? "put:" : "removed:", key);
    if (isThere) return;
    const slot = Number(key.slice(REQUEST_PREFIX.length));
    removed.set(slot, [...(removed.get(slot) ?? []), now()]);
  }

  return {
    onWrite,
    get plannedAt() {
      return plannedAt;
    },
    promises: promises.standing,
    requestsRemoved: (slot) => removed.get(slot) ?? [],
  };
}

const REQUEST_PREFIX = "request#";

function sameRanges(a: RangeSet, b: RangeSet): boolean {
  return (
    a.length === b.length &&
    a.every(({ from, to }, index) => {
      const other = b[index];
      return other !== undefined && from === other.from && to === other.to;
    })
  );
}

function gained(before: RangeSet, after: RangeSet): boolean {
  const size = (ranges: RangeSet): number =>
    ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  return size(after) > size(before);
}

/** Only its end, its progress and its loads may change without a new version. */
function isHeartbeat(before: Lease, after: Lease): boolean {
  return (
    before.holder?.owner === after.holder?.owner &&
    before.epoch === after.epoch &&
    before.nextDueAt === after.nextDueAt &&
    sameRanges(before.ranges, after.ranges) &&
    before.giving.length === after.giving.length &&
    before.open.length === after.open.length
  );
}

/** Which steps of the protocol these changes are; tells whether one is a rebalancer's. */
function count(counts: Counts, changes: readonly Change[]): boolean {
  if (changes.length === 2) {
    const loser = changes.find(
      ({ before, after }) =>
        before !== undefined && after !== undefined && gained(after.ranges, before.ranges),
    );
    if (loser === undefined) return false;
    const isMove = loser.after?.holder === undefined;
    counts.add(isMove ? "moves" : "gives");
    return isMove;
  }
  let isPlanned = false;
  for (const { before, after } of changes) {
    isPlanned ||= before === undefined || after === undefined;
    if (before === undefined) counts.add("leases added");
    else if (after === undefined) counts.add("leases removed");
    else if (after.version === before.version) continue;
    else if (after.holder !== undefined && after.holder.owner !== before.holder?.owner)
      counts.add(before.holder === undefined ? "acquires" : "takeovers");
    else if (before.holder !== undefined && after.holder === undefined) counts.add("releases");
    else if (after.giving.length !== before.giving.length) {
      isPlanned = true;
      counts.add(after.giving.length > before.giving.length ? "promises" : "cancels");
    }
  }
  return isPlanned;
}
