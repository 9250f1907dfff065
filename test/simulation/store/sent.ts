/**
 * A request as it was when it was sent: what its sender changes afterwards doesn't reach the store.
 *
 * Only bytes can be changed in place by those who made the request; everything else is theirs no more.
 */
import type { Call } from "./operations.ts";
import type { Item } from "./values.ts";

export function sentInput(call: Call): Call {
  switch (call.name) {
    case "UpdateItem": {
      const values = call.input.ExpressionAttributeValues;
      if (values === undefined || !hasBytes(values)) return call;
      const input = { ...call.input, ExpressionAttributeValues: copied(values) };
      return { name: call.name, input };
    }
    case "PutItem": {
      const { Item } = call.input;
      if (Item === undefined || !hasBytes(Item)) return call;
      return { name: call.name, input: { ...call.input, Item: copied(Item) } };
    }
    case "GetItem":
    case "Query":
    case "DeleteItem":
      return call;
    // Of batches and transactions the stores send nothing with bytes in it.
    case "BatchWriteItem":
    case "TransactWriteItems":
      return call;
  }
}

function hasBytes(item: Item): boolean {
  for (const name in item) {
    if (item[name]?.B !== undefined) return true;
  }
  return false;
}

function copied(item: Item): Item {
  const copy: Item = {};
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) copy[name] = value.B === undefined ? value : { B: value.B.slice() };
  }
  return copy;
}
