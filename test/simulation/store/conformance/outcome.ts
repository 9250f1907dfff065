/** What a request came to, in a form in which two stores can be compared. */
import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from "@aws-sdk/client-dynamodb";
import { asJson } from "./wire.ts";

/** Plain JSON, as the protocol writes it. */
export type Outcome = Readonly<Record<string, unknown>>;

export function outcomeOf(output: object): Outcome {
  return Object.fromEntries(Object.entries(output).map(([name, one]) => [name, asJson(one)]));
}

/** Names, codes and records; not what the messages say. */
export function refusalOf(error: Error): Outcome {
  if (error instanceof ConditionalCheckFailedException) {
    return { error: error.name, item: asJson(error.Item) };
  }
  if (error instanceof TransactionCanceledException) {
    const reasons = (error.CancellationReasons ?? []).map(({ Code, Item }) => ({
      code: Code ?? "None",
      item: asJson(Item),
    }));
    return { error: error.name, reasons };
  }
  return { error: error.name };
}

/** The same whatever the order of attributes, of a set's members, and of tables in what was consumed. */
export function isSame(one: Outcome, other: Outcome): boolean {
  return JSON.stringify(told(one)) === JSON.stringify(told(other));
}

function told(outcome: Outcome): unknown {
  const { UnprocessedItems, ConsumedCapacity, ...rest } = outcome;
  const left = isEmpty(UnprocessedItems) ? undefined : UnprocessedItems;
  return ordered({ ...rest, UnprocessedItems: left, ConsumedCapacity: byTable(ConsumedCapacity) });
}

function byTable(consumed: unknown): unknown {
  if (!Array.isArray(consumed)) return consumed;
  return consumed.map((one: unknown) => JSON.stringify(ordered(one))).sort();
}

const SETS = new Set(["SS", "NS", "BS"]);

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const entries: [string, unknown][] = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && isSet(only)) return sorted(only);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, ordered(one)]),
  );
}

function isSet(entry: readonly [string, unknown]): entry is [string, unknown[]] {
  return SETS.has(entry[0]) && Array.isArray(entry[1]);
}

function sorted([kind, members]: readonly [string, readonly unknown[]]): object {
  return { [kind]: members.map(String).sort() };
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
