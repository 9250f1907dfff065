/**
 * What each operation does to the tables: the engine without network, time or limits of throughput.
 *
 * Differs from the service: an operation is one moment (no torn Query, no eventual consistency); no
 * indexes, streams, scans, legacy parameters or reserved words; batches are always taken whole.
 *
 * Holds: nothing handed in or out shares memory with what is stored, where it could be changed.
 */
import type { ConsumedCapacity, ReturnConsumedCapacity } from "@aws-sdk/client-dynamodb";
import { readExpressions } from "./expressions.ts";
import { conditionFailed, validation } from "./failures.ts";
import type { CallOf, Inputs, Operation, Outputs } from "./operations.ts";
import { projection, type Path } from "./paths.ts";
import { query } from "./query.ts";
import { BATCH_MAX, readUnits, writeUnits, type EngineOptions, type Rules } from "./rules.ts";
import { table, type Place, type Stored, type Table } from "./table.ts";
import { transactions, type Transactions } from "./transactions.ts";
import { handedOut, itemBytes, type Item } from "./values.ts";
import { itemWrites, refuseRepeated, type Write } from "./writes.ts";

export interface Engine {
  /** @throws what the SDK throws. */
  run<O extends Operation>(call: CallOf<O>): Outputs[O];
  readonly transactions: Transactions;
  table(name: string | undefined): Table;
}

export function engine(options: EngineOptions): Engine {
  const { rules, charge } = options;
  const tables = new Map<string, Table>();

  function tableNamed(name = ""): Table {
    const known = tables.get(name);
    if (known !== undefined) return known;
    const made = table(name, options.onWrite);
    tables.set(name, made);
    return made;
  }

  const writes = itemWrites(rules);
  const transacted = transactions({ ...options, table: tableNamed, writes });

  function chargeWrite(to: Table, { partition }: Place, bytes: number): number {
    const write = writeUnits(bytes);
    charge(to.name, partition, { read: 0, write });
    return write;
  }

  /** Checked, paid, and stored unless it is refused. */
  function write(made: Write, input: WriteInput): { before: Stored | undefined; units: number } {
    const { to, place, before } = made;
    const units = chargeWrite(to, place, Math.max(before?.bytes ?? 0, made.bytes()));
    if (!made.isAllowed) {
      const isAsked = input.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
      throw conditionFailed(isAsked && before !== undefined ? handedOut(before.item) : undefined);
    }
    made.store();
    return { before, units };
  }

  const handlers: { readonly [O in Operation]: (input: Inputs[O]) => Outputs[O] } = {
    GetItem(input) {
      const from = tableNamed(input.TableName);
      const { projection: picked } = readExpressions(input);
      const place = from.placeOfKey(input.Key);
      const stored = from.find(place);
      const item = stored && (picked === undefined ? stored.item : picked(stored.item));
      const bytes = rules.gottenBytes(stored?.bytes ?? 0, () => itemBytes(item ?? {}));
      const read = readUnits(bytes, input.ConsistentRead === true);
      charge(from.name, place.partition, { read, write: 0 });
      return {
        ...(item !== undefined && { Item: handedOut(item) }),
        ...consumed(input.ReturnConsumedCapacity, from.name, read),
      };
    },

    Query(input) {
      const from = tableNamed(input.TableName);
      const { output, partition, units } = query(from, input);
      charge(from.name, partition, { read: units, write: 0 });
      return { ...output, ...consumed(input.ReturnConsumedCapacity, from.name, units) };
    },

    PutItem(input) {
      const to = tableNamed(input.TableName);
      const { before, units } = write(writes.put(to, input), input);
      return {
        ...(input.ReturnValues === "ALL_OLD" && attributes(before?.item)),
        ...consumed(input.ReturnConsumedCapacity, to.name, units),
      };
    },

    DeleteItem(input) {
      const to = tableNamed(input.TableName);
      const { before, units } = write(writes.remove(to, input), input);
      return {
        ...(input.ReturnValues === "ALL_OLD" && attributes(before?.item)),
        ...consumed(input.ReturnConsumedCapacity, to.name, units),
      };
    },

    UpdateItem(input) {
      const to = tableNamed(input.TableName);
      const made = writes.update(to, input);
      const { units } = write(made, input);
      return {
        ...returned(rules, input, made),
        ...consumed(input.ReturnConsumedCapacity, to.name, units),
      };
    },

    BatchWriteItem(input) {
      const all = Object.entries(input.RequestItems ?? {}).flatMap(([name, requests]) =>
        requests.map(({ PutRequest, DeleteRequest }) =>
          PutRequest === undefined
            ? writes.remove(tableNamed(name), { Key: DeleteRequest?.Key })
            : writes.put(tableNamed(name), { Item: PutRequest.Item }),
        ),
      );
      if (all.length === 0 || all.length > BATCH_MAX) throw validation("1 to 25 requests a batch");
      refuseRepeated(all, "Provided list of item keys contains duplicates");
      const units = new Map<string, number>();
      for (const made of all) {
        const taken = write(made, {}).units;
        units.set(made.to.name, (units.get(made.to.name) ?? 0) + taken);
      }
      return {
        UnprocessedItems: {},
        ...consumedOf(input.ReturnConsumedCapacity, units),
      };
    },

    TransactWriteItems: (input) => transacted.run(input),
  };

  return {
    run: <O extends Operation>(call: CallOf<O>) => handlers[call.name](call.input),
    transactions: transacted,
    table: tableNamed,
  };
}

