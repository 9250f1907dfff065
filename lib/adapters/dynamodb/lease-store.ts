/**
 * Leases and the fleet in the `leases` table.
 *
 * What each change allows is said twice: in the condition, which decides, and in the pure transition
 * of `#domain/lease.ts`, which explains a refusal from the record that refused it, and recognises our
 * own write in it. Changes of ranges compute whole lists from both leases as read; the versions in
 * the condition guarantee that they are still so.
 *
 * Holds: results are those of the pure transitions; a heartbeat touches nothing that a plan relies on.
 * Fails: DependencyError; InvariantError for a record that can't be read.
 * Source: DESIGN, section 4, the table.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { DependencyError, InvariantError } from "#domain/errors.ts";
import {
  acquire,
  noteDeath,
  release,
  renew,
  type AcquireRequest,
  type Lease,
  type LeaseId,
} from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { formatLoads } from "#domain/load.ts";
import { formatProgress } from "#domain/progress.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { dynamoAccess, type DynamoAccess } from "./access.ts";
import type { Item } from "./attributes.ts";
import { fleetSteps } from "./fleet-steps.ts";
import { leaseKey } from "./keys.ts";
import { formatDeaths, formatOpen, number, parseLease, text } from "./lease-codec.ts";
import { handOverSteps } from "./lease-steps.ts";
import { dynamoQueries } from "./query.ts";
import { quarantineSteps } from "./quarantine-steps.ts";
import { toolsOf, type DynamoStoreOptions } from "./store-options.ts";

export function dynamoLeaseStore(options: DynamoStoreOptions): LeaseStore {
  const tools = toolsOf(options);
  const access = dynamoAccess(tools);
  return {
    ...fleetSteps(access, dynamoQueries(tools), options.tableName),
    ...ownerSteps(access),
    ...handOverSteps(access, options.tableName),
    ...quarantineSteps(access),
  };
}

type OwnerSteps = Pick<LeaseStore, "findLease" | "acquire" | "renew" | "release">;

/** What concerns one lease and its owner. */
function ownerSteps(access: DynamoAccess): OwnerSteps {
  return {
    async findLease(pool, id) {
      return leaseIn(await access.find("lease.find", leaseKey(pool, id)));
    },

    async acquire(request) {
      const { pool, id, owner, now, ttlMs, skewMaxMs, deadlineAt } = request;
      let readAs = request.readAs;
      for (let attempt = 1; attempt <= limits.conflictAttemptsMax; attempt += 1) {
        const trace = traceOf(readAs, request);
        const written = await access.update("lease.acquire", {
          Key: leaseKey(pool, id),
          // A lease that is ours already is not taken again: that would be one epoch too many.
          ConditionExpression: `attribute_exists(v) AND (attribute_not_exists(o) OR (x <= :takeable AND o <> :me))${trace.condition}`,
          UpdateExpression: `SET o = :me, x = :x, d = :d${trace.setting} ADD e :one, v :one${trace.removing}`,
          ExpressionAttributeValues: {
            ":me": text(owner),
            ":takeable": number(now - skewMaxMs),
            ":x": number(now + ttlMs),
            ":d": number(deadlineAt),
            ":one": number(1),
            ...trace.values,
          },
          ReturnValues: "ALL_NEW",
        });
        const lease = leaseIn(written.item);
        if (written.kind === "done") return { kind: "acquired", lease: present(lease, id) };
        const result = acquire(lease, request);
        if (result.kind !== "acquired" || result.lease === lease) return result;
        if (request.deathsWithinMs === undefined) throw impossible("lease.acquire", id);
        // Free after all, but not as it was read.
        readAs = lease;
      }
      throw new DependencyError(
        `lease.acquire: lease ${id} was another one each of ${limits.conflictAttemptsMax} times`,
        { retryable: true },
      );
    },

    async renew(request) {
      const { pool, id, owner, sentAt, ttlMs, progress, loads } = request;
      const written = await access.update("lease.renew", {
        Key: leaseKey(pool, id),
        // A heartbeat that lands after a newer one doesn't shorten what the owner counts on.
        ConditionExpression: "o = :me AND x <= :x",
        UpdateExpression: `SET x = :x, p = :p${loads === undefined ? "" : ", l = :l"}`,
        ExpressionAttributeValues: {
          ":me": text(owner),
          ":x": number(sentAt + ttlMs),
          ":p": text(formatProgress(progress)),
          ...(loads !== undefined && { ":l": text(formatLoads(loads)) }),
        },
        ReturnValues: "ALL_NEW",
      });
      const lease = leaseIn(written.item);
      if (written.kind === "done") return { kind: "renewed", lease: present(lease, id) };
      const result = renew(lease, request);
      if (result.kind === "renewed" && result.lease !== lease) throw impossible("lease.renew", id);
      return result;
    },

    async release(request) {
      const { pool, id, owner, version, nextDueAt, open, progress } = request;
      const written = await access.update("lease.release", {
        Key: leaseKey(pool, id),
        ConditionExpression: "o = :me AND v = :v",
        UpdateExpression: "SET v = :next, n = :n, h = :h, p = :p REMOVE o, x, d, k, w, q",
        ExpressionAttributeValues: {
          ":me": text(owner),
          ":v": number(version),
          ":next": number(version + 1),
          ":n": number(nextDueAt),
          ":h": text(formatOpen(open)),
          ":p": text(formatProgress(progress)),
        },
        ReturnValues: "ALL_NEW",
      });
      const lease = leaseIn(written.item);
      if (written.kind === "done") return { kind: "released", lease: present(lease, id) };
      const result = release(lease, request);
      // Recognised as ours, or refused; what the record would allow, the store would have done.
      if (result.kind === "released" && result.lease !== lease)
        throw impossible("lease.release", id);
      return result;
    },
  };
}

/** What taking a lease leaves in it of the owner before. */
interface Trace {
  readonly condition: string;
  readonly setting: string;
  readonly removing: string;
  readonly values: Record<string, AttributeValue>;
}

/**
 * The deaths after an owner that didn't let go are computed from the lease as read: then its version
 * must still be that one. Where none is noted, no owner must be there.
 */
function traceOf(readAs: Lease | undefined, request: AcquireRequest): Trace {
  if (request.deathsWithinMs === undefined)
    return { condition: "", setting: "", removing: "", values: {} };
  const isLeft = readAs?.holder !== undefined || readAs?.quarantine !== undefined;
  if (!isLeft) {
    return { condition: " AND attribute_not_exists(o)", setting: "", removing: "", values: {} };
  }
  const { deaths } = noteDeath(readAs, request);
  const values = { ":v": number(readAs.version) };
  const condition = " AND v = :v";
  if (deaths === undefined) return { condition, setting: "", removing: " REMOVE k, q", values };
  return {
    condition,
    setting: ", k = :k",
    removing: " REMOVE q",
    values: { ...values, ":k": text(formatDeaths(deaths)) },
  };
}

export function leaseIn(item: Item | undefined): Lease | undefined {
  return item === undefined ? undefined : parseLease(item);
}

function present(lease: Lease | undefined, id: LeaseId): Lease {
  if (lease === undefined)
    throw new InvariantError(`lease ${id}: written, but no record came back`);
  return lease;
}

/** The condition and the pure transition disagree about one record: one of them is wrong. */
export function impossible(operation: string, id: LeaseId): InvariantError {
  return new InvariantError(
    `${operation}: the store refused lease ${id} for what the transition allows`,
  );
}
