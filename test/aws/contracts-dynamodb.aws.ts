/** The stores' contract suites on two more engines than the local one: moto, and AWS's own. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe } from "vitest";
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { ensureTables } from "#adapters/dynamodb/tables.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { configurationStoreContract } from "#test/contracts/configuration-store.contract.ts";
import { leaseStoreContract } from "#test/contracts/lease-store.contract.ts";
import { requestStoreContract } from "#test/contracts/request-store.contract.ts";
import { scheduleStoreContract } from "#test/contracts/schedule-store.contract.ts";
import type { TestEngine } from "#test/support/engine.ts";
import { storesOn, type EngineStores } from "#test/support/on-engine.ts";
import { REGION } from "./environment.ts";
import { whatWeAreTold } from "./told.ts";

const CALL_WITHIN_MS = 30_000;

const { motoEndpoint, dynamoDbLocalPort } = whatWeAreTold();

describe("dynamodb on moto", () => {
  contracts(motoEndpoint);
});

describe.skipIf(dynamoDbLocalPort === undefined)("dynamodb on AWS's own DynamoDB Local", () => {
  contracts(`http://127.0.0.1:${dynamoDbLocalPort ?? 0}`);
});

function contracts(endpoint: string): void {
  const stores = storesAt(endpoint);
  leaseStoreContract("dynamodb", () => {
    const { leases, pool } = stores();
    return { store: leases, pool };
  });
  scheduleStoreContract("dynamodb", () => {
    const { schedules, pool } = stores();
    return { store: schedules, pool };
  });
  requestStoreContract("dynamodb", () => {
    const { requests, pool } = stores();
    return { store: requests, pool };
  });
  configurationStoreContract("dynamodb", () => {
    const { engine, pool } = stores();
    const store = dynamoConfigurationStore({
      client: engine.client,
      tableName: engine.tables.leases,
      meter: capacityMeter(),
      clock: systemClock(),
    });
    return { store, pool };
  });
}

/** Ours gives a call one second; a stand-in on a busy machine takes longer now and then. */
function patient(client: DynamoDBClient): DynamoDBClient {
  const { requestHandler } = client.config;
  if (!(requestHandler instanceof NodeHttpHandler)) throw new Error("it is another handler now");
  requestHandler.updateHttpClientConfig("requestTimeout", CALL_WITHIN_MS);
  requestHandler.updateHttpClientConfig("socketTimeout", CALL_WITHIN_MS);
  return client;
}

/** Fresh tables for the suite, a fresh pool for each test. */
function storesAt(endpoint: string): () => EngineStores {
  const suffix = crypto.randomUUID();
  const client = patient(dynamoClient({ endpoint, region: REGION }));
  const engine: TestEngine = {
    endpoint,
    client,
    tables: { leases: `leases-${suffix}`, targets: `targets-${suffix}` },
    stop: () => Promise.resolve(),
  };
  let pools = 0;
  beforeAll(() => ensureTables(client, engine.tables));
  afterAll(() => client.destroy());
  return () => {
    pools += 1;
    return storesOn(engine, `pool-${pools}`);
  };
}
