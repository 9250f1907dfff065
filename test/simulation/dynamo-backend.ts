/** The real stores over the simulated DynamoDB. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { dynamoHealthMemory } from "#adapters/dynamodb/health-memory.ts";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import type { DynamoStoreOptions } from "#adapters/dynamodb/store-options.ts";
import type { Clock } from "#ports/clock.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { Backend, Stores } from "./backend.ts";
import { simulatedClient, simulatedTables, type SimulatedTables } from "./store/index.ts";
import { callOf } from "./store/operations.ts";
import type { OnWrite } from "./store/table.ts";

export const LEASE_TABLE = "leases";
export const TARGET_TABLE = "targets";

export interface DynamoBackend extends Backend {
  readonly tables: SimulatedTables;
}

export function dynamoBackend(world: Clock, onWrite: OnWrite): DynamoBackend {
  const tables = simulatedTables({ clock: world, onWrite });
  return {
    tables,
    direct: storesOf({
      client: directClient(tables),
      clock: world,
      meter: capacityMeter(),
      random: () => 0.5,
    }),
    reach({ process, network, random, meter }) {
      const { clock } = process;
      const client = simulatedClient({ tables, clock, network, random, meter });
      return storesOf({ client, clock, meter, random });
    },
  };
}

interface Tools {
  readonly client: DynamoDBClient;
  readonly clock: Clock;
  readonly meter: CapacityMeter;
  readonly random: () => number;
}

function storesOf(tools: Tools): Stores {
  const leases: DynamoStoreOptions = { ...tools, tableName: LEASE_TABLE };
  const targets: DynamoStoreOptions = { ...tools, tableName: TARGET_TABLE };
  return {
    leases: dynamoLeaseStore(leases),
    schedules: dynamoScheduleStore(targets),
    requests: dynamoRequestStore(leases),
    configuration: dynamoConfigurationStore(leases),
    health: dynamoHealthMemory(leases),
  };
}

/** Answers at once: for those who look at the world from outside. */
function directClient(tables: SimulatedTables): DynamoDBClient {
  const client = {
    send: (command: object) => {
      const { name, input } = callOf(command);
      return Promise.resolve(tables.apply(name, input));
    },
  };
  // As in store/client.ts: `send` is all that the stores use.
  return client as unknown as DynamoDBClient;
}
