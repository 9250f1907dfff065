/**
 * How a lease and the fleet are written in the `leases` table. Names are short because every
 * heartbeat is paid by the item's size: a lease of 64 slots stays within 1 KB, one write unit.
 *
 *     lease                                        fleet
 *     r  ranges   from-to,from-to (hex)            k   log2 of the number of slots
 *     e  epoch                                     w   wanted: desired number of collectors
 *     v  version                                   nl  number of the next lease
 *     o  owner         } together,                 v   version
 *     x  expiresAt     } or none                   c   createdAt
 *     d  deadlineAt    }                           ra  last rebalance: when } together,
 *     n  nextDueAt                                 rb  last rebalance: who  } or none
 *                                                  rs  start time as it knows it: maybe, with these
 *                                                  rt  throttled calls so far: maybe, with these
 *                                                  ru  units so far: maybe, with these
 *     g  giving   range>lease,range>lease
 *     h  hand-over: open entries   range@cut/until,…
 *     l  loads    range:<base64>,…
 *     p  progress (see progress.ts), absent before the first heartbeat
 *     k  killed: when owners died, moment,moment,…   } only where there is something to say
 *     w  ward     lease/until/deaths                 }
 *     q  quarantined since                           }
 *
 * A quarantine is written as an owner by the name QUARANTINED whose time runs out at its end, so
 * that earlier versions of the code, which don't know of it, can't take the lease either.
 *
 * In:    Lease, Fleet                                Out: items, and back
 * Holds: reading what was written gives an equal value (progress within a tenth).
 * Fails: InvariantError for a record that can't be read.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { InvariantError } from "#domain/errors.ts";
import type { Fleet, LastRebalance } from "#domain/fleet.ts";
import type { OpenEntry } from "#domain/hand-over.ts";
import type { Giving, Holder, Lease, LeaseId, Owner, Quarantine, Ward } from "#domain/lease.ts";
import { formatLoads, parseLoads } from "#domain/load.ts";
import { formatProgress, parseProgress } from "#domain/progress.ts";
import { formatRange, parseRange, type Range } from "#domain/range.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import { readNumber, readText, unreadable, type Item } from "./attributes.ts";
import { fleetKey, leaseKey, LEASE_PREFIX } from "./keys.ts";

type Written = Record<string, AttributeValue>;

/** No owner's name: those are 22 characters long. */
export const QUARANTINED = "quarantine";

export const number = (value: number): { readonly N: string } => ({ N: String(value) });
export const text = (value: string): { readonly S: string } => ({ S: value });

export function encodeLease(lease: Lease): Written {
  const { holder, progress, deaths, ward, quarantine } = lease;
  return {
    ...leaseKey(lease.pool, lease.id),
    r: text(formatRanges(lease.ranges)),
    e: number(lease.epoch),
    v: number(lease.version),
    ...(holder !== undefined && {
      o: text(holder.owner),
      x: number(holder.expiresAt),
      d: number(holder.deadlineAt),
    }),
    n: number(lease.nextDueAt),
    g: text(formatGiving(lease.giving)),
    h: text(formatOpen(lease.open)),
    l: text(formatLoads(lease.loads)),
    ...(progress !== undefined && { p: text(formatProgress(progress)) }),
    ...(deaths !== undefined && { k: text(formatDeaths(deaths)) }),
    ...(ward !== undefined && { w: text(formatWard(ward)) }),
    ...(quarantine !== undefined && encodeQuarantine(quarantine)),
  };
}

function encodeQuarantine({ since, until }: Quarantine): Written {
  return { o: text(QUARANTINED), x: number(until), d: number(until), q: number(since) };
}

/** @throws InvariantError when `item` is not what `encodeLease` writes. */
export function parseLease(item: Item): Lease {
  const key = readText(item, "key");
  if (!key.startsWith(LEASE_PREFIX)) throw unreadable(item, "key", "lease#<number>");
  const holder = parseHolder(item);
  const quarantine = parseQuarantine(item);
  const progress = item["p"]?.S === undefined ? undefined : parseProgress(item["p"].S);
  return {
    pool: readText(item, "pool"),
    id: key.slice(LEASE_PREFIX.length) as LeaseId,
    ranges: parseList(item, "r", parseRange),
    epoch: readNumber(item, "e"),
    version: readNumber(item, "v"),
    ...(holder !== undefined && { holder }),
    nextDueAt: epochMs(readNumber(item, "n")),
    giving: parseList(item, "g", parseGiving),
    open: parseList(item, "h", parseOpen),
    loads: parseLoads(readText(item, "l")),
    ...(progress !== undefined && { progress }),
    ...(item["k"] !== undefined && { deaths: parseList(item, "k", parseDeath) }),
    ...(item["w"] !== undefined && { ward: parseWard(item) }),
    ...(quarantine !== undefined && { quarantine }),
  };
}

