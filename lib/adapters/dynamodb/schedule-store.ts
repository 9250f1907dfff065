/**
 * A slot's schedules and targets in the `targets` table: one partition a slot.
 *
 * Holds: reads are strongly consistent and bring schedules before targets; a commit is one
 *        conditional write; a record that can't be read is named and skipped, never deleted.
 * Fails: DependencyError.
 * Source: DESIGN, sections 3 and 4.
 */
import { isOwnCommit, refuseCommit, type Schedule } from "#domain/schedule.ts";
import { parseTarget } from "#domain/target-record.ts";
import type { Target } from "#domain/target.ts";
import { formatWatermark } from "#domain/watermark.ts";
import { InvariantError } from "#domain/errors.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { dynamoAccess, type DynamoAccess } from "./access.ts";
import { nameOf, type Item } from "./attributes.ts";
import { scheduleKey, SCHEDULE_PREFIX, slotPartition, targetKey, TARGET_PREFIX } from "./keys.ts";
import { number, text } from "./lease-codec.ts";
import { dynamoQueries, type Queries } from "./query.ts";
import { parseSchedule, type SlotPlace } from "./schedule-codec.ts";
import { toolsOf, type DynamoStoreOptions } from "./store-options.ts";
import { targetWrites } from "./target-writes.ts";
import { touchSchedule } from "./touch-schedule.ts";

export function dynamoScheduleStore(options: DynamoStoreOptions): ScheduleStore {
  const tools = toolsOf(options);
  const access = dynamoAccess(tools);
  return {
    ...slotReads(dynamoQueries(tools)),
    ...targetReads(access, dynamoQueries(tools)),
    ...targetWrites(access, tools.backOff),
    async findSchedule(pool, slot, cadence) {
      const item = await access.find("schedule.find", scheduleKey(pool, slot, cadence));
      return item === undefined ? undefined : parseSchedule(item, { pool, slot });
    },
    commit: committing(access),
    touchSchedule: touchSchedule(access),
  };
}

function slotReads(queries: Queries): Pick<ScheduleStore, "readSlot" | "readSchedules"> {
  return {
    async readSlot(pool, slot) {
      const place = { pool, slot };
      const read: Reading = { schedules: [], targets: [], broken: [], bytes: 0 };
      const query = {
        KeyConditionExpression: "poolSlot = :slot",
        // The partition's name in every item is most of what a small one weighs.
        ProjectionExpression: "#key, v, r, e, b, w, l, s, t",
        ExpressionAttributeNames: { "#key": "key" },
        ExpressionAttributeValues: { ":slot": text(slotPartition(pool, slot)) },
      };
      for await (const page of queries.all("slot.read", query)) {
        for (const item of page) readInto(read, item, place);
      }
      return read;
    },

    async readSchedules(pool, slot) {
      const place = { pool, slot };
      const schedules: Schedule[] = [];
      const query = {
        KeyConditionExpression: "poolSlot = :slot AND begins_with(#key, :prefix)",
        ProjectionExpression: "#key, v, r, e, b, w, s",
        ExpressionAttributeNames: { "#key": "key" },
        ExpressionAttributeValues: {
          ":slot": text(slotPartition(pool, slot)),
          ":prefix": text(SCHEDULE_PREFIX),
        },
      };
      for await (const page of queries.all("schedules.read", query)) {
        for (const item of page) schedules.push(parseSchedule(item, place));
      }
      return schedules;
    },
  };
}

interface Reading {
  readonly schedules: Schedule[];
  readonly targets: Target[];
  readonly broken: string[];
  bytes: number;
}

function readInto(read: Reading, item: Item, place: SlotPlace): void {
  const key = item["key"]?.S ?? "";
  if (key.startsWith(SCHEDULE_PREFIX)) {
    readSchedule(read, item, place);
    return;
  }
  const record = item["t"]?.S;
  const name = `${slotPartition(place.pool, place.slot)}/${key}`;
  if (record === undefined || !key.startsWith(TARGET_PREFIX)) {
    read.broken.push(`${name}: found neither a schedule nor a target`);
    return;
  }
  const parsed = parseTarget(record, name);
  if (parsed.kind === "target") read.targets.push(parsed.target);
  else read.broken.push(parsed.reason);
  read.bytes += key.length + record.length;
}

function readSchedule(read: Reading, item: Item, place: SlotPlace): void {
  try {
    read.schedules.push(parseSchedule(item, place));
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    read.broken.push(error.message);
  }
}

function targetReads(
  access: DynamoAccess,
  queries: Queries,
): Pick<ScheduleStore, "findTarget" | "listTargets"> {
  return {
    async findTarget(pool, slot, id) {
      const item = await access.find("target.find", targetKey(pool, slot, id));
      return item === undefined ? undefined : targetIn(item);
    },

    async listTargets(pool, slot, cursor) {
      const { items, next } = await queries.page("targets.list", {
        KeyConditionExpression: "poolSlot = :slot AND begins_with(#key, :prefix)",
        ExpressionAttributeNames: { "#key": "key" },
        ExpressionAttributeValues: {
          ":slot": text(slotPartition(pool, slot)),
          ":prefix": text(TARGET_PREFIX),
        },
        ...(cursor !== undefined && { ExclusiveStartKey: targetKey(pool, slot, cursor) }),
      });
      const targets = items.map(targetIn).filter((target) => target !== undefined);
      const last = next?.["key"]?.S?.slice(TARGET_PREFIX.length);
      return last === undefined ? { targets } : { targets, cursor: last };
    },
  };
}

/** undefined for a record that can't be read: readSlot, which the collector uses, names it. */
function targetIn(item: Item): Target | undefined {
  const parsed = parseTarget(item["t"]?.S ?? "", nameOf(item));
  return parsed.kind === "target" ? parsed.target : undefined;
}

function committing(access: DynamoAccess): ScheduleStore["commit"] {
  return async (request) => {
    const { pool, slot, cadence, epoch, by, version, revision } = request;
    const written = await access.update("schedule.commit", {
      Key: scheduleKey(pool, slot, cadence),
      ConditionExpression: "e <= :e AND v = :v AND r = :r",
      UpdateExpression: "SET v = :next, e = :e, b = :b, w = :w, l = :l, s = :s",
      ExpressionAttributeValues: {
        ":e": number(epoch),
        ":v": number(version),
        ":r": number(revision),
        ":next": number(version + 1),
        ":b": text(by),
        ":w": text(formatWatermark(request.watermark)),
        ":l": { B: request.latest },
        ":s": number(request.serviceMs),
      },
      ReturnValues: "NONE",
    });
    if (written.kind === "done") return { kind: "committed", version: version + 1 };
    if (written.item === undefined) return { kind: "gone" };
    const schedule = parseSchedule(written.item, { pool, slot });
    if (isOwnCommit(schedule, request)) return { kind: "committed", version: schedule.version };
    const refusal = refuseCommit(schedule, request);
    if (refusal === undefined) {
      throw new InvariantError(
        `schedule.commit: the store refused ${nameOf(written.item)} for what the transition allows`,
      );
    }
    return refusal;
  };
}
