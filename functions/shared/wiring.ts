/**
 * What every function is built from: the store's client, made once for all invocations of an
 * environment. A function's own needs are wired in its own folder, so that it loads nothing else.
 */
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import type { DynamoStoreOptions } from "#adapters/dynamodb/store-options.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { Clock } from "#ports/clock.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { CapacityMeter } from "#ports/meter.ts";

export interface StoreEnvironment {
  readonly LEASE_TABLE_NAME: string;
  /** Empty means AWS. */
  readonly STORE_ENDPOINT: string;
}

export interface StoreWiring {
  readonly clock: Clock;
  readonly meter: CapacityMeter;
  readonly leases: LeaseStore;
  /** For the stores of other records. */
  store(tableName: string): DynamoStoreOptions;
}

export function wireStore(environment: StoreEnvironment): StoreWiring {
  const clock = systemClock();
  const meter = capacityMeter();
  const endpoint = environment.STORE_ENDPOINT;
  const client = dynamoClient(endpoint === "" ? { meter } : { endpoint, meter });
  const store = (tableName: string): DynamoStoreOptions => ({ client, tableName, meter, clock });
  return { clock, meter, leases: dynamoLeaseStore(store(environment.LEASE_TABLE_NAME)), store };
}
