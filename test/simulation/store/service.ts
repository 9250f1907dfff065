/**
 * The tables as a service: requests arrive, are throttled by partition, meet transactions under way,
 * and are answered.
 *
 * A transaction is looked at when it arrives and made a moment later; in between, its items are read
 * as they were, and any write to them is refused with a conflict. What happens to a request that is
 * refused for its conditions happens at once.
 *
 * Differs from the service: a single write takes no time, so it is never the one that a transaction
 * conflicts with; in a batch, an item that is held or whose partition takes no more comes back
 * unprocessed, the others are written.
 *
 * Source: "Amazon DynamoDB Transactions: How it works" (conflict handling), Developer Guide;
 *         "BatchWriteItem", API reference (read 2026-11).
 */
import type { CancellationReason, WriteRequest } from "@aws-sdk/client-dynamodb";
import type { Clock } from "#ports/clock.ts";
import { cancelled, conflict, inProgress, throttled } from "./failures.ts";
import type { Call, CallOf, Inputs, Operation, Outputs } from "./operations.ts";
import { documentedRules, type Rules } from "./rules.ts";
import type { OnWrite } from "./table.ts";
import { engine } from "./tables.ts";
import { throughput, type PeakUnits } from "./throughput.ts";
import { isWrite, touchedBy, type Touched } from "./touched.ts";
import type { Item } from "./values.ts";

export type { PeakUnits } from "./throughput.ts";

export interface TablesOptions {
  /** The world's: arrivals, transactions and throughput run on it. */
  readonly clock: Clock;
  /** How long a transaction holds its items. */
  readonly transactionMs?: number;
  readonly writeUnitsPerSecond?: number;
  readonly readUnitsPerSecond?: number;
  readonly burstSeconds?: number;
  readonly rules?: Rules;
  /** Told of every item that is written or removed, after it was: for checks. */
  readonly onWrite?: OnWrite;
}

export type Answer =
  | { readonly kind: "answered"; readonly output: Outputs[Operation] }
  | { readonly kind: "failed"; readonly error: Error };

export interface SimulatedTables {
  /** The world's clock: what is under way runs on it. */
  readonly clock: Clock;
  /** At once: no throttling, no conflicts. Counts into `peakUnits`. @throws what the SDK throws */
  apply<O extends Operation>(name: O, input: Inputs[O]): Outputs[O];
  /** A request that reached the service. `answer` is called once, now or when it is done. */
  arrive(call: Call, answer: (answer: Answer) => void): void;
  /** Of every partition used, the busiest writer first. */
  peakUnits(): readonly PeakUnits[];
  forgetPeaks(): void;
  /** What a partition has, in key order. */
  items(tableName: string, partition: string): readonly Item[];
  partitions(tableName: string): readonly string[];
}

const TRANSACTION_MS = 4;
const WRITE_UNITS_PER_SECOND = 1_000;
const READ_UNITS_PER_SECOND = 3_000;

