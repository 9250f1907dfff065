/** One table: items by partition, in the order of their sort keys. */
import { LEASE_TABLE_KEYS, TARGET_TABLE_KEYS } from "#adapters/dynamodb/keys.ts";
import { validation } from "./failures.ts";
import { compareTexts, type Item } from "./values.ts";

/** Told of what is written and removed, after it was. */
export type OnWrite = (
  tableName: string,
  before: Item | undefined,
  after: Item | undefined,
) => void;

export interface Stored {
  readonly item: Item;
  readonly bytes: number;
}

export interface Place {
  readonly partition: string;
  readonly sort: string;
}

export interface KeyNames {
  readonly partition: string;
  readonly sort: string;
}

export interface Table {
  readonly name: string;
  readonly keys: KeyNames;
  /** @throws ValidationException unless both key attributes are texts that say something. */
  placeOf(item: Item): Place;
  /** As `placeOf`, of a key: it has no other attributes. */
  placeOfKey(key: Item | undefined): Place;
  find(place: Place): Stored | undefined;
  put(place: Place, stored: Stored): void;
  remove(place: Place): void;
  /** Of one partition, by sort key. */
  sortKeys(partition: string): readonly string[];
  partitions(): IterableIterator<string>;
}

interface Partition {
  readonly items: Map<string, Stored>;
  readonly order: string[];
}

export function keyNamesOf(tableName: string): KeyNames {
  return tableName.includes("targets") ? TARGET_TABLE_KEYS : LEASE_TABLE_KEYS;
}

export function table(name: string, onWrite?: OnWrite): Table {
  const keys = keyNamesOf(name);
  const partitions = new Map<string, Partition>();

  function placeOf(item: Item): Place {
    const [partition, sort] = [item[keys.partition]?.S, item[keys.sort]?.S];
    if (partition === undefined || sort === undefined) {
      throw validation("The provided key element does not match the schema");
    }
    if (partition === "" || sort === "") {
      throw validation("One or more parameter values are not valid: empty key value");
    }
    return { partition, sort };
  }

  return {
    name,
    keys,
    placeOf,
    placeOfKey(key = {}) {
      const place = placeOf(key);
      if (Object.keys(key).length !== 2) {
        throw validation("The provided key element does not match the schema");
      }
      return place;
    },
    find: ({ partition, sort }) => partitions.get(partition)?.items.get(sort),
    put({ partition, sort }, stored) {
      let known = partitions.get(partition);
      if (known === undefined) {
        known = { items: new Map(), order: [] };
        partitions.set(partition, known);
      }
      const { items, order } = known;
      if (!items.has(sort)) order.splice(firstNotBefore(order, sort), 0, sort);
      const before = items.get(sort)?.item;
      items.set(sort, stored);
      onWrite?.(name, before, stored.item);
    },
    remove({ partition, sort }) {
      const known = partitions.get(partition);
      const before = known?.items.get(sort)?.item;
      if (known?.items.delete(sort) !== true) return;
      known.order.splice(firstNotBefore(known.order, sort), 1);
      onWrite?.(name, before, undefined);
    },
    sortKeys: (partition) => partitions.get(partition)?.order ?? [],
    partitions: () => partitions.keys(),
  };
}

/** Where `sort` is or belongs. */
export function firstNotBefore(order: readonly string[], sort: string): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareTexts(order[middle] ?? "", sort) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
