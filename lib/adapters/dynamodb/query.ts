/**
 * Reading a partition, page by page.
 *
 * A target read costs our process 7 to 10 µs, all included, because its record is one attribute and
 * the partition's name, the same in all items, is left out by projection; the SDK's walk over nested
 * attributes costs 21. Stepping around the SDK's reading of the answer with one JSON.parse gained
 * nothing measurable beyond that (250 targets of 308 bytes a slot, on two busy cores, 2026-11-21).
 *
 * Holds: strongly consistent; items come in key order; at most `limits.queryPagesMax` pages.
 * Fails: DependencyError, also when there are more pages than that.
 */
import {
  QueryCommand,
  type DynamoDBClient,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { Item } from "./attributes.ts";
import { dependencyError } from "./errors.ts";

export type QueryInput = Omit<
  QueryCommandInput,
  "TableName" | "ConsistentRead" | "ReturnConsumedCapacity"
>;

export interface QueryOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly meter: CapacityMeter;
}

export interface Queries {
  /** One page, and where to go on. */
  page(
    operation: string,
    input: QueryInput,
  ): Promise<{ items: readonly Item[]; next?: QueryCommandInput["ExclusiveStartKey"] }>;
  /** All pages, in key order. */
  all(operation: string, input: QueryInput): AsyncIterable<readonly Item[]>;
}

export function dynamoQueries({ client, tableName, meter }: QueryOptions): Queries {
  const page: Queries["page"] = async (operation, input) => {
    try {
      const answer = await client.send(
        new QueryCommand({
          TableName: tableName,
          ...input,
          ConsistentRead: true,
          ReturnConsumedCapacity: "TOTAL",
        }),
      );
      meter.record(operation, { read: answer.ConsumedCapacity?.CapacityUnits ?? 0, write: 0 });
      return {
        items: answer.Items ?? [],
        ...(answer.LastEvaluatedKey !== undefined && { next: answer.LastEvaluatedKey }),
      };
    } catch (error) {
      throw dependencyError(operation, error);
    }
  };

  async function* all(operation: string, input: QueryInput): AsyncIterable<readonly Item[]> {
    let from: QueryCommandInput["ExclusiveStartKey"];
    for (let pages = 0; pages < limits.queryPagesMax; pages += 1) {
      const { items, next } = await page(operation, {
        ...input,
        ...(from !== undefined && { ExclusiveStartKey: from }),
      });
      yield items;
      if (next === undefined) return;
      from = next;
    }
    throw new DependencyError(`${operation}: more than ${limits.queryPagesMax} pages`, {
      retryable: false,
    });
  }

  return { page, all };
}