interface WriteInput {
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined;
}

function attributes(item: Item | undefined): { Attributes?: Item } {
  return item === undefined ? {} : { Attributes: handedOut(item) };
}

/** What an update gives back. */
function returned(
  rules: Rules,
  { ReturnValues, Key }: Inputs["UpdateItem"],
  { before, after, expressions: { update } }: Write,
): { Attributes?: Item } {
  switch (ReturnValues) {
    case "ALL_NEW":
      return attributes(after?.item);
    case "ALL_OLD":
      return attributes(before?.item ?? (rules.oldOfMade === "key" ? Key : undefined));
    case "UPDATED_NEW":
    case "UPDATED_OLD": {
      const item = ReturnValues === "UPDATED_NEW" ? after?.item : before?.item;
      if (item === undefined || update === undefined) return {};
      const paths = rules.updatedInList === "whole" ? wholeLists(update.paths) : update.paths;
      const changed = projection(paths)(item);
      return Object.keys(changed).length === 0 ? {} : attributes(changed);
    }
    case "NONE":
    case undefined:
      return {};
  }
}

/** A path that leads through a list stands for the attribute that the list is in. */
function wholeLists(paths: readonly Path[]): Path[] {
  const whole = new Set(paths.filter((path) => path.some(isIndex)).map(([name]) => name));
  return [...[...whole].map((name): Path => [name]), ...paths.filter(([name]) => !whole.has(name))];
}

const isIndex = (step: string | number): boolean => typeof step === "number";

/** As asked for. */
function consumed(
  mode: ReturnConsumedCapacity | undefined,
  TableName: string,
  CapacityUnits: number,
): { ConsumedCapacity?: ConsumedCapacity } {
  if (mode === undefined || mode === "NONE") return {};
  const Table = { CapacityUnits };
  return { ConsumedCapacity: { TableName, CapacityUnits, ...(mode === "INDEXES" && { Table }) } };
}

function consumedOf(
  mode: ReturnConsumedCapacity | undefined,
  units: ReadonlyMap<string, number>,
): { ConsumedCapacity?: ConsumedCapacity[] } {
  if (mode === undefined || mode === "NONE") return {};
  const ConsumedCapacity = [...units].map(([name, total]) => consumed(mode, name, total));
  return { ConsumedCapacity: ConsumedCapacity.flatMap((one) => one.ConsumedCapacity ?? []) };
}
