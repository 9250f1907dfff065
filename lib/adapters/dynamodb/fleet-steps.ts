/**
 * The fleet record and the coming and going of leases.
 *
 * Holds: a pool is founded in one transaction, its fleet record in the last of several where there
 *        are more than 99 leases: it is whole or not there, and repeating an interrupted founding
 *        completes it. Lease numbers are taken and used in one transaction; a lease goes only
 *        without ranges and without an owner.
 * Fails: DependencyError; InvariantError for a founding with another number of leases than an
 *        interrupted one had.
 */
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { InvariantError } from "#domain/errors.ts";
import { sameFleet, withNewLease, type Fleet } from "#domain/fleet.ts";
import type { Lease } from "#domain/lease.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { DynamoAccess } from "./access.ts";
import { nameOf, type Item } from "./attributes.ts";
import { fleetKey, FLEET_KEY, leaseKey, LEASE_PREFIX } from "./keys.ts";
import {
  encodeFleet,
  encodeLease,
  formatRanges,
  number,
  parseFleet,
  parseLease,
  text,
} from "./lease-codec.ts";
import type { Queries } from "./query.ts";

type FleetSteps = Pick<
  LeaseStore,
  "found" | "readFleet" | "findFleet" | "addLease" | "removeLease" | "writeFleet"
>;

/** A transaction takes 100 items (DynamoDB quotas, read 2026-11); the last one has the fleet in it. */
const FOUND_LEASES_PER_STEP = 99;

export function fleetSteps(access: DynamoAccess, queries: Queries, TableName: string): FleetSteps {
  return {
    async found({ fleet, leases }) {
      const parts = inParts(leases, FOUND_LEASES_PER_STEP);
      for (const [index, part] of parts.entries()) {
        const puts = part.map((lease) => putLease(TableName, lease));
        const isLast = index === parts.length - 1;
        const written = await access.transact(
          "fleet.found",
          isLast ? [...puts, putFleet(TableName, fleet)] : puts,
        );
        if (written.kind === "refused") return await foundBefore(access, fleet.pool);
      }
      return "founded";
    },

    async readFleet(pool) {
      const items: Item[] = [];
      const query = {
        KeyConditionExpression: "#pool = :pool",
        ExpressionAttributeNames: { "#pool": "pool" },
        ExpressionAttributeValues: { ":pool": text(pool) },
      };
      for await (const page of queries.all("fleet.read", query)) items.push(...page);
      return snapshot(items);
    },

    async findFleet(pool) {
      const item = await access.find("fleet.find", fleetKey(pool));
      return item === undefined ? undefined : parseFleet(item);
    },

    async addLease(fleet) {
      const { fleet: after, lease } = withNewLease(fleet);
      const written = await access.transact("lease.add", [
        { Put: { TableName, Item: encodeFleet(after), ...asRead(fleet) } },
        {
          Put: {
            TableName,
            Item: encodeLease(lease),
            ConditionExpression: "attribute_not_exists(v)",
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          },
        },
      ]);
      if (written.kind === "done") return { kind: "added", fleet: after, lease };
      const [storedFleet, storedLease] = written.items;
      const ours =
        storedFleet !== undefined &&
        storedLease !== undefined &&
        sameFleet(parseFleet(storedFleet), after);
      return ours
        ? { kind: "added", fleet: after, lease: parseLease(storedLease) }
        : { kind: "refused" };
    },

    async removeLease(lease) {
      const written = await access.remove("lease.remove", {
        Key: leaseKey(lease.pool, lease.id),
        ConditionExpression: "v = :v AND r = :none AND attribute_not_exists(o)",
        ExpressionAttributeValues: { ":v": number(lease.version), ":none": text("") },
      });
      // Numbers are never used again: a lease that is gone was removed, by us or as we would have.
      return written.kind === "done" || written.item === undefined ? "removed" : "refused";
    },

    async writeFleet(fleet) {
      const after: Fleet = { ...fleet, version: fleet.version + 1 };
      const written = await access.put("fleet.write", {
        Item: encodeFleet(after),
        ConditionExpression: "v = :v",
        ExpressionAttributeValues: { ":v": number(fleet.version) },
      });
      if (written.kind === "done") return { kind: "written", fleet: after };
      if (written.item === undefined) return { kind: "refused" };
      const stored = parseFleet(written.item);
      if (sameFleet(stored, after)) return { kind: "written", fleet: after };
      return { kind: "refused", fleet: stored };
    },
  };
}

function asRead(fleet: Fleet): {
  ConditionExpression: string;
  ExpressionAttributeValues: Record<string, { readonly N: string }>;
  ReturnValuesOnConditionCheckFailure: "ALL_OLD";
} {
  return {
    ConditionExpression: "v = :v",
    ExpressionAttributeValues: { ":v": number(fleet.version) },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

function snapshot(items: readonly Item[]): { fleet: Fleet; leases: Lease[] } | undefined {
  let fleet: Fleet | undefined;
  const leases: Lease[] = [];
  for (const item of items) {
    const key = item["key"]?.S ?? "";
    if (key === FLEET_KEY) fleet = parseFleet(item);
    else if (key.startsWith(LEASE_PREFIX)) leases.push(parseLease(item));
    else throw new InvariantError(`record ${nameOf(item)}: expected the fleet or a lease`);
  }
  if (fleet === undefined) return undefined;
  return { fleet, leases: leases.sort((a, b) => Number(a.id) - Number(b.id)) };
}

function inParts(leases: readonly Lease[], size: number): Lease[][] {
  const count = Math.max(1, Math.ceil(leases.length / size));
  return Array.from({ length: count }, (_, part) => leases.slice(part * size, (part + 1) * size));
}

/** New, or as an interrupted founding left it. */
function putLease(TableName: string, lease: Lease): TransactWriteItem {
  return {
    Put: {
      TableName,
      Item: encodeLease(lease),
      ConditionExpression: "attribute_not_exists(v) OR (v = :v AND r = :r)",
      ExpressionAttributeValues: {
        ":v": number(lease.version),
        ":r": text(formatRanges(lease.ranges)),
      },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    },
  };
}

function putFleet(TableName: string, fleet: Fleet): TransactWriteItem {
  return {
    Put: {
      TableName,
      Item: encodeFleet(fleet),
      ConditionExpression: "attribute_not_exists(v)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    },
  };
}

async function foundBefore(access: DynamoAccess, pool: string): Promise<"exists"> {
  if ((await access.find("fleet.find", fleetKey(pool))) !== undefined) return "exists";
  throw new InvariantError(
    `pool ${pool}: found leases of a founding that was interrupted and had another number of leases, ` +
      `expected none or the same; repeat it with that number, or delete the pool's records`,
  );
}
