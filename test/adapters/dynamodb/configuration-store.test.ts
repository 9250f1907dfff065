import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { configurationStoreContract } from "#test/contracts/configuration-store.contract.ts";
import { describeOnEngine } from "#test/support/on-engine.ts";

describeOnEngine("on the engine", (stores) => {
  configurationStoreContract("dynamodb", () => {
    const { engine, pool } = stores();
    const { client, tables } = engine;
    const options = {
      client,
      tableName: tables.leases,
      meter: capacityMeter(),
      clock: systemClock(),
    };
    return { store: dynamoConfigurationStore(options), pool };
  });
});
