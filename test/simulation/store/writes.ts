/** Writes of one item: looked at first, made afterwards, or not at all. */
import { readExpressions, type Expressions } from "./expressions.ts";
import { validation } from "./failures.ts";
import type { Inputs } from "./operations.ts";
import { ITEM_BYTES_MAX, type Rules } from "./rules.ts";
import type { Place, Stored, Table } from "./table.ts";
import { canonicalItem, itemBytes, type Item } from "./values.ts";

export interface ItemPlace {
  readonly to: Table;
  readonly place: Place;
}

/** A write that was looked at but not made. */
export interface Write extends ItemPlace {
  readonly before: Stored | undefined;
  /** undefined when there is nothing afterwards, or when it isn't allowed. */
  readonly after: Stored | undefined;
  readonly isAllowed: boolean;
  readonly expressions: Expressions;
  bytes(): number;
  store(): void;
}

type PutInput = Pick<Inputs["PutItem"], "Item"> & Conditional;
type RemoveInput = Pick<Inputs["DeleteItem"], "Key"> & Conditional;
type UpdateInput = Pick<Inputs["UpdateItem"], "Key" | "UpdateExpression"> & Conditional;
type Conditional = Partial<
  Pick<
    Inputs["PutItem"],
    "ConditionExpression" | "ExpressionAttributeNames" | "ExpressionAttributeValues"
  >
>;

export interface ItemWrites {
  put(to: Table, input: PutInput): Write;
  remove(to: Table, input: RemoveInput): Write;
  update(to: Table, input: UpdateInput): Write;
  /** Of a transaction: what it relies on, changing nothing. */
  check(to: Table, input: RemoveInput): Write;
}

export function itemWrites(rules: Rules): ItemWrites {
  function weighed(item: Item): Stored {
    const bytes = itemBytes(item);
    if (bytes > ITEM_BYTES_MAX) throw validation("Item size has exceeded the maximum allowed size");
    return { item, bytes };
  }

  function decided(
    to: Table,
    place: Place,
    input: Conditional,
    afterOf: (expressions: Expressions, before: Stored | undefined) => Stored | undefined,
  ): Write {
    const expressions = readExpressions(input);
    const before = to.find(place);
    const isAllowed = expressions.condition?.holds(before?.item, expressions.values) ?? true;
    const after = isAllowed ? afterOf(expressions, before) : undefined;
    return {
      to,
      place,
      before,
      after,
      isAllowed,
      expressions,
      bytes: () => after?.bytes ?? 0,
      store() {
        if (after === undefined) to.remove(place);
        else if (after !== before) to.put(place, after);
      },
    };
  }

  return {
    put(to, input) {
      const item = canonicalItem(input.Item ?? {});
      return decided(to, to.placeOf(item), input, () => weighed(item));
    },
    remove: (to, input) => decided(to, to.placeOfKey(input.Key), input, () => undefined),
    check: (to, input) => decided(to, to.placeOfKey(input.Key), input, (_, before) => before),
    update(to, input) {
      const place = to.placeOfKey(input.Key);
      return decided(to, place, input, ({ update, values }, before) => {
        const keys = to.keys;
        for (const [name] of update?.paths ?? []) {
          if (name !== keys.partition && name !== keys.sort) continue;
          throw validation(`Cannot update attribute ${name}. This attribute is part of the key`);
        }
        const isMade = before === undefined;
        if (isMade && update?.onlyTakes === true && rules.takenFromNothing === "nothing") return;
        const item = isMade ? canonicalItem(input.Key ?? {}) : before.item;
        if (update === undefined) return weighed(item);
        return weighed(update.made(item, values, rules));
      });
    },
  };
}

/** @throws ValidationException when two writes are about one item. */
export function refuseRepeated(all: readonly ItemPlace[], message: string): void {
  const seen = new Set(
    all.map(({ to, place }) => JSON.stringify([to.name, place.partition, place.sort])),
  );
  if (seen.size < all.length) throw validation(message);
}
