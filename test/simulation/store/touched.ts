/** What a request is about: which items of which partitions it reads or writes. */
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { readExpressions } from "./expressions.ts";
import type { Call, Inputs } from "./operations.ts";
import { keyNamesOf } from "./table.ts";
import type { Item } from "./values.ts";

export interface Touched {
  readonly tableName: string;
  readonly partition: string;
  /** undefined for a whole partition. */
  readonly sort: string | undefined;
}

/** Of a malformed request nothing: the engine refuses it. */
export function touchedBy(call: Call): readonly Touched[] {
  switch (call.name) {
    case "GetItem":
    case "UpdateItem":
    case "DeleteItem":
      return [item(call.input.TableName, call.input.Key)];
    case "PutItem":
      return [item(call.input.TableName, call.input.Item)];
    case "Query":
      return queried(call.input);
    case "TransactWriteItems":
      return (call.input.TransactItems ?? []).map(touchedByStep);
    case "BatchWriteItem":
      return Object.entries(call.input.RequestItems ?? {}).flatMap(([name, requests]) =>
        requests.map(({ PutRequest, DeleteRequest }) =>
          item(name, PutRequest?.Item ?? DeleteRequest?.Key),
        ),
      );
  }
}

export function isWrite(call: Call): boolean {
  return call.name !== "GetItem" && call.name !== "Query";
}

function touchedByStep({ Put, Update, Delete, ConditionCheck }: TransactWriteItem): Touched {
  if (Put !== undefined) return item(Put.TableName, Put.Item);
  const keyed = Update ?? Delete ?? ConditionCheck;
  return item(keyed?.TableName, keyed?.Key);
}

function item(tableName = "", attributes: Item = {}): Touched {
  const keys = keyNamesOf(tableName);
  const [partition = "", sort = ""] = [attributes[keys.partition]?.S, attributes[keys.sort]?.S];
  return { tableName, partition, sort };
}

function queried(input: Inputs["Query"]): Touched[] {
  try {
    const { keyCondition, values } = readExpressions(input);
    const partition = values[keyCondition?.partitionValue ?? ""]?.S ?? "";
    return [{ tableName: input.TableName ?? "", partition, sort: undefined }];
  } catch (error) {
    if (error instanceof Error && error.name === "ValidationException") return [];
    throw error;
  }
}
