/**
 * Steps that touch two leases, or the promises of one: read, decided by the pure transition, written
 * with the versions as asked for.
 *
 * The read is never what decides: a plan from versions that have moved on is refused by the
 * condition, however the read came out.
 *
 * Holds: a refusal is explained from a strongly consistent read after it, in which our own write,
 *        applied though its answer was lost, is recognised.
 * Fails: DependencyError, also when neither a write nor its refusal can be had within the attempts.
 */
import type { TransactWriteItem, Update } from "@aws-sdk/client-dynamodb";
import { DependencyError } from "#domain/errors.ts";
import { cancel, give, move, promise, type Lease, type LeaseId, type Ward } from "#domain/lease.ts";
import { formatLoads } from "#domain/load.ts";
import { limits } from "#domain/limits.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { DynamoAccess } from "./access.ts";
import { leaseKey } from "./keys.ts";
import {
  formatDeaths,
  formatGiving,
  formatOpen,
  formatRanges,
  formatWard,
  number,
  parseLease,
  text,
} from "./lease-codec.ts";

type HandOverSteps = Pick<LeaseStore, "promise" | "cancel" | "give" | "move">;

export function handOverSteps(access: DynamoAccess, TableName: string): HandOverSteps {
  async function read(pool: string, id: LeaseId): Promise<Lease | undefined> {
    const item = await access.find("lease.find", leaseKey(pool, id));
    return item === undefined ? undefined : parseLease(item);
  }

  async function readBoth({
    pool,
    from,
    to,
  }: Pair): Promise<[Lease | undefined, Lease | undefined]> {
    return await Promise.all([read(pool, from), read(pool, to)]);
  }

  return {
    promise: (request) =>
      untilDecided("lease.promise", async () => {
        const [from, to] = await readBoth(request);
        const result = promise(from, to, request);
        if (result.kind === "refused" || result.from === from) return result;
        const written = await access.transact("lease.promise", [
          {
            Update: {
              TableName,
              Key: leaseKey(request.pool, request.from),
              ConditionExpression: "v = :v",
              UpdateExpression: "SET g = :g, v = :next",
              ExpressionAttributeValues: {
                ...versions(request.fromVersion),
                ":g": text(formatGiving(result.from.giving)),
              },
              ReturnValuesOnConditionCheckFailure: "ALL_OLD",
            },
          },
          {
            ConditionCheck: {
              TableName,
              Key: leaseKey(request.pool, request.to),
              ConditionExpression: "v = :v",
              ExpressionAttributeValues: { ":v": number(request.toVersion) },
              ReturnValuesOnConditionCheckFailure: "ALL_OLD",
            },
          },
        ]);
        return written.kind === "done" ? result : undefined;
      }),

    cancel: (request) =>
      untilDecided("lease.cancel", async () => {
        const lease = await read(request.pool, request.id);
        const result = cancel(lease, request);
        if (result.kind === "refused" || result.lease === lease) return result;
        const written = await access.update("lease.cancel", {
          Key: leaseKey(request.pool, request.id),
          ConditionExpression: "v = :v",
          UpdateExpression: "SET g = :g, v = :next",
          ExpressionAttributeValues: {
            ...versions(request.version),
            ":g": text(formatGiving(result.lease.giving)),
          },
          ReturnValues: "NONE",
        });
        return written.kind === "done" ? result : undefined;
      }),

    give: (request) =>
      untilDecided("lease.give", async () => {
        const [from, to] = await readBoth(request);
        const result = give(from, to, request);
        if (result.kind === "refused" || result.from === from) return result;
        const written = await access.transact("lease.give", [
          giver(TableName, result.from, {
            condition: "o = :me AND v = :v",
            values: { ...versions(request.fromVersion), ":me": text(request.owner) },
          }),
          taker(TableName, result.to, request.toVersion),
        ]);
        return written.kind === "done" ? result : undefined;
      }),

    move: (request) =>
      untilDecided("lease.move", async () => {
        const [from, to] = await readBoth(request);
        const result = move(from, to, request);
        if (result.kind === "refused" || result.from === from) return result;
        const written = await access.transact("lease.move", [
          giver(TableName, result.from, {
            condition: "v = :v AND (attribute_not_exists(o) OR x <= :takeable)",
            values: {
              ...versions(request.fromVersion),
              ":takeable": number(request.now - request.skewMaxMs),
            },
            removing: " REMOVE o, x, d, q",
          }),
          taker(TableName, result.to, request.toVersion, request.ward),
        ]);
        return written.kind === "done" ? result : undefined;
      }),
  };
}

interface Pair {
  readonly pool: string;
  readonly from: LeaseId;
  readonly to: LeaseId;
}

type Values = NonNullable<Update["ExpressionAttributeValues"]>;

interface GiverRule {
  readonly condition: string;
  readonly values: Values;
  readonly removing?: " REMOVE o, x, d, q";
}

function versions(version: number): Values {
  return { ":v": number(version), ":next": number(version + 1) };
}

function giver(TableName: string, after: Lease, rule: GiverRule): TransactWriteItem {
  // Deaths change only where an owner is removed.
  const deaths = rule.removing === undefined ? undefined : after.deaths;
  const removing = rule.removing ?? "";
  return {
    Update: {
      TableName,
      Key: leaseKey(after.pool, after.id),
      ConditionExpression: rule.condition,
      UpdateExpression: `SET r = :r, g = :g, h = :h, l = :l, v = :next${deaths === undefined ? "" : ", k = :k"}${removing}${removing !== "" && deaths === undefined ? ", k" : ""}`,
      ExpressionAttributeValues: {
        ...rule.values,
        ...(deaths !== undefined && { ":k": text(formatDeaths(deaths)) }),
        ":r": text(formatRanges(after.ranges)),
        ":g": text(formatGiving(after.giving)),
        ":h": text(formatOpen(after.open)),
        ":l": text(formatLoads(after.loads)),
      },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    },
  };
}

function taker(TableName: string, after: Lease, version: number, ward?: Ward): TransactWriteItem {
  return {
    Update: {
      TableName,
      Key: leaseKey(after.pool, after.id),
      ConditionExpression: "v = :v",
      UpdateExpression: `SET r = :r, h = :h, l = :l, e = :e, n = :n, v = :next${ward === undefined ? " REMOVE w" : ", w = :w"}`,
      ExpressionAttributeValues: {
        ...versions(version),
        ...(ward !== undefined && { ":w": text(formatWard(ward)) }),
        ":r": text(formatRanges(after.ranges)),
        ":h": text(formatOpen(after.open)),
        ":l": text(formatLoads(after.loads)),
        ":e": number(after.epoch),
        ":n": number(after.nextDueAt),
      },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    },
  };
}

/**
 * Reads and tries again while the attempt was refused by the store: the next read shows why, or shows
 * our own write.
 */
export async function untilDecided<T>(
  operation: string,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  for (let attempts = 0; attempts < limits.conflictAttemptsMax; attempts += 1) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new DependencyError(
    `${operation}: refused ${limits.conflictAttemptsMax} times for what a read after it allows`,
    { retryable: true },
  );
}
