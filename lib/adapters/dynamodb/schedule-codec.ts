/**
 * How schedules and targets are written in the `targets` table. Names are short because every
 * commit is paid by the item's size: a schedule of 250 targets stays within 3 KB, three write units.
 *
 *     schedule                                     target
 *     v  version                                   t  the whole target as JSON text
 *     r  revision
 *     e  epoch
 *     b  by: owner of the last commit, absent before
 *     w  watermark  <ms>.<offset>
 *     l  latest results, packed
 *     s  service time, ms
 *
 * In:    Schedule, Target                            Out: items, and back
 * Holds: reading what was written gives an equal value.
 * Fails: InvariantError for a record that can't be read.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { CadenceKey } from "#domain/cadence.ts";
import type { Owner } from "#domain/lease.ts";
import type { Schedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { encodeTarget } from "#domain/target-record.ts";
import { durationMs } from "#domain/units.ts";
import { formatWatermark, parseWatermark } from "#domain/watermark.ts";

import { readBytes, readNumber, readText, unreadable, type Item } from "./attributes.ts";
import { scheduleKey, SCHEDULE_PREFIX, targetKey } from "./keys.ts";
import { number, text } from "./lease-codec.ts";

type Written = Record<string, AttributeValue>;

export interface SlotPlace {
  readonly pool: string;
  readonly slot: Slot;
}

export function encodeSchedule(schedule: Schedule): Written {
  return {
    ...scheduleKey(schedule.pool, schedule.slot, schedule.cadence),
    v: number(schedule.version),
    r: number(schedule.revision),
    e: number(schedule.epoch),
    ...(schedule.by !== undefined && { b: text(schedule.by) }),
    w: text(formatWatermark(schedule.watermark)),
    l: { B: schedule.latest },
    s: number(schedule.serviceMs),
  };
}

/** `latest` is empty where it was not asked for. @throws InvariantError for any other record. */
export function parseSchedule(item: Item, place: SlotPlace): Schedule {
  const key = readText(item, "key");
  if (!key.startsWith(SCHEDULE_PREFIX)) throw unreadable(item, "key", "schedule#<cadence>");
  const watermark = parseWatermark(readText(item, "w"));
  if (watermark === undefined) throw unreadable(item, "w", "<ms>.<offset>");
  return {
    pool: place.pool,
    slot: place.slot,
    cadence: key.slice(SCHEDULE_PREFIX.length) as CadenceKey,
    version: readNumber(item, "v"),
    revision: readNumber(item, "r"),
    epoch: readNumber(item, "e"),
    ...(item["b"] !== undefined && { by: readText(item, "b") as Owner }),
    watermark,
    latest: item["l"] === undefined ? new Uint8Array(0) : readBytes(item, "l"),
    serviceMs: durationMs(readNumber(item, "s")),
  };
}

export function encodeTargetItem(place: SlotPlace, target: Target): Written {
  return { ...targetKey(place.pool, place.slot, target.id), t: text(encodeTarget(target)) };
}
