/**
 * Putting and removing many targets of a slot: 25 a call, a few calls at once.
 *
 * Holds: unconditional and idempotent; what the store did not take is sent again with back-off.
 * Fails: DependencyError that says how many are left, after `limits.batchAttemptsMax` attempts.
 */
import type { WriteRequest } from "@aws-sdk/client-dynamodb";
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import type { DynamoAccess } from "./access.ts";
import type { BackOff } from "./back-off.ts";
import { targetKey } from "./keys.ts";
import { encodeTargetItem } from "./schedule-codec.ts";

type TargetWrites = Pick<ScheduleStore, "putTargets" | "removeTargets">;

const BATCHES_AT_ONCE = 4;

export function targetWrites(access: DynamoAccess, backOff: BackOff): TargetWrites {
  async function writeBatch(operation: string, requests: WriteRequest[]): Promise<void> {
    let left = requests;
    for (let attempt = 0; attempt < limits.batchAttemptsMax; attempt += 1) {
      left = await access.writeBatch(operation, left);
      if (left.length === 0) return;
      await backOff(attempt);
    }
    throw new DependencyError(
      `${operation}: ${left.length} of ${requests.length} records not taken after ${limits.batchAttemptsMax} attempts`,
      { retryable: true },
    );
  }

  async function writeAll(operation: string, requests: readonly WriteRequest[]): Promise<void> {
    const size = limits.batchWriteItemsMax;
    const starts = Array.from({ length: Math.ceil(requests.length / size) }, (_, i) => i * size);
    const queue = starts.values();
    const worker = async (): Promise<void> => {
      for (const from of queue) await writeBatch(operation, requests.slice(from, from + size));
    };
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, worker));
  }

  return {
    putTargets: (pool, slot, targets) => {
      // A batch may not name a record twice: the last one counts, as it would one by one.
      const byId = new Map(targets.map((target) => [target.id, target]));
      const requests = [...byId.values()].map((target) => ({
        PutRequest: { Item: encodeTargetItem({ pool, slot }, target) },
      }));
      return writeAll("targets.put", requests);
    },
    removeTargets: (pool, slot, ids) => {
      const requests = [...new Set(ids)].map((id) => ({
        DeleteRequest: { Key: { ...targetKey(pool, slot, id) } },
      }));
      return writeAll("targets.remove", requests);
    },
  };
}