export function simulatedTables(options: TablesOptions): SimulatedTables {
  const { clock, transactionMs = TRANSACTION_MS, rules = documentedRules } = options;
  const now = (): number => clock.now();
  const units = throughput({
    now,
    writeUnitsPerSecond: options.writeUnitsPerSecond ?? WRITE_UNITS_PER_SECOND,
    readUnitsPerSecond: options.readUnitsPerSecond ?? READ_UNITS_PER_SECOND,
    burstSeconds: options.burstSeconds ?? 1,
  });
  const tables = engine({ rules, now, charge: units.charge, onWrite: options.onWrite });
  /** Items and tokens of transactions under way. */
  const held = new Set<string>();
  const tokens = new Set<string>();

  const takes = (touched: Touched, kind: "read" | "write"): boolean =>
    units.takes(touched.tableName, touched.partition, kind);
  const isHeld = (touched: Touched): boolean => held.size > 0 && held.has(nameOf(touched));

  function single(call: Exclude<Call, CallOf<"TransactWriteItems" | "BatchWriteItem">>): Answer {
    const [touched] = touchedBy(call);
    if (touched !== undefined) {
      const writes = isWrite(call);
      if (!takes(touched, writes ? "write" : "read")) return failed(throttled());
      if (writes && isHeld(touched)) return failed(conflict());
    }
    return attempted(() => tables.run(call));
  }

  function batch(input: Inputs["BatchWriteItem"]): Answer {
    const [taken, left] = [new Map<string, WriteRequest[]>(), new Map<string, WriteRequest[]>()];
    for (const [name, requests] of Object.entries(input.RequestItems ?? {})) {
      for (const request of requests) {
        const one = { RequestItems: { [name]: [request] } };
        const [touched] = touchedBy({ name: "BatchWriteItem", input: one });
        const isTaken = touched === undefined || (takes(touched, "write") && !isHeld(touched));
        const side = isTaken ? taken : left;
        side.set(name, [...(side.get(name) ?? []), request]);
      }
    }
    if (left.size > 0 && taken.size === 0) return failed(throttled());
    return attempted(() => {
      const served = { ...input, RequestItems: Object.fromEntries(taken) };
      const output = tables.run({ name: "BatchWriteItem", input: served });
      return { ...output, UnprocessedItems: Object.fromEntries(left) };
    });
  }

  function transaction(
    input: Inputs["TransactWriteItems"],
    answer: (answer: Answer) => void,
  ): void {
    const { ClientRequestToken: token } = input;
    if (token !== undefined && tokens.has(token)) {
      answer(failed(inProgress()));
      return;
    }
    const result = attempted(() => tables.transactions.repeated(input) ?? begin(input, answer));
    if (result !== undefined) answer(result);
  }

  /** undefined while it is under way. @throws what cancels it */
  function begin(input: Inputs["TransactWriteItems"], answer: (answer: Answer) => void): undefined {
    const touched = touchedBy({ name: "TransactWriteItems", input });
    const reasons = new Map<number, CancellationReason>();
    for (const [index, one] of touched.entries()) {
      if (!takes(one, "write")) reasons.set(index, THROTTLED);
      else if (isHeld(one)) reasons.set(index, CONFLICT);
    }
    const { places, commit } = tables.transactions.prepare(input, reasons);
    const names = places.map(({ tableName, place }) => nameOf({ tableName, ...place }));
    for (const name of names) held.add(name);
    const { ClientRequestToken: token } = input;
    if (token !== undefined) tokens.add(token);
    clock.after(transactionMs, () => {
      for (const name of names) held.delete(name);
      if (token !== undefined) tokens.delete(token);
      answer({ kind: "answered", output: commit() });
    });
    return undefined;
  }

  return {
    clock,
    apply: (name, input) => tables.run({ name, input }),
    arrive(call, answer) {
      switch (call.name) {
        case "TransactWriteItems":
          transaction(call.input, answer);
          return;
        case "BatchWriteItem":
          answer(batch(call.input));
          return;
        case "GetItem":
        case "Query":
        case "PutItem":
        case "UpdateItem":
        case "DeleteItem":
          answer(single(call));
      }
    },
    peakUnits: units.peaks,
    forgetPeaks: units.forgetPeaks,
    items(tableName, partition) {
      const from = tables.table(tableName);
      const stored = from.sortKeys(partition).map((sort) => from.find({ partition, sort }));
      return stored.flatMap((one) => (one === undefined ? [] : [one.item]));
    },
    partitions: (tableName) => [...tables.table(tableName).partitions()],
  };
}

const THROTTLED: CancellationReason = {
  Code: "ThrottlingError",
  Message: "Throughput exceeds the current capacity of your table or index",
};
const CONFLICT: CancellationReason = {
  Code: "TransactionConflict",
  Message: "Transaction is ongoing for the item",
};

function nameOf({ tableName, partition, sort }: Touched): string {
  return `${tableName}\n${partition}\n${sort ?? ""}`;
}

function failed(error: Error): Answer {
  return { kind: "failed", error };
}

function attempted(run: () => Outputs[Operation]): Answer;
function attempted(run: () => Outputs[Operation] | undefined): Answer | undefined;
function attempted(run: () => Outputs[Operation] | undefined): Answer | undefined {
  try {
    const output = run();
    return output === undefined ? undefined : { kind: "answered", output };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return failed(error);
  }
}

/** Of one item in the way, as a network that interferes says it. */
export function conflictOf(call: Call): Error | undefined {
  if (!isWrite(call) || call.name === "BatchWriteItem") return undefined;
  if (call.name !== "TransactWriteItems") return conflict();
  return cancelled(first(call.input, CONFLICT));
}

export function throttlingOf(call: Call): Error {
  return call.name === "TransactWriteItems" ? cancelled(first(call.input, THROTTLED)) : throttled();
}

function first(
  { TransactItems }: Inputs["TransactWriteItems"],
  reason: CancellationReason,
): CancellationReason[] {
  return (TransactItems ?? []).map((_, index) => (index === 0 ? reason : { Code: "None" }));
}
