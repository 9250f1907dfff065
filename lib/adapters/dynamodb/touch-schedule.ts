/**
 * What a registration does to a schedule: makes it, raises its revision, or restarts it.
 *
 * Holds: repeating it is harmless (a revision more costs a read of the slot); a restart never moves
 *        the watermark back and is refused, then tried again, when a commit comes between.
 * Fails: DependencyError when it is overtaken more often than its attempts.
 */
import type { CadenceKey } from "#domain/cadence.ts";
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { newSchedule, restart } from "#domain/schedule.ts";
import type { EpochMs } from "#domain/units.ts";
import { formatWatermark } from "#domain/watermark.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import type { DynamoAccess, Written } from "./access.ts";
import { scheduleKey } from "./keys.ts";
import { number, text } from "./lease-codec.ts";
import { encodeSchedule, parseSchedule, type SlotPlace } from "./schedule-codec.ts";

export function touchSchedule(access: DynamoAccess): ScheduleStore["touchSchedule"] {
  return async (pool, slot, { cadence, wasEmpty }, now) => {
    const one = { place: { pool, slot }, cadence, now };
    for (let attempt = 0; attempt < limits.conflictAttemptsMax; attempt += 1) {
      const changed = wasEmpty ? await restarted(access, one) : await raised(access, one);
      if (changed.kind === "done") return;
      if (changed.item !== undefined) continue;
      if ((await made(access, one)).kind === "done") return;
    }
    throw new DependencyError(
      `schedule.touch: overtaken ${limits.conflictAttemptsMax} times at ${cadence} of ${pool}#${slot}`,
      { retryable: true },
    );
  };
}

interface Touched {
  readonly place: SlotPlace;
  readonly cadence: CadenceKey;
  readonly now: EpochMs;
}

const keyOf = ({ place, cadence }: Touched): ReturnType<typeof scheduleKey> =>
  scheduleKey(place.pool, place.slot, cadence);

function raised(access: DynamoAccess, one: Touched): Promise<Written> {
  return access.update("schedule.touch", {
    Key: keyOf(one),
    ConditionExpression: "attribute_exists(v)",
    UpdateExpression: "ADD r :one",
    ExpressionAttributeValues: { ":one": number(1) },
    ReturnValues: "NONE",
  });
}

async function restarted(access: DynamoAccess, one: Touched): Promise<Written> {
  const stored = await access.find("schedule.touch", keyOf(one));
  if (stored === undefined) return { kind: "refused", item: undefined };
  const before = parseSchedule(stored, one.place);
  return await access.update("schedule.touch", {
    Key: keyOf(one),
    ConditionExpression: "v = :v",
    UpdateExpression: "SET v = :next, w = :w ADD r :one",
    ExpressionAttributeValues: {
      ":v": number(before.version),
      ":next": number(before.version + 1),
      ":w": text(formatWatermark(restart(before, one.now).watermark)),
      ":one": number(1),
    },
    ReturnValues: "NONE",
  });
}

function made(access: DynamoAccess, { place, cadence, now }: Touched): Promise<Written> {
  return access.put("schedule.touch", {
    Item: encodeSchedule(newSchedule(place.pool, place.slot, cadence, now)),
    ConditionExpression: "attribute_not_exists(v)",
  });
}
