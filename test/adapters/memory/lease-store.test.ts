import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { leaseStoreContract } from "#test/contracts/lease-store.contract.ts";

leaseStoreContract("memory", () => ({ store: memoryLeaseStore(), pool: "default" }));
