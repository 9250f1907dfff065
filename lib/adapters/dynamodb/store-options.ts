/** What every DynamoDB store is made from. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Clock } from "#ports/clock.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { DynamoAccessOptions } from "./access.ts";
import { backOff } from "./back-off.ts";

export interface DynamoStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly meter: CapacityMeter;
  /** For back-off only. */
  readonly clock: Clock;
  /** For back-off only, from 0 to 1, exclusive; a simulation hands in a seeded one. */
  readonly random?: () => number;
}

export function toolsOf({
  client,
  tableName,
  meter,
  clock,
  random,
}: DynamoStoreOptions): DynamoAccessOptions {
  return { client, tableName, meter, backOff: backOff(clock, random) };
}
