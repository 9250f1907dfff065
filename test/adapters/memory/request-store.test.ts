import { memoryRequestStore } from "#adapters/memory/request-store.ts";
import { requestStoreContract } from "#test/contracts/request-store.contract.ts";

requestStoreContract("memory", () => ({ store: memoryRequestStore(), pool: "default" }));
