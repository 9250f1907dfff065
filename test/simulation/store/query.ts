/** A page of a partition. */
import type { QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { readExpressions, type KeyCondition } from "./expressions.ts";
import { validation } from "./failures.ts";
import type { Outputs } from "./operations.ts";
import { PAGE_BYTES_MAX, readUnits } from "./rules.ts";
import type { Table } from "./table.ts";
import { compareTexts, handedOut, type Item } from "./values.ts";

export interface Page {
  readonly output: Omit<Outputs["Query"], "ConsumedCapacity">;
  readonly partition: string;
  readonly units: number;
}

export function query(table: Table, input: QueryCommandInput): Page {
  const { keyCondition, filter, projection, values } = readExpressions(input);
  if (keyCondition === undefined) {
    throw validation("Either the KeyConditions or KeyConditionExpression must be specified");
  }
  if (input.Limit !== undefined && input.Limit < 1) throw validation("Limit must be at least 1");
  const partition = partitionOf(table, keyCondition, values);
  const wanted = sortFilter(table, keyCondition, values);
  const keys = ordered(table, partition, input);
  const limit = input.Limit ?? Number.POSITIVE_INFINITY;
  const items: Item[] = [];
  let [bytes, scanned] = [0, 0];
  let last: string | undefined;
  for (const sort of keys) {
    if (!wanted(sort)) continue;
    const stored = table.find({ partition, sort });
    if (stored === undefined) continue;
    if (scanned > 0 && bytes + stored.bytes > PAGE_BYTES_MAX) {
      return page(true);
    }
    bytes += stored.bytes;
    scanned += 1;
    last = sort;
    if (filter?.holds(stored.item, values) ?? true) items.push(stored.item);
    if (scanned >= limit) return page(true);
  }
  return page(false);

  function page(isCut: boolean): Page {
    const picked = input.Select === "COUNT" ? undefined : items.map((item) => pick(item));
    return {
      partition,
      units: readUnits(bytes, input.ConsistentRead === true),
      output: {
        ...(picked !== undefined && { Items: picked }),
        Count: items.length,
        ScannedCount: scanned,
        ...(isCut && last !== undefined && { LastEvaluatedKey: keyOf(table, partition, last) }),
      },
    };
  }

  function pick(item: Item): Item {
    return handedOut(projection === undefined ? item : projection(item));
  }
}

/** The partition that a query is about. @throws ValidationException */
export function partitionOf(
  table: Table,
  { partition, partitionValue }: KeyCondition,
  values: Item,
): string {
  const value = values[partitionValue]?.S;
  if (partition !== table.keys.partition || value === undefined || value === "") {
    throw validation(`Query condition missed key schema element: ${table.keys.partition}`);
  }
  return value;
}

function sortFilter(table: Table, { sort }: KeyCondition, values: Item): (key: string) => boolean {
  if (sort === undefined) return () => true;
  if (sort.name !== table.keys.sort) {
    throw validation(`Query condition missed key schema element: ${table.keys.sort}`);
  }
  const [first = "", second = ""] = sort.bounds.map((name) => textOf(values, name));
  switch (sort.operator) {
    case "=":
      return (key) => key === first;
    case "<":
      return (key) => compareTexts(key, first) < 0;
    case "<=":
      return (key) => compareTexts(key, first) <= 0;
    case ">":
      return (key) => compareTexts(key, first) > 0;
    case ">=":
      return (key) => compareTexts(key, first) >= 0;
    case "begins_with":
      return (key) => key.startsWith(first);
    case "BETWEEN":
      if (compareTexts(first, second) > 0) {
        throw validation("The BETWEEN operator requires the upper bound not below the lower bound");
      }
      return (key) => compareTexts(key, first) >= 0 && compareTexts(key, second) <= 0;
  }
}

function textOf(values: Item, name: string): string {
  const text = values[name]?.S;
  if (text === undefined) throw validation("Condition parameter type does not match schema type");
  return text;
}

/** From where the caller goes on, in its direction. */
function ordered(table: Table, partition: string, input: QueryCommandInput): readonly string[] {
  const all = table.sortKeys(partition);
  const isForward = input.ScanIndexForward !== false;
  const start = input.ExclusiveStartKey;
  if (start === undefined) return isForward ? all : all.toReversed();
  const place = table.placeOfKey(start);
  if (place.partition !== partition) {
    throw validation(
      "The provided starting key is outside query boundaries based on provided conditions",
    );
  }
  return isForward
    ? all.filter((sort) => compareTexts(sort, place.sort) > 0)
    : all.filter((sort) => compareTexts(sort, place.sort) < 0).toReversed();
}

function keyOf({ keys }: Table, partition: string, sort: string): Item {
  return { [keys.partition]: { S: partition }, [keys.sort]: { S: sort } };
}
