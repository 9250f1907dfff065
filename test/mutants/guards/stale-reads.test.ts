/**
 * The stores' contracts on a store that takes consistency at its word: who doesn't ask for it reads
 * what was there one write ago.
 */
import { describe } from "vitest";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { leaseStoreContract } from "#test/contracts/lease-store.contract.ts";
import { requestStoreContract } from "#test/contracts/request-store.contract.ts";
import { scheduleStoreContract } from "#test/contracts/schedule-store.contract.ts";
import {
  perfectNetwork,
  simulatedClient,
  simulatedTables,
  type Call,
  type SimulatedTables,
} from "#test/simulation/store/index.ts";
import { selfWindingClock } from "#test/simulation/store/self-winding-clock.ts";

describe("on a store whose replicas are one write behind", () => {
  leaseStoreContract("replicas", () => ({ store: stores().leases, pool: "p" }));
  scheduleStoreContract("replicas", () => ({ store: stores().schedules, pool: "p" }));
  requestStoreContract("replicas", () => ({ store: stores().requests, pool: "p" }));
});

function stores() {
  const clock = selfWindingClock();
  const meter = capacityMeter();
  const tables = withReplica(simulatedTables({ clock }), simulatedTables({ clock }));
  const client = simulatedClient({ tables, clock, network: perfectNetwork, random: () => 0.5 });
  const tools = { client, meter, clock };
  return {
    leases: dynamoLeaseStore({ ...tools, tableName: "leases" }),
    schedules: dynamoScheduleStore({ ...tools, tableName: "targets" }),
    requests: dynamoRequestStore({ ...tools, tableName: "leases" }),
  };
}

function withReplica(leader: SimulatedTables, replica: SimulatedTables): SimulatedTables {
  let newest: Call | undefined;
  return {
    ...leader,
    arrive(call, answer) {
      if (call.name === "GetItem" || call.name === "Query") {
        (call.input.ConsistentRead === true ? leader : replica).arrive(call, answer);
        return;
      }
      if (newest !== undefined) replica.arrive(newest, () => undefined);
      newest = call;
      leader.arrive(call, answer);
    },
  };
}
