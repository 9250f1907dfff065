/**
 * Making the two tables where no stack makes them: the local engine, and tests.
 *
 * Holds: tables that exist are left as they are; running it twice, or twice at once, is harmless.
 * Fails: DependencyError; also when a table is not active within its waiting time.
 */
import {
  CreateTableCommand,
  ResourceInUseException,
  waitUntilTableExists,
  type CreateTableCommandInput,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { dependencyError } from "./errors.ts";
import { LEASE_TABLE_KEYS, TARGET_TABLE_KEYS } from "./keys.ts";

export interface TableNames {
  readonly leases: string;
  readonly targets: string;
}

export function tableDefinitions(names: TableNames): CreateTableCommandInput[] {
  return [definition(names.leases, LEASE_TABLE_KEYS), definition(names.targets, TARGET_TABLE_KEYS)];
}

const ACTIVE_WITHIN_SECONDS = 30;

export async function ensureTables(client: DynamoDBClient, names: TableNames): Promise<void> {
  for (const table of tableDefinitions(names)) {
    try {
      await client.send(new CreateTableCommand(table));
    } catch (error) {
      if (!(error instanceof ResourceInUseException)) throw dependencyError("tables.create", error);
    }
    const waiter = { client, minDelay: 1, maxDelay: 1, maxWaitTime: ACTIVE_WITHIN_SECONDS };
    try {
      await waitUntilTableExists(waiter, { TableName: table.TableName });
    } catch (error) {
      throw dependencyError("tables.wait", error);
    }
  }
}

function definition(
  name: string,
  keys: { readonly partition: string; readonly sort: string },
): CreateTableCommandInput {
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: keys.partition, AttributeType: "S" },
      { AttributeName: keys.sort, AttributeType: "S" },
    ],
    KeySchema: [
      { AttributeName: keys.partition, KeyType: "HASH" },
      { AttributeName: keys.sort, KeyType: "RANGE" },
    ],
  };
}
