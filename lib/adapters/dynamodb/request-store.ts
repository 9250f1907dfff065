/**
 * Captures on request, one record a slot, in the partition `<pool>#requests` of the `leases` table.
 *
 *     s  stamp
 *     n  how many writes since the last removal
 *     f  true when targets that were never captured are meant
 *     k  result keys, a set of numbers
 *     a  true when all targets are meant, whatever k says
 *
 * Holds: merging is one write while the keys fit; else the record is read from the refusal, merged
 *        by the pure function and written if it still is as read. A record is at most 1 KB.
 * Fails: DependencyError; InvariantError for a record that can't be read.
 */
import type { DeleteItemCommandInput } from "@aws-sdk/client-dynamodb";
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { normalise, slotsIn } from "#domain/range.ts";
import { mergeRequests, type CaptureAsked, type CaptureRequest } from "#domain/request.ts";
import type { Slot } from "#domain/slot.ts";
import type { RequestStore } from "#ports/request-store.ts";
import { dynamoAccess, type DynamoAccess, type Written } from "./access.ts";
import { readNumber, readText, unreadable, type Item } from "./attributes.ts";
import { requestKey, requestPartition, requestSort } from "./keys.ts";
import { number, text } from "./lease-codec.ts";
import { dynamoQueries, type Queries } from "./query.ts";
import { toolsOf, type DynamoStoreOptions } from "./store-options.ts";

export function dynamoRequestStore(options: DynamoStoreOptions): RequestStore {
  const tools = toolsOf(options);
  const access = dynamoAccess(tools);
  return {
    put: (request) => put(access, request),
    list: (pool, ranges, slotsLog2) =>
      list(
        dynamoQueries(tools),
        pool,
        normalise(ranges).map((range) => slotsIn([range], slotsLog2)),
      ),
    async remove(request) {
      const written = await access.remove("request.remove", {
        Key: requestKey(request.pool, request.slot),
        ...asRead(request),
      });
      // What is gone was removed, by us or as we would have.
      return written.kind === "done" || written.item === undefined ? "removed" : "changed";
    },
  };
}

/** A record from before writes were counted has none. */
function asRead({
  stamp,
  writes,
}: CaptureRequest): Pick<
  DeleteItemCommandInput,
  "ConditionExpression" | "ExpressionAttributeValues"
> {
  if (writes === 0) {
    return {
      ConditionExpression: "s = :s AND attribute_not_exists(n)",
      ExpressionAttributeValues: { ":s": text(stamp) },
    };
  }
  return {
    ConditionExpression: "s = :s AND n = :n",
    ExpressionAttributeValues: { ":s": text(stamp), ":n": number(writes) },
  };
}

async function put(access: DynamoAccess, request: CaptureAsked): Promise<void> {
  let written = await merge(access, request);
  for (let attempt = 1; attempt < limits.conflictAttemptsMax; attempt += 1) {
    if (written.kind === "done") return;
    written =
      written.item === undefined
        ? await merge(access, request)
        : await replace(access, parseRequest(written.item, request.pool), request);
  }
  if (written.kind === "done") return;
  throw new DependencyError(
    `request.put: overtaken ${limits.conflictAttemptsMax} times at slot ${request.slot} of ${request.pool}`,
    { retryable: true },
  );
}

/** In place, without reading; refused where the keys might not fit. */
function merge(access: DynamoAccess, request: CaptureAsked): Promise<Written> {
  const { pool, slot, fresh, keys, stamp } = request;
  const Key = requestKey(pool, slot);
  const set = `SET s = :s${fresh ? ", f = :true" : ""}`;
  const values = {
    ":s": text(stamp),
    ":one": number(1),
    ...(fresh && { ":true": { BOOL: true } }),
  };
  if (keys.kind === "keys" && keys.resultKeys.length === 0) {
    return access.update("request.put", {
      Key,
      UpdateExpression: `${set} ADD n :one`,
      ExpressionAttributeValues: values,
    });
  }
  const added = keys.kind === "keys" ? new Set(keys.resultKeys) : undefined;
  if (added === undefined || added.size > limits.requestIdsMax) {
    return access.update("request.put", {
      Key,
      UpdateExpression: `${set}, a = :all REMOVE k ADD n :one`,
      ExpressionAttributeValues: { ...values, ":all": { BOOL: true } },
    });
  }
  return access.update("request.put", {
    Key,
    // Keys beside `all` are harmless: what is read then is all.
    ConditionExpression: "attribute_not_exists(k) OR size(k) <= :room",
    UpdateExpression: `${set} ADD k :k, n :one`,
    ExpressionAttributeValues: {
      ...values,
      ":k": { NS: [...added].map(String) },
      ":room": number(limits.requestIdsMax - added.size),
    },
  });
}

/** The merged record whole, where nobody has written since `stored` was read. */
function replace(
  access: DynamoAccess,
  stored: CaptureRequest,
  request: CaptureAsked,
): Promise<Written> {
  const { pool, slot, fresh, keys, stamp, writes } = mergeRequests(stored, request);
  return access.put("request.put", {
    Item: {
      ...requestKey(pool, slot),
      s: text(stamp),
      n: number(writes),
      ...(fresh && { f: { BOOL: true } }),
      ...(keys.kind === "all" && { a: { BOOL: true } }),
      ...(keys.kind === "keys" &&
        keys.resultKeys.length > 0 && { k: { NS: keys.resultKeys.map(String) } }),
    },
    ...asRead(stored),
  });
}

async function list(
  queries: Queries,
  pool: string,
  runs: readonly (readonly Slot[])[],
): Promise<CaptureRequest[]> {
  const found: CaptureRequest[] = [];
  for (const run of runs) {
    const [first] = run;
    const last = run.at(-1);
    if (first === undefined || last === undefined) continue;
    const query = {
      KeyConditionExpression: "#pool = :pool AND #key BETWEEN :first AND :last",
      ExpressionAttributeNames: { "#pool": "pool", "#key": "key" },
      ExpressionAttributeValues: {
        ":pool": text(requestPartition(pool)),
        ":first": text(requestSort(first)),
        ":last": text(requestSort(last)),
      },
    };
    for await (const page of queries.all("request.list", query)) {
      found.push(...page.map((item) => parseRequest(item, pool)));
    }
  }
  return found;
}

function parseRequest(item: Item, pool: string): CaptureRequest {
  const slot = Number(/^request#(\d+)$/u.exec(readText(item, "key"))?.[1] ?? Number.NaN);
  if (!Number.isInteger(slot)) throw unreadable(item, "key", "request#<slot>");
  const keys = (item["k"]?.NS ?? []).map(Number).sort((a, b) => a - b);
  return {
    pool,
    slot: slot as Slot,
    fresh: item["f"]?.BOOL === true,
    keys: item["a"]?.BOOL === true ? { kind: "all" } : { kind: "keys", resultKeys: keys },
    stamp: readText(item, "s"),
    writes: item["n"] === undefined ? 0 : readNumber(item, "n"),
  };
}