export function encodeFleet(fleet: Fleet): Written {
  const { lastRebalance } = fleet;
  return {
    ...fleetKey(fleet.pool),
    k: number(fleet.slotsLog2),
    w: number(fleet.desired),
    nl: number(fleet.nextLease),
    v: number(fleet.version),
    c: number(fleet.createdAt),
    ...(lastRebalance !== undefined && {
      ra: number(lastRebalance.at),
      rb: text(lastRebalance.by),
      ...(lastRebalance.startMs !== undefined && { rs: number(lastRebalance.startMs) }),
      ...(lastRebalance.throttledTotal !== undefined && {
        rt: number(lastRebalance.throttledTotal),
      }),
      ...(lastRebalance.unitsTotal !== undefined && { ru: number(lastRebalance.unitsTotal) }),
    }),
  };
}

/** @throws InvariantError when `item` is not what `encodeFleet` writes. */
export function parseFleet(item: Item): Fleet {
  return {
    pool: readText(item, "pool"),
    slotsLog2: readNumber(item, "k"),
    desired: readNumber(item, "w"),
    nextLease: readNumber(item, "nl"),
    version: readNumber(item, "v"),
    createdAt: epochMs(readNumber(item, "c")),
    ...(item["rb"] !== undefined && { lastRebalance: parseLastRebalance(item) }),
  };
}

function parseLastRebalance(item: Item): LastRebalance {
  return {
    at: epochMs(readNumber(item, "ra")),
    by: readText(item, "rb"),
    // An older version of the code writes none of these.
    ...(item["rs"] !== undefined && { startMs: readNumber(item, "rs") }),
    ...(item["rt"] !== undefined && { throttledTotal: readNumber(item, "rt") }),
    ...(item["ru"] !== undefined && { unitsTotal: readNumber(item, "ru") }),
  };
}

export function formatRanges(ranges: readonly Range[]): string {
  return ranges.map(formatRange).join(",");
}

export function formatGiving(giving: readonly Giving[]): string {
  return giving.map((promised) => `${formatRange(promised.range)}>${promised.to}`).join(",");
}

export function formatOpen(open: readonly OpenEntry[]): string {
  return open.map((entry) => `${formatRange(entry.range)}@${entry.cut}/${entry.until}`).join(",");
}

export function formatDeaths(deaths: readonly EpochMs[]): string {
  return deaths.join(",");
}

export function formatWard({ of, until, deaths }: Ward): string {
  return `${of}/${until}/${deaths}`;
}

function parseHolder(item: Item): Holder | undefined {
  if (item["o"] === undefined || item["o"].S === QUARANTINED) return undefined;
  return {
    owner: readText(item, "o") as Owner,
    expiresAt: epochMs(readNumber(item, "x")),
    deadlineAt: epochMs(readNumber(item, "d")),
  };
}

/** Where an earlier version took the lease when its time was over, `q` was left behind. */
function parseQuarantine(item: Item): Quarantine | undefined {
  if (item["o"]?.S !== QUARANTINED) return undefined;
  return { since: epochMs(readNumber(item, "q")), until: epochMs(readNumber(item, "x")) };
}

function parseDeath(part: string): EpochMs {
  if (!/^-?\d+(\.\d+)?$/u.test(part)) throw new InvariantError(part);
  return epochMs(Number(part));
}

function parseWard(item: Item): Ward {
  const match = /^(\d{4,})\/(-?[\d.]+)\/(\d+)$/u.exec(readText(item, "w"));
  if (match?.[1] === undefined) throw unreadable(item, "w", "lease/until/deaths");
  const [, of, until, deaths] = match;
  return { of: of as LeaseId, until: epochMs(Number(until)), deaths: Number(deaths) };
}

function parseGiving(part: string): Giving {
  const match = /^([0-9a-f-]+)>(\d{4,})$/u.exec(part);
  if (match?.[1] === undefined || match[2] === undefined) throw new InvariantError(part);
  return { range: parseRange(match[1]), to: match[2] as LeaseId };
}

function parseOpen(part: string): OpenEntry {
  const match = /^([0-9a-f-]+)@(-?[\d.]+)\/(-?[\d.]+)$/u.exec(part);
  if (match?.[1] === undefined) throw new InvariantError(part);
  return {
    range: parseRange(match[1]),
    cut: epochMs(Number(match[2])),
    until: epochMs(Number(match[3])),
  };
}

function parseList<T>(item: Item, name: string, parse: (part: string) => T): T[] {
  const list = readText(item, name);
  if (list === "") return [];
  try {
    return list.split(",").map(parse);
  } catch (cause) {
    throw unreadable(item, name, "a list as lease-codec.ts describes it", cause);
  }
}
