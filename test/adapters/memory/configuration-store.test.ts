import { memoryConfigurationStore } from "#adapters/memory/configuration-store.ts";
import { configurationStoreContract } from "#test/contracts/configuration-store.contract.ts";

configurationStoreContract("memory", () => ({
  store: memoryConfigurationStore(),
  pool: "default",
}));
