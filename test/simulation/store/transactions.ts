/**
 * Transactions: looked at as a whole, then made as a whole, or cancelled with a reason for each item.
 *
 * Two steps, as in the service, so that time may pass between them: while it does, the items are not
 * to be written by anybody else (service.ts sees to it).
 *
 * Source: "Amazon DynamoDB Transactions: How it works", Developer Guide; "TransactWriteItems", API
 *         reference (read 2026-11).
 */
import type {
  CancellationReason,
  ConsumedCapacity,
  TransactWriteItem,
} from "@aws-sdk/client-dynamodb";
import { cancelled, otherContent, validation } from "./failures.ts";
import type { Inputs, Outputs } from "./operations.ts";
import {
  readUnits,
  TOKEN_MS,
  TRANSACTED,
  TRANSACTION_MAX,
  writeUnits,
  type EngineOptions,
} from "./rules.ts";
import type { Place, Table } from "./table.ts";
import { handedOut } from "./values.ts";
import { refuseRepeated, type ItemPlace, type ItemWrites, type Write } from "./writes.ts";

type Input = Inputs["TransactWriteItems"];
type Output = Outputs["TransactWriteItems"];

export interface Prepared {
  /** Everything it touches, also what it only relies on. */
  readonly places: readonly { readonly tableName: string; readonly place: Place }[];
  /** Makes all of it. */
  commit(): Output;
}

export interface Transactions {
  /** Both steps at once. @throws TransactionCanceledException and others */
  run(input: Input): Output;
  /** What came of the same request under its token, within ten minutes. */
  repeated(input: Input): Output | undefined;
  /**
   * @param held reasons that have nothing to do with content, by place in the transaction
   * @throws TransactionCanceledException
   */
  prepare(input: Input, held?: ReadonlyMap<number, CancellationReason>): Prepared;
}

interface Remembered {
  readonly content: string;
  readonly until: number;
  readonly output: Output;
}

export function transactions(
  options: EngineOptions & {
    readonly table: (name: string | undefined) => Table;
    readonly writes: ItemWrites;
  },
): Transactions {
  const { charge, now, writes } = options;
  const tokens = new Map<string, Remembered>();

  function remember(input: Input, output: Output): void {
    for (const [token, { until }] of tokens) {
      if (until > now()) break;
      tokens.delete(token);
    }
    const { ClientRequestToken: token } = input;
    if (token === undefined) return;
    tokens.set(token, { content: contentOf(input), until: now() + TOKEN_MS, output });
  }

  function repeated(input: Input): Output | undefined {
    const known = tokens.get(input.ClientRequestToken ?? "");
    if (known === undefined || known.until <= now()) return undefined;
    if (known.content !== contentOf(input)) throw otherContent();
    return known.output;
  }

  function prepare(input: Input, held?: ReadonlyMap<number, CancellationReason>): Prepared {
    const steps = input.TransactItems ?? [];
    if (steps.length === 0 || steps.length > TRANSACTION_MAX) {
      throw validation("1 to 100 items a transaction");
    }
    refuseRepeated(
      steps.map(itemOf),
      "Transaction request cannot include multiple operations on one item",
    );
    const all = steps.map((step, index) => attempt(step, held?.get(index)));
    const paid = all.map(({ write }) => pay(write));
    if (all.some(({ reason }) => reason.Code !== "None")) {
      throw cancelled(all.map(({ reason }) => reason));
    }
    const made = all.flatMap(({ write }) => write ?? []);
    return {
      places: made.map(({ to, place }) => ({ tableName: to.name, place })),
      commit() {
        for (const write of made) write.store();
        remember(
          input,
          consumed(
            input,
            made,
            paid.map(({ read }) => read),
            "ReadCapacityUnits",
          ),
        );
        return consumed(
          input,
          made,
          paid.map(({ write }) => write),
          "WriteCapacityUnits",
        );
      },
    };
  }

  function itemOf({ Put, Update, Delete, ConditionCheck }: TransactWriteItem): ItemPlace {
    const to = options.table((Put ?? Update ?? Delete ?? ConditionCheck)?.TableName);
    const keyed = Update ?? Delete ?? ConditionCheck;
    return {
      to,
      place: Put === undefined ? to.placeOfKey(keyed?.Key) : to.placeOf(Put.Item ?? {}),
    };
  }

  /** What a step would do, or why it can't. */
  function attempt(step: TransactWriteItem, held: CancellationReason | undefined): Attempted {
    if (held !== undefined) return { write: undefined, reason: held };
    try {
      const { write, wantsOld } = writeOf(step);
      if (write.isAllowed) return { write, reason: { Code: "None" } };
      const Item = wantsOld ? write.before?.item : undefined;
      const reason: CancellationReason = {
        Code: "ConditionalCheckFailed",
        Message: "The conditional request failed",
        ...(Item !== undefined && { Item: handedOut(Item) }),
      };
      return { write, reason };
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "ValidationException") throw error;
      const reason = { Code: "ValidationError", Message: error.message };
      return { write: undefined, reason };
    }
  }

  function writeOf(step: TransactWriteItem): { write: Write; wantsOld: boolean } {
    const action = step.Put ?? step.Update ?? step.Delete ?? step.ConditionCheck;
    const to = options.table(action?.TableName);
    const wantsOld = action?.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
    if (step.Put !== undefined) return { write: writes.put(to, step.Put), wantsOld };
    if (step.Update !== undefined) return { write: writes.update(to, step.Update), wantsOld };
    if (step.Delete !== undefined) return { write: writes.remove(to, step.Delete), wantsOld };
    if (step.ConditionCheck !== undefined) {
      return { write: writes.check(to, step.ConditionCheck), wantsOld };
    }
    throw validation("TransactItems can only contain one of Check, Put, Update or Delete");
  }

  /** Cancelled or not, what was looked at is paid. */
  function pay(write: Write | undefined): Units {
    if (write === undefined) return { read: 0, write: 0 };
    const bytes = Math.max(write.before?.bytes ?? 0, write.bytes());
    const units = {
      write: TRANSACTED * writeUnits(bytes),
      read: TRANSACTED * readUnits(bytes, true),
    };
    charge(write.to.name, write.place.partition, { read: 0, write: units.write });
    return units;
  }

  return {
    prepare,
    repeated,
    run: (input) => repeated(input) ?? prepare(input).commit(),
  };
}

interface Attempted {
  readonly write: Write | undefined;
  readonly reason: CancellationReason;
}

interface Units {
  readonly read: number;
  readonly write: number;
}

/** What makes two requests one: everything but the token and what is to be told. */
function contentOf({ TransactItems }: Input): string {
  return JSON.stringify(TransactItems, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  );
}

function consumed(
  { ReturnConsumedCapacity: mode }: Input,
  made: readonly Write[],
  units: readonly number[],
  kind: "ReadCapacityUnits" | "WriteCapacityUnits",
): Output {
  if (mode === undefined || mode === "NONE") return {};
  const totals = new Map<string, number>();
  for (const [index, { to }] of made.entries()) {
    totals.set(to.name, (totals.get(to.name) ?? 0) + (units[index] ?? 0));
  }
  const ConsumedCapacity = [...totals].map(([TableName, CapacityUnits]): ConsumedCapacity => {
    const Table = { CapacityUnits, [kind]: CapacityUnits };
    return { TableName, ...Table, ...(mode === "INDEXES" && { Table }) };
  });
  return { ConsumedCapacity };
}
