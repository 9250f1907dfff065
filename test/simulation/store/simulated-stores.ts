/** The real adapters over simulated tables, for tests of this folder. */
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import type { Clock } from "#ports/clock.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import {
  perfectNetwork,
  simulatedClient,
  simulatedTables,
  type Network,
  type SimulatedTables,
  type TablesOptions,
} from "./index.ts";
import { selfWindingClock } from "./self-winding-clock.ts";

export interface SimulatedStores {
  readonly tables: SimulatedTables;
  readonly clock: Clock;
  readonly meter: CapacityMeter;
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
}

export function simulatedStores(
  network: Network = perfectNetwork,
  options: Omit<TablesOptions, "clock"> = {},
): SimulatedStores {
  const clock = selfWindingClock();
  const tables = simulatedTables({ clock, ...options });
  const meter = capacityMeter();
  const client = simulatedClient({ tables, clock, network, random: () => 0.5, meter });
  const tools = { client, meter, clock };
  return {
    tables,
    clock,
    meter,
    leases: dynamoLeaseStore({ ...tools, tableName: "leases" }),
    schedules: dynamoScheduleStore({ ...tools, tableName: "targets" }),
    requests: dynamoRequestStore({ ...tools, tableName: "leases" }),
  };
}
