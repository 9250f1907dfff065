/**
 * Every call to DynamoDB goes through here: metered, errors translated, refusals made answers,
 * transaction conflicts tried again.
 *
 * Holds: reads are strongly consistent; a refused condition comes back with the record that refused
 *        it (ALL_OLD); a conflict is neither success nor refusal and is retried within
 *        `limits.conflictAttemptsMax`; a transaction keeps its token while it is retried.
 * Fails: DependencyError.
 * Source: DESIGN, section 4; "TransactWriteItems", Amazon DynamoDB API reference (read 2026-11).
 */
import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type AttributeValue,
  type CancellationReason,
  type ConsumedCapacity,
  type DeleteItemCommandInput,
  type DynamoDBClient,
  type PutItemCommandInput,
  type TransactWriteItem,
  type UpdateItemCommandInput,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { randomUUID } from "node:crypto";
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { Item } from "./attributes.ts";
import type { BackOff } from "./back-off.ts";
import { failureName } from "../aws-failure.ts";
import { dependencyError } from "./errors.ts";

export type Written =
  | { readonly kind: "done"; readonly item: Item | undefined }
  | { readonly kind: "refused"; readonly item: Item | undefined };

export type Transacted =
  | { readonly kind: "done" }
  /** By place in the transaction: the records whose condition did not hold. */
  | { readonly kind: "refused"; readonly items: readonly (Item | undefined)[] };

type Key = Record<string, AttributeValue>;
type Conditional<Input> = Omit<
  Input,
  "TableName" | "ReturnConsumedCapacity" | "ReturnValuesOnConditionCheckFailure"
>;

export interface DynamoAccess {
  find(operation: string, key: Key): Promise<Item | undefined>;
  update(operation: string, input: Conditional<UpdateItemCommandInput>): Promise<Written>;
  put(operation: string, input: Conditional<PutItemCommandInput>): Promise<Written>;
  remove(operation: string, input: Conditional<DeleteItemCommandInput>): Promise<Written>;
  transact(operation: string, steps: readonly TransactWriteItem[]): Promise<Transacted>;
  /** Unconditional; returns what the store did not take. */
  writeBatch(operation: string, requests: WriteRequest[]): Promise<WriteRequest[]>;
}

export interface DynamoAccessOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly meter: CapacityMeter;
  readonly backOff: BackOff;
}

const COMMON = { ReturnConsumedCapacity: "TOTAL" } as const;
const CONDITIONAL = { ...COMMON, ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;
const CONFLICTS = new Set(["TransactionConflictException", "TransactionInProgressException"]);
/** In a cancelled transaction: its place in the queue, not its content, was the reason. */
const CONFLICT_CODES = new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
]);

export function dynamoAccess(options: DynamoAccessOptions): DynamoAccess {
  const { client, tableName: TableName, meter } = options;

  function meterWrite(operation: string, consumed: ConsumedCapacity | undefined): void {
    meter.record(operation, { read: 0, write: consumed?.CapacityUnits ?? 0 });
  }

  async function conditional(
    operation: string,
    send: () => Promise<{
      Attributes?: Item | undefined;
      ConsumedCapacity?: ConsumedCapacity | undefined;
    }>,
  ): Promise<Written> {
    for (let attempt = 0; attempt < limits.conflictAttemptsMax; attempt += 1) {
      try {
        const { Attributes, ConsumedCapacity } = await send();
        meterWrite(operation, ConsumedCapacity);
        return { kind: "done", item: Attributes };
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) {
          meterWrite(operation, undefined);
          return { kind: "refused", item: error.Item };
        }
        if (!CONFLICTS.has(failureName(error))) throw dependencyError(operation, error);
        await options.backOff(attempt);
      }
    }
    throw stillInConflict(operation);
  }

  return {
    async find(operation, Key) {
      try {
        const input = { TableName, Key, ConsistentRead: true, ...COMMON };
        const { Item, ConsumedCapacity } = await client.send(new GetItemCommand(input));
        meter.record(operation, { read: ConsumedCapacity?.CapacityUnits ?? 0, write: 0 });
        return Item;
      } catch (error) {
        throw dependencyError(operation, error);
      }
    },

    update: (operation, input) =>
      conditional(operation, () =>
        client.send(new UpdateItemCommand({ TableName, ...input, ...CONDITIONAL })),
      ),

    put: (operation, input) =>
      conditional(operation, () =>
        client.send(new PutItemCommand({ TableName, ...input, ...CONDITIONAL })),
      ),

    remove: (operation, input) =>
      conditional(operation, () =>
        client.send(new DeleteItemCommand({ TableName, ...input, ...CONDITIONAL })),
      ),

    async transact(operation, steps) {
      const ClientRequestToken = randomUUID();
      const command = { TransactItems: [...steps], ClientRequestToken, ...COMMON };
      for (let attempt = 0; attempt < limits.conflictAttemptsMax; attempt += 1) {
        try {
          const { ConsumedCapacity } = await client.send(new TransactWriteItemsCommand(command));
          for (const consumed of ConsumedCapacity ?? []) meterWrite(operation, consumed);
          return { kind: "done" };
        } catch (error) {
          const cancelled = refusal(error);
          if (cancelled !== undefined) {
            meterWrite(operation, undefined);
            return cancelled;
          }
          if (!isConflict(error)) throw dependencyError(operation, error);
          await options.backOff(attempt);
        }
      }
      throw stillInConflict(operation);
    },

    async writeBatch(operation, requests) {
      try {
        const input = { RequestItems: { [TableName]: requests }, ...COMMON };
        const answer = await client.send(new BatchWriteItemCommand(input));
        for (const consumed of answer.ConsumedCapacity ?? []) meterWrite(operation, consumed);
        return answer.UnprocessedItems?.[TableName] ?? [];
      } catch (error) {
        throw dependencyError(operation, error);
      }
    },
  };
}

function refusal(error: unknown): Transacted | undefined {
  if (!(error instanceof TransactionCanceledException)) return undefined;
  const reasons: readonly CancellationReason[] = error.CancellationReasons ?? [];
  if (!reasons.some((reason) => reason.Code === "ConditionalCheckFailed")) return undefined;
  return { kind: "refused", items: reasons.map((reason) => reason.Item) };
}

function isConflict(error: unknown): boolean {
  if (CONFLICTS.has(failureName(error))) return true;
  if (!(error instanceof TransactionCanceledException)) return false;
  const codes = (error.CancellationReasons ?? []).map((reason) => reason.Code ?? "None");
  return codes.every((code) => code === "None" || CONFLICT_CODES.has(code));
}

function stillInConflict(operation: string): DependencyError {
  return new DependencyError(
    `${operation}: still in conflict with other transactions after ${limits.conflictAttemptsMax} attempts`,
    { retryable: true },
  );
}
