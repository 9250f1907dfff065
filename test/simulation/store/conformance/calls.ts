/** Random requests over a few items of two tables. */
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import type { Random } from "#test/support/rehearsal-random.ts";
import type { Call } from "../operations.ts";
import { keyNamesOf } from "../table.ts";
import type { Item } from "../values.ts";
import { condition, projected, update, writer, type Writer } from "./expressions.ts";
import { below, chance, content, pick, times } from "./vocabulary.ts";

export interface Space {
  readonly random: Random;
  readonly tables: readonly [string, string];
  /** Begins the names of all partitions of one sequence: no other has it. */
  readonly prefix: string;
}

export const PARTITIONS = 2;
const SORTS = ["a", "b", "ba", "c#1", "c#2", "é", "😀", "ﬁ"] as const;

function anyKey({ random, prefix }: Space, tableName: string): Item {
  const names = keyNamesOf(tableName);
  return {
    [names.partition]: { S: `${prefix}-${below(random, PARTITIONS)}` },
    [names.sort]: { S: pick(random, SORTS) },
  };
}

export function anyCall(space: Space): Call {
  const { random } = space;
  return pick<() => Call>(random, [
    () => putCall(space),
    () => putCall(space),
    () => updateCall(space),
    () => updateCall(space),
    () => updateCall(space),
    () => updateCall(space),
    () => deleteCall(space),
    () => getCall(space),
    () => queryCall(space),
    () => queryCall(space),
    () => batchCall(space),
    () => transactCall(space),
    () => transactCall(space),
  ])();
}

const MODES = ["TOTAL", "TOTAL", "INDEXES", "NONE"] as const;

function common({ random }: Space) {
  return { ReturnConsumedCapacity: pick(random, MODES) };
}

function refusal(random: Random) {
  return chance(random, 0.7) ? ({ ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const) : {};
}

function maybeCondition(w: Writer): { ConditionExpression?: string } {
  return chance(w.random, 0.6) ? { ConditionExpression: condition(w) } : {};
}

function put(space: Space, TableName: string) {
  const w = writer(space.random);
  const Item = { ...anyKey(space, TableName), ...content(space.random) };
  const conditional = maybeCondition(w);
  return { TableName, Item, ...conditional, ...w.placeholders(), ...refusal(space.random) };
}

function updated(space: Space, TableName: string, { isSound = false } = {}) {
  const w = writer(space.random, { isSound });
  const UpdateExpression = update(w);
  const conditional = maybeCondition(w);
  return {
    TableName,
    Key: anyKey(space, TableName),
    UpdateExpression,
    ...conditional,
    ...w.placeholders(),
    ...refusal(space.random),
  };
}

function removed(space: Space, TableName: string) {
  const w = writer(space.random);
  const conditional = maybeCondition(w);
  const Key = anyKey(space, TableName);
  return { TableName, Key, ...conditional, ...w.placeholders(), ...refusal(space.random) };
}

function checked(space: Space, TableName: string) {
  const w = writer(space.random);
  const ConditionExpression = condition(w);
  const Key = anyKey(space, TableName);
  return { TableName, Key, ConditionExpression, ...w.placeholders(), ...refusal(space.random) };
}

const anyTable = ({ random, tables }: Space): string => pick(random, [...tables]);

function putCall(space: Space): Call {
  const ReturnValues = pick(space.random, ["NONE", "ALL_OLD"] as const);
  const input = { ...put(space, anyTable(space)), ...common(space), ReturnValues };
  return { name: "PutItem", input };
}

const RETURNED = ["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"] as const;

function updateCall(space: Space): Call {
  const ReturnValues = pick(space.random, RETURNED);
  const input = { ...updated(space, anyTable(space)), ...common(space), ReturnValues };
  return { name: "UpdateItem", input };
}

function deleteCall(space: Space): Call {
  const ReturnValues = pick(space.random, ["NONE", "ALL_OLD"] as const);
  const input = { ...removed(space, anyTable(space)), ...common(space), ReturnValues };
  return { name: "DeleteItem", input };
}

function getCall(space: Space): Call {
  const { random } = space;
  const TableName = anyTable(space);
  const w = writer(random);
  const picked = chance(random, 0.3) ? { ProjectionExpression: projected(w) } : {};
  const Key = anyKey(space, TableName);
  const ConsistentRead = chance(random, 0.5);
  const input = {
    TableName,
    Key,
    ConsistentRead,
    ...picked,
    ...w.placeholders(),
    ...common(space),
  };
  return { name: "GetItem", input };
}

function queryCall(space: Space): Call {
  const { random } = space;
  const TableName = anyTable(space);
  const names = keyNamesOf(TableName);
  const w = writer(random);
  const key = anyKey(space, TableName);
  const partition = key[names.partition] ?? { S: "" };
  const equal = `${w.name(names.partition)} = ${w.value(partition)}`;
  const KeyConditionExpression = sorted(w, equal);
  const picked = chance(random, 0.3) ? { ProjectionExpression: projected(w) } : {};
  const filtered = chance(random, 0.3) ? { FilterExpression: condition(w) } : {};
  const start = { [names.partition]: partition, [names.sort]: { S: pick(random, SORTS) } };
  const input = {
    TableName,
    KeyConditionExpression,
    ...picked,
    ...filtered,
    ...w.placeholders(),
    ...common(space),
    ConsistentRead: chance(random, 0.5),
    ...(chance(random, 0.4) && { Limit: 1 + below(random, 4) }),
    ...(chance(random, 0.3) && { ScanIndexForward: chance(random, 0.5) }),
    ...(chance(random, 0.2) && { ExclusiveStartKey: start }),
  };
  return { name: "Query", input };
}

/** A whole partition, or part of it. */
function sorted(w: Writer, equal: string): string {
  const { random } = w;
  if (chance(random, 0.3)) return equal;
  const sort = w.name("key");
  const [low, high] = [pick(random, SORTS), pick(random, SORTS)].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  ) as [string, string];
  return pick(random, [
    () => `${equal} AND ${sort} = ${w.value({ S: low })}`,
    () => `${equal} AND ${sort} < ${w.value({ S: high })}`,
    () => `${equal} AND ${sort} <= ${w.value({ S: high })}`,
    () => `${equal} AND ${sort} > ${w.value({ S: low })}`,
    () => `${equal} AND ${sort} >= ${w.value({ S: low })}`,
    () =>
      `${equal} AND begins_with(${sort}, ${w.value({ S: pick(random, ["b", "c#", "é", "x"]) })})`,
    () => `${equal} AND ${sort} BETWEEN ${w.value({ S: low })} AND ${w.value({ S: high })}`,
  ])();
}

