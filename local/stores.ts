/** The supervisor's own view of the stores: the same adapters that functions use. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { filesystemSampleStore } from "#adapters/filesystem/sample-store.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { Clock } from "#ports/clock.ts";
import type { ConfigurationStore } from "#ports/configuration-store.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { isAws } from "./environment.ts";

export interface LocalStores {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  readonly clock: Clock;
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly samples: SampleStore;
  readonly configuration: ConfigurationStore;
}

export interface StorePlaces {
  /** Empty means AWS, as its SDK finds it. */
  readonly storeEndpoint: string;
  readonly leaseTableName: string;
  readonly targetTableName: string;
  /** A folder, or a store elsewhere. */
  readonly samples: string | SampleStore;
}

export function openStores(places: StorePlaces): LocalStores {
  const { storeEndpoint, leaseTableName, targetTableName, samples } = places;
  const isAway = storeEndpoint === "" || isAws(storeEndpoint);
  const client = dynamoClient(isAway ? {} : { endpoint: storeEndpoint });
  const clock = systemClock();
  const meter = capacityMeter();
  const store = { client, meter, clock };
  return {
    endpoint: storeEndpoint,
    client,
    clock,
    leases: dynamoLeaseStore({ ...store, tableName: leaseTableName }),
    schedules: dynamoScheduleStore({ ...store, tableName: targetTableName }),
    requests: dynamoRequestStore({ ...store, tableName: leaseTableName }),
    samples: typeof samples === "string" ? filesystemSampleStore({ root: samples }) : samples,
    configuration: dynamoConfigurationStore({ ...store, tableName: leaseTableName }),
  };
}