function batchCall(space: Space): Call {
  const { random, tables } = space;
  const seen = new Set<string>();
  const requests = times(1 + below(random, 4), () => pick(random, [...tables])).flatMap((table) => {
    const Key = anyKey(space, table);
    const name = JSON.stringify([table, Key]);
    // Now and then the same item twice, which is refused.
    if (seen.has(name) && chance(random, 0.9)) return [];
    seen.add(name);
    const request = chance(random, 0.3)
      ? { DeleteRequest: { Key } }
      : { PutRequest: { Item: { ...Key, ...content(random) } } };
    return [{ table, request }];
  });
  const RequestItems = Object.fromEntries(
    tables
      .map((table) => [table, requests.filter((one) => one.table === table)] as const)
      .filter(([, of]) => of.length > 0)
      .map(([table, of]) => [table, of.map(({ request }) => request)]),
  );
  return { name: "BatchWriteItem", input: { RequestItems, ...common(space) } };
}

function transactCall(space: Space): Call {
  const { random } = space;
  const seen = new Set<string>();
  const TransactItems = times(1 + below(random, 4), () => step(space)).filter((one) => {
    const name = nameOf(one);
    if (seen.has(name) && chance(random, 0.9)) return false;
    seen.add(name);
    return true;
  });
  const token = chance(random, 0.3) ? { ClientRequestToken: tokenOf(space) } : {};
  return { name: "TransactWriteItems", input: { TransactItems, ...token, ...common(space) } };
}

/** Few: now and then one comes twice, with other content. */
function tokenOf({ random, prefix }: Space): string {
  return `${prefix}-${below(random, 3)}`;
}

function step(space: Space): TransactWriteItem {
  const table = anyTable(space);
  return pick<() => TransactWriteItem>(space.random, [
    () => ({ Put: put(space, table) }),
    () => ({ Update: updated(space, table, { isSound: true }) }),
    () => ({ Update: updated(space, table, { isSound: true }) }),
    () => ({ Delete: removed(space, table) }),
    () => ({ ConditionCheck: checked(space, table) }),
  ])();
}

function nameOf({ Put, Update, Delete, ConditionCheck }: TransactWriteItem): string {
  if (Put !== undefined) {
    const { partition, sort } = keyNamesOf(Put.TableName ?? "");
    return JSON.stringify([Put.TableName, Put.Item?.[partition], Put.Item?.[sort]]);
  }
  const keyed = Update ?? Delete ?? ConditionCheck;
  return JSON.stringify([keyed?.TableName, ...Object.values(keyed?.Key ?? {})]);
}

/** Some are sent twice, as after a lost answer. */
export function sequence(space: Space, length: number): Call[] {
  return times(length, () => anyCall(space)).flatMap((call) =>
    chance(space.random, 0.08) ? [call, call] : [call],
  );
}
